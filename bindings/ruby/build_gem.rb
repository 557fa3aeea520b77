# Builds the gem into target/ruby, with the library that `just c` built: `ruby bindings/ruby/build_gem.rb`.
#
# What goes in is put together in a folder of its own, so that the checkout stays as it is.

require "fileutils"
require "tmpdir"

here = __dir__
root = File.expand_path("../..", here)
library = ENV.fetch("WITSPAN_LIBRARY", "#{root}/target/c/libwitspan.so")
abort "#{library} is not there: `just c` builds it" unless File.file?(library)
out = File.expand_path(ARGV.fetch(0, "#{root}/target/ruby"))
FileUtils.mkdir_p(out)

Dir.mktmpdir do |folder|
  FileUtils.cp_r(["#{here}/lib", "#{here}/README.md", "#{here}/witspan.gemspec"], folder)
  FileUtils.cp("#{root}/LICENSE", folder)
  FileUtils.cp(library, "#{folder}/lib/witspan/libwitspan.so")
  gem = File.join(File.dirname(RbConfig.ruby), "gem")
  system(gem, "build", "--silent", "witspan.gemspec", chdir: folder, exception: true)
  FileUtils.mv(Dir["#{folder}/*.gem"], out)
end
puts Dir["#{out}/*.gem"].max_by { |path| File.mtime(path) }
