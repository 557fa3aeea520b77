# The application's values as JSON text that the core takes: within its bounds, whatever their code does.
#
# The text may hold what JSON cannot say, as wit/tracing.wit allows: `NaN`, infinities, integers of any
# length. Nothing is changed, and nothing but an interrupt leaves this.

require_relative "forms"
require_relative "native"

module Witspan
  module Values # :nodoc:
    # A text in UTF-8; what is not becomes U+FFFD. Bytes are read as UTF-8.
    def self.utf8(text)
      case text.encoding
      when Encoding::UTF_8 then text.valid_encoding? ? text : text.scrub("\u{FFFD}")
      when Encoding::BINARY, Encoding::US_ASCII
        text.dup.force_encoding(Encoding::UTF_8).scrub("\u{FFFD}")
      else text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace, replace: "\u{FFFD}")
      end
    rescue EncodingError
      # There is no way from this encoding to UTF-8.
      text.dup.force_encoding(Encoding::UTF_8).scrub("\u{FFFD}")
    end

    # What counts for a name, an app, a session or a model; nil for what is nothing.
    def self.plain(value)
      case value
      when String then value.encoding == Encoding::UTF_8 ? value : utf8(value)
      when Symbol, Numeric then value == 0 ? nil : utf8(value.to_s)
      when nil, false then nil
      else
        json = Writer.new.json(value)
        return if %w[{} [] "" null].include?(json)

        json.start_with?('"') ? JSON.parse(json) : json
      end
    end

    # The JSON text of any value.
    def self.json(value)
      quick(value) || Writer.new.json(value)
    end

    # An object of the members that are not nil.
    def self.object(members)
      members = members.compact
      quick(members) || Writer.new.object(members)
    end

    # By the generator of Ruby, in C, where all is plain data and within the bounds; else nil. Nearly all
    # values are, and for them the look and the generator together are four times as quick as ours.
    def self.quick(value)
      return unless PLAIN_CONTAINERS.include?(value.class)
      return if room(value, Writer::BYTES, Writer::DEPTH).negative?

      text = JSON.generate(value, GENERATED)
      text if text.bytesize <= Writer::BYTES
    rescue StandardError
      # A text that is not UTF-8. The writer finds out which one it is.
      nil
    end

    PLAIN_CONTAINERS = [Hash, Array].freeze
    GENERATED = { allow_nan: true, max_nesting: 100 }.freeze
    SCALARS = [Float, NilClass, TrueClass, FalseClass, Symbol].to_h { |c| [c, true] }.compare_by_identity.freeze
    # As how many bytes a value counts by itself: a cycle is noticed when the room or the depth is used up.
    VALUE_COST = 20

    # Bytes that are left of `room` behind a container of nothing but plain data; else less than 0. Keys and
    # elements of other classes, also of those that inherit from Ruby's, have code of their own.
    def self.room(container, room, depth)
      return -1 if depth.zero?

      if container.class == Hash
        container.each_pair do |key, value|
          return -1 unless key.class == Symbol || key.class == String

          room = room_of(value, room - key.size, depth)
          return -1 if room.negative?
        end
      else
        container.each do |value|
          room = room_of(value, room, depth)
          return -1 if room.negative?
        end
      end
      room
    end

    def self.room_of(value, room, depth)
      of = value.class
      if of == String then room - value.bytesize - VALUE_COST
      elsif of == Hash || of == Array then room(value, room - VALUE_COST, depth - 1)
      elsif SCALARS.key?(of) || (of == Integer && value.bit_length < Writer::MOST_BITS)
        room - VALUE_COST
      else -1
      end
    end
    private_class_method :quick, :room, :room_of

    # Writes one text.
    class Writer
      BOUNDS = Native::FAILURE ? Hash.new(0) : Native::BOUNDS
      STAND_INS = Native::FAILURE ? Hash.new("") : Native::STAND_INS
      DEPTH, VALUES, BYTES, TOGETHER, LEAST = BOUNDS.values_at(
        :walk_depth, :walk_values, :walk_bytes, :walk_bytes_together, :walk_bytes_least
      )
      TOO_MANY, CYCLIC, UNSERIALIZABLE, UNSERIALIZABLE_KEY, TOO_LARGE =
        %i[too_many cyclic unserializable unserializable_key too_large].map do |name|
          JSON.generate(STAND_INS[name])
        end
      # As how many values an object counts that code of its own, or of ours, has to read first.
      OBJECT_COST = 50
      # Bits of an integer with 4,300 digits, as many as Python gives: more take long.
      MOST_BITS = 14_284
      ESCAPED = /["\\\x00-\x1f]/.freeze
      # What may happen in the application's code; an interrupt goes on.
      TROUBLE = [StandardError, ScriptError, SystemStackError, NoMemoryError].freeze

      def initialize
        @out = String.new(capacity: 512, encoding: Encoding::UTF_8)
        # What is being walked, to notice one inside itself.
        @open = []
      end

      def json(value)
        begin_with(BYTES)
        value(value, 0)
        @out
      end

      def object(members)
        together = TOGETHER
        @out << "{"
        members.each do |name, part|
          next if part.nil?

          room = together < BYTES ? [together, LEAST].max : BYTES
          @out << "," if @out.bytesize > 1
          @out << JSON.generate(name.name) << ":"
          began = @out.bytesize
          begin_with(room)
          value(part, 0)
          together -= @out.bytesize - began
        end
        @out << "}"
      end

      private

      def begin_with(room)
        # Values that may still be walked, and where the text is to end.
        @left = VALUES
        @end = @out.bytesize + room
      end

      def full?
        @left <= 0 || @out.bytesize >= @end
      end

      def value(value, depth)
        @left -= 1
        # By class and not by `===`: a class of the application's own is walked as one.
        case value
        when String then text(value)
        when Integer then integer(value)
        when Hash then container(value, depth) { members(value, depth + 1) }
        when Array then container(value, depth) { items(value, depth + 1) }
        when nil then @out << "null"
        when true then @out << "true"
        when false then @out << "false"
        when Float then @out << value.to_s
        when Symbol then text(value.name)
        else container(value, depth) { form(value, depth + 1) }
        end
      end

      def integer(value)
        @out << (value.bit_length > MOST_BITS ? TOO_LARGE : value.to_s)
      end

      def text(text)
        text = Values.utf8(text) unless text.encoding == Encoding::UTF_8 && text.valid_encoding?
        room = @end - @out.bytesize
        return cut(text, room) if text.bytesize > room
        return @out << JSON.generate(text) if ESCAPED.match?(text)

        @out << '"' << text << '"'
      end

      # The core cuts a text before this.
      def cut(text, room)
        kept = text.byteslice(0, [room, 0].max).scrub("")
        @out << JSON.generate(kept)
        @out.chop!
        @out << '[cut]"'
      end

      # What its code raises stands in its place alone.
      def container(value, depth)
        return @out << CYCLIC if @open.any? { |each| each.equal?(value) }
        return @out << "[]" if depth >= DEPTH
        return @out << TOO_MANY if full?

        began = @out.bytesize
        around = @open.size
        @open << value
        begin
          yield
        rescue *TROUBLE
          @out.replace(@out.byteslice(0, began)) << UNSERIALIZABLE
        ensure
          @open.pop while @open.size > around
        end
      end

      def items(items, depth)
        @out << "["
        at = 0
        # By number: it may change meanwhile.
        while at < items.size
          @out << "," if at.positive?
          return @out << TOO_MANY << "]" if full?

          value(items[at], depth)
          at += 1
        end
        @out << "]"
      end

      def members(hash, depth)
        @out << "{"
        first = true
        hash.each_pair do |key, value|
          first ? first = false : @out << ","
          if full?
            @out << TOO_MANY << ":true"
            break
          end
          key(key)
          @out << ":"
          value(value, depth)
        end
        @out << "}"
      end

      def key(key)
        case key
        when String then text(key)
        when Symbol then text(key.name)
        when Integer then key.bit_length > MOST_BITS ? @out << TOO_LARGE : text(key.to_s)
        when Float, nil, true, false then text(key.nil? ? "null" : key.to_s)
        else
          said = Forms.of(key)
          said.is_a?(String) ? text(said) : @out << UNSERIALIZABLE_KEY
        end
      rescue *TROUBLE
        @out << UNSERIALIZABLE_KEY
      end

      def form(value, depth)
        @left -= OBJECT_COST
        said = Forms.of(value)
        case said
        when Hash, Array
          return @out << CYCLIC if @open.any? { |each| each.equal?(said) }

          @open << said
          said.is_a?(Hash) ? members(said, depth) : items(said, depth)
        else value(said, depth)
        end
      end
    end
  end
end
