# Every case of the conformance suite through the gem, in both formats, against a real HTTP receiver.
#
# `README.md` two folders up describes the cases, and the report that this leaves. WITSPAN_LIBRARY is by default
# what `just c` built. Names of cases as arguments run these alone, without a report.

require "fileutils"
require "json"

SUITE = File.expand_path("../..", __dir__)
ROOT = File.expand_path("../..", SUITE)
ENV["WITSPAN_LIBRARY"] ||= "#{ROOT}/target/c/libwitspan.so"
$LOAD_PATH.unshift(__dir__, "#{ROOT}/bindings/ruby/lib")

require "receiver"
require "subject"

FORMS = %w[public-api sdk-intake].freeze
# The headers that the core names; the host's own are not the suite's business.
NAMED = %w[content-type x-datadog-evp-subdomain].freeze

POLLS = "the worker polls by itself, in real time, and the suite's clock stands"
RATE = "the plan reports a wrong rate and gives the core the default"
# What this runner cannot do, and why; a case of these that passes is a failure.
GAPS = {
  **%w[
    batching-due-by-age batching-age-of-the-first batching-age-is-set batching-full-is-due
    batching-open-parent-delays-nothing batching-evaluations-by-age batching-queue-is-free-again retry-ids-stay
  ].to_h { |name| [name, POLLS] },
  **%w[sampling-rate-too-high sampling-rate-negative].to_h { |name| [name, RATE] }
}.freeze
# Of `setup` the library gives the tables; the other calls are the Rust host's, whose runner asks them.
TABLES = %w[names variables].freeze

def read(folder)
  chapters = Dir["#{SUITE}/#{folder}/*.json"].sort.map { |path| JSON.parse(File.read(path)) }
  count = chapters.sum { |chapter| chapter["cases"].size }
  # The number stands beside the cases, so that an empty or half-read folder cannot pass.
  abort("#{folder}: #{count} cases are not those of COUNT") unless count == File.read("#{SUITE}/#{folder}/COUNT").to_i
  chapters
end

def check(one, form)
  receiver = Receiver.new(one.fetch("answers", []))
  subject = Subject.new(one, form, receiver.url)
  subject.run
  got = receiver.got.map do |request|
    { "path" => request.path, "headers" => request.headers.slice(*NAMED), "body" => request.body }
  end
  raise Subject::Wrong, "requests differ\n#{one["requests"][form]}\n#{got}" unless got == one["requests"][form]
  raise Subject::Wrong, "counters are #{subject.counters}" unless subject.counters == one["statistics"]
ensure
  subject&.close
  receiver&.close
end

def table(name)
  library = Fiddle.dlopen(Witspan::Native::PATH)
  Witspan::Native.taken(Fiddle::Function.new(library["witspan_#{name}"], [], Fiddle::TYPE_VOIDP).call)
end

# What became of a case: "passed", "failed" or "gaps"; and why it failed.
def found(one)
  if one.key?("call")
    return "gaps" unless TABLES.include?(one["call"])

    return table(one["call"]) == one["gives"] ? "passed" : ["failed", "the table differs"]
  end
  FORMS.each { |form| check(one, form) }
  GAPS.key?(one["name"]) ? ["failed", "the gap has closed: take it off"] : "passed"
rescue StandardError, NotImplementedError => e
  GAPS.key?(one["name"]) ? "gaps" : ["failed", "#{e.class}: #{e.message}"]
end

Witspan.logger = Logger.new(nil)
sums = Hash.new(0)
lines = (read("cases") + read("setup")).map do |chapter|
  counts = { "passed" => 0, "failed" => 0, "gaps" => 0 }
  chapter["cases"].each do |one|
    next unless ARGV.empty? || ARGV.include?(one["name"])

    result, why = found(one)
    warn "#{one["name"] || one["call"]}: #{why}" if why
    counts[result] += 1
    sums[result] += 1
  end
  { "chapter" => chapter["chapter"], **counts }
end
if ARGV.empty?
  FileUtils.mkdir_p("#{ROOT}/target/conformance")
  report = JSON.pretty_generate({ "runner" => "ruby", "chapters" => lines })
  File.write("#{ROOT}/target/conformance/ruby.json", "#{report}\n")
end
puts "ruby: #{sums.values.sum} cases, passed #{sums["passed"]}, failed #{sums["failed"]}, gaps #{sums["gaps"]}"
exit(sums["failed"].zero?)
