# Makes a span of each call of a method.
#
#   class Shop
#     extend Witspan::Traced
#     traced def price(article) = ARTICLES.fetch(article)
#   end

require_relative "starting"

module Witspan
  module Traced
    # Kinds whose arguments, and whose result, are captured: a call of a model has more to say than these.
    INPUT = %i[workflow agent tool task retrieval].freeze
    OUTPUT = %i[workflow agent tool task llm].freeze

    # Has each call of these methods be a span, of the method's name unless it is given. Its arguments by their
    # parameters are the input and its result the output, as far as the kind has them and the method annotates none
    # itself; `capture: false` leaves both out. Options are those of `Witspan.span`. Returns the method's name.
    def traced(*methods, kind: :task, name: nil, capture: true, **options)
      unless (INPUT | OUTPUT | [:embedding]).include?(kind)
        raise ArgumentError, "`#{kind}` is no kind; accepted: #{(INPUT | OUTPUT | [:embedding]).join(", ")}"
      end

      methods.each do |method|
        call = Call.new(kind, name || method.name, options, capture, instance_method(method))
        Traced.replace(self, method, call)
      end
      methods.one? ? methods.first : methods
    end

    def self.replace(owner, method, call) # :nodoc:
      hidden = %i[private protected].find { |each| owner.public_send("#{each}_method_defined?", method) }
      # With another name it is redefined without a warning.
      owner.send(:alias_method, method, method)
      owner.send(:define_method, method) do |*given, **named, &block|
        call.run(self, given, named, block)
      end
      owner.send(hidden, method) if hidden
    end

    # What is done at each call of a method.
    class Call # :nodoc:
      def initialize(kind, name, options, capture, body)
        @kind = kind
        @name = name
        @options = options
        @body = body
        @input = capture && INPUT.include?(kind)
        @output = capture && OUTPUT.include?(kind)
        parameters = body.parameters
        @places = parameters.select { |type, _| %i[req opt].include?(type) }
        @rest = parameters.find { |type, _| type == :rest }&.last || :args
      end

      def run(receiver, given, named, block)
        return @body.bind_call(receiver, *given, **named, &block) unless Witspan.on?

        Witspan.span(@kind, @name, **@options) do |span|
          say(span, :input, bound(given, named)) if @input
          result = @body.bind_call(receiver, *given, **named, &block)
          say(span, :output, result) if @output && !span.output?
          result
        end
      end

      private

      # What is captured is never a mistake of the application: the core counts what has no place.
      def say(span, side, value)
        span.annotate(side => value) unless value.nil?
      rescue ArgumentError
        nil
      end

      # The arguments by parameter; nil if there are none.
      def bound(given, named)
        missing = @places.size - given.size
        # Those that may be left out are filled from the left.
        left_out = missing.positive? ? @places.select { |type, _| type == :opt }.last(missing) : []
        names = (@places - left_out).map(&:last)
        found = names.zip(given).to_h
        found[@rest] = given.drop(names.size) if given.size > names.size
        found.merge!(named)
        found unless found.empty?
      end
    end
  end
end
