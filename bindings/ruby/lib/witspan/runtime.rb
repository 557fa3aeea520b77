# The one tracer of the process: how it starts, what it says, and how it ends with the program.

require "logger"
require "monitor"
require_relative "native"
require_relative "processor"
require_relative "times"
require_relative "tracer"

module Witspan
  # What became of the spans that a flush waited for.
  Flushed = Struct.new(:settled, :delivered, :dropped)

  module Runtime # :nodoc:
    # How often spans that finish look whether there is something to say.
    LOOK_SECONDS = 1.0
    # What memory may take to answer.
    PATIENCE_NS = 10_000_000_000
    LOCK = Monitor.new

    @tracer = nil
    @next_look = 0.0
    @hooked = false

    class << self
      attr_reader :tracer
      attr_writer :logger
      # A recorder that has taken the place of the network.
      attr_accessor :recorder

      def logger
        @logger ||= Logger.new($stderr, progname: "witspan", formatter: ->(_, _, name, text) { "#{name}: #{text}\n" })
      end

      def start(settings, tags:, processor:)
        LOCK.synchronize do
          return again(settings) if @tracer && !recorder
          return say("error", Native::FAILURE) if Native::FAILURE

          begin_with(settings, tags, processor)
        end
      end

      # Has this tracer be the process's until the block ends.
      def replaced_by(tracer, recorder)
        before = [@tracer, @recorder]
        @tracer, @recorder = tracer, recorder
        yield
      ensure
        @tracer, @recorder = before
      end

      def processor=(callable)
        @tracer&.processor = callable && Processor.new(callable)
      end

      def flush(timeout)
        tracer = @tracer
        return Flushed.new(true, 0, 0) unless tracer

        ns = timeout.nil? ? tracer.plan.fetch("flush_timeout_ns", 0) : Times.timeout("timeout", timeout)
        settled(tracer, tracer.flush(ns))
      end

      def shutdown(timeout)
        tracer = LOCK.synchronize { @tracer.tap { @tracer = nil } }
        return Flushed.new(true, 0, 0) unless tracer

        ns = timeout.nil? ? tracer.plan.fetch("exit_timeout_ns", 0) : Times.timeout("timeout", timeout)
        settled(tracer, tracer.shutdown(ns))
      end

      # Says what there is to say, now and then.
      def look
        now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        return if now < @next_look

        @next_look = now + LOOK_SECONDS
        say_all(@tracer)
      end

      def say_all(tracer)
        tracer&.diagnostics&.each { |each| say(each["level"], each["message"]) }
      end

      # A line of the log. Nothing of a logger's own trouble reaches the application.
      def say(level, message)
        level == "error" ? logger.error(message) : logger.warn(message)
        nil
      rescue StandardError
        nil
      end

      private

      def begin_with(settings, tags, processor)
        given = settings.compact.transform_values { |value| value.is_a?(String) ? value : Values.plain(value) || value.to_s }
        tags = tags.transform_values { |value| Values.plain(value) || value.to_s }
        tracer = Tracer.start(given, tags: tags, recorder: recorder) { |why| say("error", why) }
        return unless tracer

        say_all(tracer)
        return unless tracer.on?

        tracer.processor = Processor.new(processor) if processor
        at_the_end
        # Of a recorder, in which a start follows another.
        @tracer&.shutdown(PATIENCE_NS)
        @tracer = tracer
      end

      def again(settings)
        named = settings.keys.map { |name| "`#{name}`" }.join(", ")
        more = named.empty? ? "" : "; of what it was given, #{named}, nothing counts"
        say("warning", "`start` was called again, and the first tracer goes on#{more}")
      end

      # Ruby makes exceptions of SIGINT, SIGTERM and SIGHUP, so that they, too, come here.
      def at_the_end
        return if @hooked || recorder

        @hooked = true
        at_exit { shutdown(nil) }
      end

      def settled(tracer, result)
        say_all(tracer)
        code, delivered, dropped = result
        Flushed.new(code != Tracer::TIMED_OUT, delivered, dropped)
      end
    end
  end
end
