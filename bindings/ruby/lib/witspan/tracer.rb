# A tracer of the library: each of its functions with Ruby's texts and errors, and no decision of its own.

require_relative "native"
require_relative "values"

module Witspan
  class Tracer # :nodoc:
    # How long a call that blocks is not interrupted: Ruby looks for signals and `Thread#kill` between.
    SLICE_NS = 100_000_000
    NANOSECONDS = 1_000_000_000
    MOST_NS = (2**64) - 1
    ROOT, CURRENT, CHILD_OF = 0, 1, 2
    OPTIONS = {
      session_id: 1, ml_app: 2, model_name: 3, model_provider: 4, start_ns: 5, context: 6, remote: 7
    }.freeze
    OK, OFF, TIMED_OUT = 0, 7, 9

    # The tracer of these settings, names of docs/configuration.md or of the environment with their texts;
    # nil where it cannot start, which `trouble` is told. `recorder` keeps all in memory, `fixed_clock` stands.
    def self.start(settings, tags: {}, language: "ruby", recorder: nil, fixed_clock: nil, &trouble)
      config = recorder || fixed_clock ? Native::CONFIG_NEW.call : Native::CONFIG_FROM_ENV.call
      settings.each { |name, value| Native::CONFIG_SET.call(config, *sized(name), *sized(value)) }
      tags.each { |name, value| Native::CONFIG_TAG.call(config, *sized(name), *sized(value)) }
      Native::CONFIG_LANGUAGE.call(config, *sized(language))
      Native::CONFIG_RECORDER.call(config, recorder) if recorder
      Native::CONFIG_FIXED_CLOCK.call(config, fixed_clock, 1) if fixed_clock
      # Threads of the library may not call Ruby.
      Native::CONFIG_KEEP_DIAGNOSTICS.call(config)
      message = Native.place
      pointer = Native::TRACER_START.call(config, message)
      return new(pointer, recorder) unless pointer.null?

      trouble&.call(Native.text_at(message))
      nil
    ensure
      Native::CONFIG_FREE.call(config) if config
    end

    # A text and its bytes, as functions take them.
    def self.sized(text)
      text = Values.utf8(text.to_s)
      [text, text.bytesize]
    end

    def initialize(pointer, recorder)
      # Freed when nobody holds the tracer any more: no span, and no thread that waits in it.
      @owned = Fiddle::Pointer.new(pointer.to_i, 0, Native::FREE_TRACER)
      @pointer = pointer.to_i
      @recorder = recorder
      @ended = false
    end

    def on?
      Native::IS_ON.call(@pointer) == 1
    end

    # Whether it was shut down.
    def ended?
      @ended
    end

    attr_reader :processor

    # What the settings meant; empty if nothing is traced.
    def plan
      @plan ||= JSON.parse(Native.taken(Native::PLAN.call(@pointer)) || "{}")
    end

    # A span below what is given, without options; 0 if it is not kept. The quick way.
    def start(kind, belongs, parent, name)
      # Fiddle takes no NUL there.
      return start_with(kind, belongs, parent, name, []) if name&.include?("\0")

      Native::START.call(@pointer, kind, belongs, parent, name, name ? name.bytesize : 0)
    end

    # The same with pairs of an option and a text or a number. Raises ArgumentError.
    def start_with(kind, belongs, parent, name, options)
      texts = options.map { |_, value| value unless value.is_a?(Integer) }.join
      # Pointer and texts stay where they are until the call is over, also where Ruby compacts its memory.
      pinned = Fiddle::Pointer[texts]
      at = pinned.to_i
      words = options.flat_map do |option, value|
        next [option, 0, value] if value.is_a?(Integer)

        [option, at, value.bytesize].tap { at += value.bytesize }
      end
      packed = words.pack("Q*")
      span, message = Native.place, Native.place
      code = Native::START_WITH.call(
        @pointer, kind, belongs, parent, name, name ? name.bytesize : 0, packed, options.size, span, message
      )
      Native.check(code, message)
      Native.number_at(span)
    end

    # Returns the code of a result. Raises ArgumentError.
    def annotate(span, json)
      message = Native.place
      Native.check(Native::ANNOTATE.call(@pointer, span, json, json.bytesize, message), message)
    end

    def finish(span, end_ns)
      Native::FINISH.call(@pointer, span, end_ns)
    end

    def fail(span, end_ns, message, type, stack)
      texts = [message, type, stack].flat_map { |text| Tracer.sized(text) }
      Native::FAIL.call(@pointer, span, end_ns, *texts)
    end

    def abandon(span)
      Native::ABANDON.call(@pointer, span)
    end

    # Records a span that is over; its number. Raises ArgumentError.
    def record(json)
      span, message = Native.place, Native.place
      Native.check(Native::RECORD.call(@pointer, json, json.bytesize, span, message), message)
      Native.number_at(span)
    end

    # The ids as they are sent; nil if there are none.
    def ids(span)
      span_id, trace_id = Native.place, Native.place
      return unless Native::IDS.call(@pointer, span, span_id, trace_id).zero?

      { span_id: Native.text_at(span_id), trace_id: Native.text_at(trace_id) }
    end

    def info(span)
      text = Native.asked(Native::INFO, @pointer, span)
      JSON.parse(text) if text
    end

    # Start and duration in nanoseconds; the duration is nil while the span is open.
    def times(span)
      start, duration = Native.place, Native.place
      return unless Native::TIMES.call(@pointer, span, start, duration).zero?

      length = Native.number_at(duration)
      [Native.number_at(start), length == MOST_NS ? nil : length]
    end

    # These four take a JSON text and raise ArgumentError.
    def check_context(json)
      with_message(Native::CHECK_CONTEXT, json)
    end

    def evaluate(json)
      with_message(Native::EVALUATE, json)
    end

    def feedback(json)
      with_message(Native::FEEDBACK, json)
    end

    # The remote context in lines of headers. Raises ArgumentError if they contain no trace.
    def extract(headers)
      remote, message = Native.place, Native.place
      Native.check(Native::EXTRACT.call(@pointer, headers, headers.bytesize, remote, message), message)
      Native.text_at(remote)
    end

    # The headers to set, of a request with these lines of headers; nil if there are none.
    def inject(span, headers)
      text = Native.asked(Native::INJECT, @pointer, span, headers, headers.bytesize)
      text&.each_line(chomp: true)&.to_h { |line| line.split(": ", 2) }
    end

    def remote_of(span)
      Native.asked(Native::REMOTE_OF, @pointer, span)
    end

    # Counts an annotation without a span, or an argument that was changed; the first is a diagnostic.
    def misplaced(why)
      Native::MISPLACED.call(@pointer, why, why.bytesize)
    end

    def changed(why)
      Native::CHANGED.call(@pointer, why, why.bytesize)
    end

    # What sees each span that finishes: a Processor, or nil.
    def processor=(processor)
      @processor = processor
      # Also those before stay: a thread may be in one.
      (@processors ||= []) << processor
      Native::SET_PROCESSOR.call(@pointer, processor&.function, nil, Processor::LIMIT_NS)
    end

    # Waits until all is sent: the code, delivered and dropped spans.
    def flush(timeout_ns)
      deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) + timeout_ns
      delivered = dropped = 0
      loop do
        left = deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
        code, *counts = blocking(Native::FLUSH, left.clamp(0, SLICE_NS))
        delivered += counts[0]
        dropped += counts[1]
        return [code, delivered, dropped] if code != TIMED_OUT || left <= SLICE_NS
      end
    end

    # Sends what it can within that time, and ends the tracer.
    def shutdown(timeout_ns)
      return [OK, 0, 0] if @ended

      _, delivered, dropped = flush(timeout_ns)
      @ended = true
      code, more, lost = blocking(Native::SHUTDOWN, 0)
      [code, delivered + more, dropped + lost]
    end

    def advance(nanoseconds)
      Native::ADVANCE.call(@pointer, nanoseconds)
    end

    def statistics
      JSON.parse(Native.taken(Native::STATISTICS.call(@pointer)) || "{}")
    end

    # Those since the last call: hashes with level, code and message.
    def diagnostics
      JSON.parse(Native.taken(Native::DIAGNOSTICS.call(@pointer)) || "[]")
    end

    private

    def with_message(function, json)
      message = Native.place
      Native.check(function.call(@pointer, json, json.bytesize, message), message)
    end

    def blocking(function, timeout_ns)
      delivered, dropped = Native.place, Native.place
      code = function.call(@pointer, timeout_ns, delivered, dropped)
      [code, Native.number_at(delivered), Native.number_at(dropped)]
    end
  end
end
