# The gem: this folder's Ruby, and the library that build_gem.rb puts beside it.

require_relative "lib/witspan/version"

Gem::Specification.new do |spec|
  spec.name = "witspan"
  spec.version = Witspan::VERSION
  spec.summary = "Traces LLM applications, to Datadog LLM Observability or any receiver of its formats"
  spec.authors = ["witspan"]
  spec.license = "Apache-2.0"
  # `Fiddle::Function` without Ruby's lock, and `Symbol#name`.
  spec.required_ruby_version = ">= 3.1"
  spec.files = Dir.chdir(__dir__) { Dir["lib/**/*.rb", "lib/witspan/libwitspan.so", "README.md", "LICENSE"] }
  # With a library inside it is of this machine's kind only.
  spec.platform = Gem::Platform::CURRENT if spec.files.include?("lib/witspan/libwitspan.so")
end
