# What is current: a span, or a place in another service, and the annotation contexts around it.
#
# It is current within a block, in one fiber. Ruby 3.2 and later hand it to fibers and threads that begin
# inside (`Fiber[]`); 3.1 has no way to, so they begin with nothing: see Witspan.carry.

module Witspan
  class Place # :nodoc:
    NOTHING = [].freeze

    attr_reader :span, :remote, :contexts

    def initialize(span, remote, contexts, above)
      @span = span
      @remote = remote
      @contexts = contexts
      @above = above
      @home = Fiber.current
    end

    if Fiber.respond_to?(:[])
      def self.held
        Fiber[:witspan_place]
      end

      def self.held=(place)
        Fiber[:witspan_place] = place
      end
    else
      def self.held
        Thread.current[:witspan_place]
      end

      def self.held=(place)
        Thread.current[:witspan_place] = place
      end
    end

    # What is current here; nil if nothing is.
    def self.here
      place = held
      place&.passed_over? ? place.without_finished : place
    end

    # Has a block run in a place. However it ends, what was current before is current again.
    def self.within(place)
      before = held
      self.held = place
      yield
    ensure
      self.held = before
    end

    # The place of a span that starts in this one.
    def self.of_span(span, above)
      new(span, nil, above ? above.contexts : NOTHING, above)
    end

    # A span that has finished is passed over where it was made current itself. Elsewhere it is the core
    # that knows which ancestor is still open, and in whose trace work goes on that outlives it.
    def passed_over?
      @span&.finished? && @home.equal?(Fiber.current)
    end

    # What was current before, with the contexts that are still around.
    def without_finished
      above = @above
      above = above.above while above&.passed_over?
      Place.new(above&.span, above&.remote, @contexts, above)
    end

    # The same with something else.
    def with(span: @span, remote: @remote, contexts: @contexts)
      Place.new(span, remote, contexts, self)
    end

    # The same as another fiber has it that took it along.
    def carried
      copy = dup
      copy.instance_variable_set(:@home, nil)
      copy
    end

    protected

    attr_reader :above
  end
end
