# A span: one step of the application. It is open until `finish`, or until its block ends.

require_relative "failure"
require_relative "place"
require_relative "processor"
require_relative "times"
require_relative "values"

module Witspan
  class Span
    # Gives up a span that nobody holds any more, also one in a block of a fiber that never went on.
    class Abandon # :nodoc:
      def initialize(tracer, number)
        @tracer = tracer
        @number = number
      end

      def call(_)
        @tracer.abandon(@number)
      end
    end

    attr_reader :kind, :tracer, :number # :nodoc:

    def initialize(tracer, number, kind, finished: false) # :nodoc:
      @tracer = tracer
      @number = number
      @kind = kind
      @finished = finished
      # One that is not kept has nothing to give up.
      @watched = !finished && number != 0
      ObjectSpace.define_finalizer(self, Abandon.new(tracer, number)) if @watched
    end

    # Adds `input:`, `output:`, `metadata:`, `metrics:`, `tags:`, `prompt:`, `tool_definitions:`, `agent:`,
    # `cost_tags:`, `links:`, `intent:`, `integration:`. Input, output and tool definitions are replaced by
    # each call, the others are merged or added. Raises ArgumentError, and keeps nothing, for a wrong one.
    def annotate(**members)
      return self unless @tracer

      @has_output ||= members.key?(:output) || members.key?(:output_stream)
      @tracer.annotate(@number, Values.object(members))
      self
    end

    # Whether `annotate` was given an output.
    def output?
      @has_output || false
    end

    # Ends the span, at a Time or at nanoseconds since 1970; now, if not given. With an error it has failed.
    # A second call changes nothing.
    def finish(error: nil, end_time: nil)
      return self if @finished || !@tracer

      ends = end_time.nil? ? 0 : Times.nanoseconds("end_time", end_time)
      @finished = true
      ObjectSpace.undefine_finalizer(self) if @watched
      failure = Failure.of(error) if error
      if @tracer.processor then Processor.guarded { ended(ends, failure) }
      else ended(ends, failure)
      end
      Runtime.look
      self
    end

    # Gives the span up: it is counted as unfinished, and not sent.
    def abandon
      return self if @finished || !@tracer

      @finished = true
      ObjectSpace.undefine_finalizer(self) if @watched
      @tracer.abandon(@number)
      self
    end

    def finished?
      @finished
    end

    # Has a block run with this span as the current one; it goes on afterwards. Returns the block's value.
    def activate(&block)
      return yield self unless @tracer

      Place.within(Place.of_span(self, Place.here)) { block.call(self) }
    end

    # The ids as they are sent: `span_id` decimal, `trace_id` hexadecimal. nil while tracing is off.
    def ids
      @tracer&.ids(@number)
    end

    # What is known of it: kind, name while it is open, ids, parent_id unless it is a root.
    def info
      @tracer&.info(@number)&.transform_keys(&:to_sym)
    end

    def start_time
      start, = @tracer&.times(@number)
      Time.at(0, start, :nsec) if start
    end

    # Seconds; nil while it is open.
    def duration
      _, length = @tracer&.times(@number)
      length && length / 1e9
    end

    def inspect
      "#<Witspan::Span #{kind} #{@finished ? "finished" : "open"}>"
    end

    private

    def ended(ends, failure)
      failure ? @tracer.fail(@number, ends, *failure) : @tracer.finish(@number, ends)
    end

    # The span that does nothing: tracing is off.
    OFF = new(nil, 0, nil)
  end
end
