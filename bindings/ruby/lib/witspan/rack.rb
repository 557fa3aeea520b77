# Rack middleware: what a request's handler traces continues the trace that is in the request's headers.
#
#   use Witspan::Rack

require_relative "../witspan"

module Witspan
  class Rack
    def initialize(app)
      @app = app
    end

    def call(env)
      place = Witspan.extract(env)
      return @app.call(env) unless place

      status, headers, body = Rack.within(place) { @app.call(env) }
      # A file, or a list of texts, has nothing to trace, and servers send them in ways of their own.
      lazy = body.respond_to?(:each) && !body.respond_to?(:to_ary) && !body.respond_to?(:to_path)
      [status, headers, lazy ? Body.new(body, place) : body]
    end

    def self.within(place, &block) # :nodoc:
      here = Place.here
      Place.within(Place.new(nil, place.text, here ? here.contexts : Place::NOTHING, here), &block)
    end

    # A body that is made while it is sent, after `call` has returned.
    class Body # :nodoc:
      def initialize(body, place)
        @body = body
        @place = place
      end

      def each(&block)
        Rack.within(@place) { @body.each(&block) }
      end

      def close
        @body.close if @body.respond_to?(:close)
      end
    end
  end
end
