# Traces LLM applications: spans of what a program does, to Datadog LLM Observability or any receiver of
# its formats.
#
#   Witspan.start(ml_app: "my-app")
#   Witspan.llm("ask", model: "gpt-5", provider: "openai") do |span|
#     span.annotate(input: "Why?", output: "Therefore.")
#   end
#
# While tracing is off every call does nothing, and blocks run. Nothing here raises but
# Witspan::ArgumentError, for a programmer's own wrong argument.

require_relative "witspan/errors"
require_relative "witspan/runtime"
require_relative "witspan/span"
require_relative "witspan/starting"
require_relative "witspan/services"
require_relative "witspan/stream"
require_relative "witspan/traced"
require_relative "witspan/version"

module Witspan
  autoload :Rack, "#{__dir__}/witspan/rack"
  autoload :Recorder, "#{__dir__}/witspan/recorder"

  class << self
    # Turns tracing on. Settings are those of docs/configuration.md, by the names in code: `ml_app:`,
    # `service:`, `env:`, `api_key:`, `site:`, `agentless_enabled:`, `sample_rate:` and so on; what the
    # environment says counts for the others. `tags:` are of every span. `processor:` is as for `processor`.
    # Returns whether anything is traced.
    def start(tags: {}, processor: nil, **settings)
      unless tags.is_a?(Hash)
        raise ArgumentError, "`tags` is of class #{tags.class}; accepted: a Hash"
      end

      Runtime.start(settings, tags: tags, processor: processor)
      on?
    end

    # Whether anything is traced.
    def on?
      !Runtime.tracer.nil?
    end

    # Where diagnostics go, one line each: a Logger. By default lines on stderr.
    def logger=(logger)
      Runtime.logger = logger
    end

    # Has a block see every span before it is sent: it gets an Event and gives it back, or nil to drop the
    # span. If it raises, gives anything else or takes longer than 1 s, the span is sent without its content.
    # Without a block there is no processor any more.
    def processor(&block)
      Runtime.processor = block
      nil
    end

    # Sends what has finished, and waits for that; by default 10 seconds. Says what became of it.
    def flush(timeout: nil)
      Runtime.flush(timeout)
    end

    # The same, and turns tracing off. At the end of the program this happens by itself.
    def shutdown(timeout: nil)
      Runtime.shutdown(timeout)
    end

    # All counters, as a Hash; empty while tracing is off.
    def statistics
      Runtime.tracer ? Runtime.tracer.statistics : {}
    end
  end
end
