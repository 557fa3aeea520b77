# How spans start: in a block, or by hand; below what is current, or below a parent that is named.

require_relative "failure"
require_relative "place"
require_relative "span"
require_relative "times"

module Witspan
  # A place in another service, or in another process: what `extract` gives. It can be a parent.
  class Remote
    attr_reader :text # :nodoc:

    def initialize(text) # :nodoc:
      @text = text
    end
  end

  module Starting # :nodoc:
    # What a keyword is called by the library.
    NAMES = {
      model: :model_name, provider: :model_provider, session_id: :session_id, ml_app: :ml_app
    }.freeze

    module_function

    # A span; OFF if nothing is traced. Raises ArgumentError.
    def span(kind, name, parent, start_time, texts)
      tracer = Runtime.tracer
      return Span::OFF unless tracer

      number = Native::KINDS[kind] || raise(ArgumentError, unknown(kind))
      name = Values.plain(name) unless name.nil?
      here = Place.here
      belongs, above, remote = parent.nil? ? under(here, tracer) : below(parent, tracer)
      span =
        if here&.contexts&.any? || remote || start_time || texts.any? { |_, text| text }
          options = options(here, remote, start_time, texts)
          tracer.start_with(number, belongs, above, name, options)
        else
          tracer.start(number, belongs, above, name)
        end
      Span.new(tracer, span, kind)
    end

    # What a span belongs to that starts in this place.
    def under(here, tracer)
      if (span = here&.span)
        # One of a tracer before this one is nothing to it.
        span.tracer.equal?(tracer) ? [Tracer::CURRENT, span.number, nil] : [Tracer::ROOT, 0, nil]
      else
        [Tracer::ROOT, 0, here&.remote]
      end
    end

    # What it belongs to with this parent, which the application named.
    def below(parent, tracer)
      case parent
      when Span
        return [Tracer::CHILD_OF, parent.number, nil] if parent.tracer.equal?(tracer)

        tracer.changed("`parent` is from before tracing was started again: the new span begins a trace of its own")
        [Tracer::ROOT, 0, nil]
      when Remote then [Tracer::ROOT, 0, parent.text]
      when Hash then [Tracer::ROOT, 0, Headers.remote(tracer, parent)]
      else
        raise ArgumentError, "`parent` is of class #{parent.class}; accepted: a Span, what `extract` gave, or the " \
                             "headers of a request"
      end
    end

    def options(here, remote, start_time, texts)
      found = texts.filter_map do |name, value|
        text = value.nil? ? nil : Values.plain(value)
        [Tracer::OPTIONS.fetch(NAMES.fetch(name)), text] if text
      end
      found << [Tracer::OPTIONS[:start_ns], Times.nanoseconds("start_time", start_time)] if start_time
      here&.contexts&.each { |context| found << [Tracer::OPTIONS[:context], context] }
      found << [Tracer::OPTIONS[:remote], remote] if remote
      found
    end

    # Runs a block in a span, which ends with it: as failed if an exception leaves it, and else well, also by
    # `return`, `break`, `next` and `throw`.
    def block(span)
      return yield span if span.equal?(Span::OFF)

      before = Place.held
      Place.held = Place.of_span(span, Place.here)
      begin
        yield span
      rescue Exception => e # rubocop:disable Lint/RescueException
        span.finish(error: e) unless Failure.none?(e)
        raise
      ensure
        Place.held = before
        span.finish
      end
    end

    # Before the block: a span with a wrong argument is none.
    def annotate(span, members)
      span.annotate(**members)
    rescue ArgumentError
      span.abandon
      raise
    end

    def unknown(kind)
      "`#{kind}` is no kind; accepted: #{Native::KINDS.keys.join(", ")}"
    end
  end

  class << self
    # A span of this kind that ends by `finish`. It is not made current: `span.activate { }` does that.
    # `parent:` is a span, what `extract` gave, or the headers of a request; by default what is current.
    # `start_time:` is a Time, or nanoseconds since 1970.
    def start_span(kind, name = nil, model: nil, provider: nil, session_id: nil, ml_app: nil, parent: nil,
                   start_time: nil)
      texts = { model: model, provider: provider, session_id: session_id, ml_app: ml_app }
      Starting.span(kind.to_sym, name, parent, start_time, texts)
    end

    # Runs a block in a span of this kind, and returns what the block gives. `annotation` is what `annotate`
    # takes, such as `input:`.
    def span(kind, name = nil, model: nil, provider: nil, session_id: nil, ml_app: nil, parent: nil,
             start_time: nil, **annotation, &block)
      raise ArgumentError, "a block is missing; `start_span` is for a span without one" unless block

      texts = { model: model, provider: provider, session_id: session_id, ml_app: ml_app }
      span = Starting.span(kind, name, parent, start_time, texts)
      Starting.annotate(span, annotation) unless annotation.empty?
      Starting.block(span, &block)
    end

    # Each kind of step. A call of a model:
    def llm(name = nil, **options, &block)
      span(:llm, name, **options, &block)
    end

    # A fixed sequence of steps.
    def workflow(name = nil, **options, &block)
      span(:workflow, name, **options, &block)
    end

    # Steps that a model chooses.
    def agent(name = nil, **options, &block)
      span(:agent, name, **options, &block)
    end

    # A call of a program or a service outside.
    def tool(name = nil, **options, &block)
      span(:tool, name, **options, &block)
    end

    # One step inside the application.
    def task(name = nil, **options, &block)
      span(:task, name, **options, &block)
    end

    # A text that becomes a vector.
    def embedding(name = nil, **options, &block)
      span(:embedding, name, **options, &block)
    end

    # A search in a knowledge base.
    def retrieval(name = nil, **options, &block)
      span(:retrieval, name, **options, &block)
    end

    # The span that is current here; nil if there is none.
    def current_span
      place = Place.here
      place&.span unless place&.span&.finished?
    end
  end
end
