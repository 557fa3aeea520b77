# The application's processor: it sees each span before it is sent, to redact, change or drop it.
#
# The library calls it on the thread that finishes a span. Nothing may leave it but by a return: no exception,
# no `throw`, no `Thread#kill`, since the frames of the library are in between.

require_relative "native"
require_relative "values"

module Witspan
  # What a processor is given: a finished span. It gives it back, changed or not; `nil` drops the span.
  class Event
    # The whole span: a Hash with texts as keys. `name`, `input`, `output` (each with `messages`, `documents` or
    # `value`), `metadata`, `tags`, `tool_definitions` and `error` may be changed or removed; the rest is there to
    # read.
    attr_reader :members

    def initialize(members) # :nodoc:
      @members = members
    end

    def [](name)
      @members[name.to_s]
    end

    def []=(name, value)
      @members[name.to_s] = value
    end

    # Replaces each text of input and output, at any depth, by what the block gives for it.
    def redact(&block)
      %w[input output].each do |side|
        @members[side] = replaced(@members[side], &block) if @members.key?(side)
      end
      self
    end

    private

    def replaced(value, &block)
      case value
      when Hash then value.transform_values { |each| replaced(each, &block) }
      when Array then value.map { |each| replaced(each, &block) }
      when String then block.call(value)
      else value
      end
    end
  end

  class Processor # :nodoc:
    KEEP, REPLACE, DROP, REJECT = 0, 1, 2, 3
    # What it may take; then the span is sent without its content.
    LIMIT_NS = 1_000_000_000

    # The function in C: it is to be held as long as its tracer.
    attr_reader :function

    def initialize(callable)
      @callable = callable
      types = [Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP, Fiddle::TYPE_SIZE_T, Fiddle::TYPE_VOIDP]
      @function = Fiddle::Closure::BlockCaller.new(Fiddle::TYPE_INT, types) do |_, event, length, reply|
        answer(event[0, length], reply)
      end
    end

    # Makes a call that may come to a processor: what interrupts this thread meanwhile, does so afterwards.
    def self.guarded(&block)
      result = Thread.handle_interrupt(Object => :never, &block)
      pending = Thread.current[:witspan_pending]
      return result unless pending

      # A signal's exception, which is not held off.
      Thread.current[:witspan_pending] = nil
      raise pending
    end

    private

    def answer(text, reply)
      result = REJECT
      result = process(text.force_encoding(Encoding::UTF_8), reply)
    rescue StandardError, ScriptError, SystemStackError, NoMemoryError
      # The library counts it, and says so once.
      result = REJECT
    rescue Exception => e # rubocop:disable Lint/RescueException
      Thread.current[:witspan_pending] = e
      result = REJECT
    ensure
      # Also a `throw` ends here.
      return result # rubocop:disable Lint/EnsureReturn
    end

    def process(text, reply)
      said = @callable.call(Event.new(JSON.parse(text, max_nesting: false)))
      return DROP if said.nil?

      changed = said.is_a?(Event) ? Values.json(said.members) : "no event"
      return KEEP if changed == text

      Native::REPLY_SET.call(reply, changed, changed.bytesize)
      REPLACE
    end
  end
end
