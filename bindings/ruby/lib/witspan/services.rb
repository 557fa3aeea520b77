# What is said of the current span, carried to other services, judged, and recorded afterwards.

require_relative "headers"
require_relative "place"
require_relative "starting"

module Witspan
  class << self
    # Annotates the current span; see Span#annotate. Without one it is counted, and the first time logged.
    def annotate(**members)
      span = current_span
      if span then span.annotate(**members)
      else Runtime.tracer&.misplaced("`annotate` was called where no span is open")
      end
      nil
    end

    # Has all spans that start in the block get `tags:`, `prompt:` (calls of a model), `agent:`, `cost_tags:`, or
    # another `name:`. Blocks inside each other merge; what a span is annotated with wins. Raises ArgumentError.
    def annotation_context(**members)
      tracer = Runtime.tracer
      return yield unless tracer

      context = Values.object(members)
      tracer.check_context(context)
      here = Place.here
      contexts = [*here&.contexts, context].freeze
      Place.within(here ? here.with(contexts: contexts) : Place.new(nil, nil, contexts, nil)) { yield }
    end

    # Adds to the headers of a request what has its receiver continue the trace of the current span, or of
    # `span:`. They are a Hash, or an object with `[]=`, such as a Net::HTTP::Get; returns them.
    def inject(headers = {}, span: nil)
      span ||= current_span
      tracer = span&.tracer
      return headers unless tracer

      tracer.inject(span.number, Headers.lines(headers))&.each { |name, value| headers[name] = value }
      headers
    end

    # Has the spans that start in the block continue the trace in the headers of a request. Headers that name no
    # trace change nothing. Without a block it returns the place, for `parent:`; nil if there is none.
    def extract(headers)
      tracer = Runtime.tracer
      remote = Headers.remote(tracer, headers) if tracer
      return remote && Remote.new(remote) unless block_given?
      return yield unless remote

      here = Place.here
      Place.within(Place.new(nil, remote, here ? here.contexts : Place::NOTHING, here)) { yield }
    end

    # A Proc that runs the block with what is current here, in whichever thread or fiber it is called.
    def carry(&block)
      place = Place.here&.carried
      proc do |*arguments, **named, &inner|
        Place.within(place) { block.call(*arguments, **named, &inner) }
      end
    end

    # Judges a span, or what `session_id:` or `span_with_tag_value:` names: `evaluate("polite", 0.9,
    # metric_type: "score", span: span)`. `span:` is a Span or the ids that it gave. Also `tags:`, `assessment:`,
    # `reasoning:`, `metadata:`, `timestamp_ms:`, `ml_app:`, `eval_scope:`, `status:`, `error:`. Raises ArgumentError.
    def evaluate(label, value, **members)
      Runtime.tracer&.evaluate(Services.judgement(label, value, members))
      nil
    end

    # What a user says: as `evaluate`, with `submitter: { id: "user-7", type: "user" }`. Raises ArgumentError.
    def feedback(label, value, **members)
      Runtime.tracer&.feedback(Services.judgement(label, value, members))
      nil
    end

    # Records a span that is over. `error:` is an exception, `parent:` as for `start_span`; what is left is what
    # `annotate` takes. Returns the span, which can be a parent. Raises ArgumentError.
    def record(kind, name = nil, start_time:, end_time:, parent: nil, error: nil, model: nil, provider: nil,
               session_id: nil, ml_app: nil, **annotation)
      tracer = Runtime.tracer
      return Span::OFF unless tracer

      texts = { name: name, model_name: model, model_provider: provider, session_id: session_id, ml_app: ml_app }
      members = texts.transform_values { |text| Values.plain(text) }
      members[:kind] = kind.to_s
      members[:start_ns] = Times.nanoseconds("start_time", start_time)
      members[:end_ns] = Times.nanoseconds("end_time", end_time)
      members[:parent] = Services.parent(parent, tracer)
      members[:error] = %w[message type stack].zip(Failure.of(error)).to_h if error
      members[:annotation] = annotation unless annotation.empty?
      number = Processor.guarded { tracer.record(Values.object(members)) }
      Span.new(tracer, number, kind, finished: true)
    end
  end

  module Services # :nodoc:
    module_function

    def judgement(label, value, members)
      members[:span] = members[:span].ids if members[:span].is_a?(Span)
      Values.object({ label: label, value: value, **members })
    end

    # The member `parent` of a recorded span.
    def parent(given, tracer)
      belongs, number, remote =
        given.nil? ? Starting.under(Place.here, tracer) : Starting.below(given, tracer)
      # The core may hold the parent elsewhere than where it records: a remote context goes everywhere.
      remote ||= tracer.remote_of(number) unless belongs == Tracer::ROOT
      { remote: remote } if remote
    end
  end
end
