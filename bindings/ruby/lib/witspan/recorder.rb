# Tests of an application's own spans: they stay in memory, and nothing leaves the process.

require_relative "../witspan"
require_relative "recorded"

module Witspan
  # The spans that have finished in a block, by their start:
  #
  #   Witspan::Recorder.record do |spans|
  #     answer("Why?")
  #     assert_equal "answer", spans["ask"].parent.name
  #   end
  #
  # Neither the environment counts there, nor a tracer that was started before, nor what is current outside;
  # `Witspan.start` inside applies its settings and its processor, and still nothing is sent.
  class Recorder
    include Enumerable

    # Not exactly one span is of the name that was asked for; the text shows those there are.
    class NoSuchSpan < IndexError; end

    # Reading waits for what has just finished; memory answers in milliseconds.
    PATIENCE = 10

    # Records what is traced in a block, which is given the recorder, and returns what the block gives.
    # `most_bytes` bounds what is kept. The recorder can be read afterwards, too.
    def self.record(most_bytes: 64_000_000, **settings)
      raise ArgumentError, Native::FAILURE if Native::FAILURE

      recorder = new(most_bytes)
      Place.within(nil) do
        Runtime.replaced_by(nil, recorder.memory) do
          Witspan.start(ml_app: "test", **settings)
          yield recorder
        ensure
          # Also what nobody has looked at yet is recorded.
          recorder.close
        end
      end
    end

    attr_reader :memory # :nodoc:

    def initialize(most_bytes) # :nodoc:
      @memory = Fiddle::Pointer.new(Native::RECORDER_NEW.call(most_bytes).to_i, 0, Native::FREE_RECORDER)
      @read = -1
      @closed = false
    end

    # A span by its place, or the only one of a name; raises NoSuchSpan.
    def [](which)
      return spans[which] if which.is_a?(Integer)

      found = find_all { |span| span.name == which.to_s }
      return found.first if found.one?

      raise NoSuchSpan, "#{found.empty? ? "no" : found.size} spans are named `#{which}`; recorded:\n#{tree}"
    end

    def each(&block)
      spans.each(&block)
    end

    def size
      spans.size
    end

    def empty?
      spans.empty?
    end

    # The spans without a parent here.
    def roots
      select { |span| span.parent.nil? }
    end

    # All traces as text, a line for each span, with its kind, model and error.
    def tree
      roots.map(&:tree).join("\n")
    end

    # Evaluations and feedbacks, as they would be sent.
    def evaluations
      spans
      @evaluations
    end

    # How many spans have started and not finished.
    def open_spans
      @closed ? 0 : Witspan.statistics.fetch("open", 0)
    end

    # Forgets what has finished so far.
    def clear
      Witspan.flush(timeout: PATIENCE) unless @closed
      Native::RECORDER_CLEAR.call(@memory)
      @read = -1
    end

    def close # :nodoc:
      Runtime.shutdown(PATIENCE)
      @closed = true
    end

    private

    def spans
      Witspan.flush(timeout: PATIENCE) unless @closed
      refused = Native::RECORDER_REFUSED.call(@memory)
      # So that no test passes for want of spans.
      raise ArgumentError, "#{refused} spans did not fit: give the recorder more `most_bytes`" if refused.positive?

      count = Native::RECORDER_COUNT.call(@memory)
      return @spans if count == @read

      bodies = Array.new(count) { |at| Native.taken(Native::RECORDER_BODY.call(@memory, at)) }
      @spans, @evaluations = Recorded.read(bodies)
      @read = count
      @spans
    end
  end
end
