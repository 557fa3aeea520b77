# A stream that a span lasts as long as: what it gives is the span's output.

require_relative "place"
require_relative "values"

module Witspan
  # Gives what the source gives, once. The span is current while the source's own code runs, and not for who reads.
  # It ends when the stream ends, fails, is left or closed.
  class Stream
    include Enumerable

    def initialize(span, source) # :nodoc:
      @span = span
      @source = source
      @kept = Kept.new
    end

    def each(&block)
      return to_enum(:each) unless block
      return @source.each(&block) unless @span.tracer

      before = Place.held
      inside = Place.of_span(@span, Place.here)
      begin
        Place.held = inside
        @source.each do |item|
          @kept.add(item)
          Place.within(before) { block.call(item) }
        end
      rescue Exception => e # rubocop:disable Lint/RescueException
        ended(e)
        raise
      ensure
        Place.held = before
        ended(nil)
      end
    end

    # For a Rack body: a reader that goes away.
    def close
      @source.close if @source.respond_to?(:close)
    ensure
      ended(nil)
    end

    private

    def ended(error)
      return if @span.finished?

      @span.annotate(output_stream: @kept.said) if @kept.any? && !@span.output?
      @span.finish(error: error)
    end

    # The items, within the bounds of the core.
    class Kept # :nodoc:
      MOST = Native::FAILURE ? 0 : Native::BOUNDS[:stream_bytes]

      def initialize
        @items = []
        @size = 0
        @missing = 0
        @list = false
        # The beginning of a character whose other bytes have not come yet.
        @torn = nil
      end

      def any?
        !@items.empty? || @missing.positive? || !@torn.nil?
      end

      # Now, since the item may change before the stream ends.
      def add(item)
        text = item.is_a?(String) ? whole(item) : Values.json(item)
        # What is kept has no holes.
        return @missing += 1 if @missing.positive? || @size + text.bytesize > MOST

        @list ||= !item.is_a?(String)
        @size += text.bytesize
        @items << (item.is_a?(String) ? text.dup : JSON.parse(text, max_nesting: false, allow_nan: true))
      end

      def said
        @items << @torn if @torn
        { items: @items, list: @list, missing: @missing }
      end

      private

      # Bytes may break a character in two.
      def whole(text)
        return Values.utf8(text) if @torn.nil? && text.encoding == Encoding::UTF_8 && text.valid_encoding?
        return Values.utf8(text) unless [Encoding::UTF_8, Encoding::BINARY].include?(text.encoding)

        bytes = "#{@torn&.b}#{text.b}".b
        tail = bytes[/[\xC2-\xF4][\x80-\xBF]{0,2}\z/n]
        torn = tail && tail.bytesize < length_of(tail.getbyte(0))
        @torn = torn ? tail : nil
        Values.utf8(torn ? bytes.byteslice(0, bytes.bytesize - tail.bytesize) : bytes)
      end

      def length_of(first)
        return 2 if first < 0xE0

        first < 0xF0 ? 3 : 4
      end
    end
  end

  class << self
    # What `source` gives, an object with `each`, as the output of a span that ends with it. Texts are joined.
    def stream(span, source)
      Stream.new(span, source)
    end
  end
end
