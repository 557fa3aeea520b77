# What a span costs the application's thread, in all and by its parts: `ruby bindings/ruby/bench.rb`, after `just c`.
#
# Best and median of nine rounds, with spans in memory; the annotation is that of every bench of this repository.

root = File.expand_path("../..", __dir__)
ENV["WITSPAN_LIBRARY"] ||= "#{root}/target/c/libwitspan.so"
$LOAD_PATH.unshift("#{__dir__}/lib")
require "witspan"

$stdout.sync = true
ROUNDS = 9
TIMES = 4_000
ANNOTATION = JSON.parse(File.read("#{root}/benches/annotation.json"), symbolize_names: true)

def measure(what)
  rounds = Array.new(ROUNDS) do
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    TIMES.times { yield }
    (Process.clock_gettime(Process::CLOCK_MONOTONIC) - began) / TIMES * 1e6
  end.sort
  puts format("%-44s %6.1f µs, median %6.1f", what, rounds.first, rounds[ROUNDS / 2])
end

Witspan::Recorder.record(most_bytes: 1_000_000_000) do
  tracer = Witspan::Runtime.tracer
  text = Witspan::Values.object(ANNOTATION)
  measure("start and finish") { Witspan.task("ask") {} }
  measure("start, annotate and finish") do
    Witspan.llm("ask", model: "gpt-4o", provider: "openai") { |span| span.annotate(**ANNOTATION) }
  end
  measure("its values as JSON") { Witspan::Values.object(ANNOTATION) }
  measure("JSON.generate of them") { JSON.generate(ANNOTATION) }
  measure("the three calls of the library") do
    span = tracer.start(0, Witspan::Tracer::ROOT, 0, "ask")
    tracer.annotate(span, text)
    tracer.finish(span, 0)
  end
  # What finished is of no use to anybody.
  exit!
end
