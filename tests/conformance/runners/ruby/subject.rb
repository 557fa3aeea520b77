# The gem as a subject of the suite: runs the steps of a case by its public calls, and by the calls below them
# where a text is not what Ruby's own JSON would write.

require "witspan"

class Subject
  START_NS = 1_700_000_000_000_000_000
  # What takes a wrong text as well: there is no value of Ruby with that form.
  Wrong = Class.new(StandardError)

  def initialize(one, form, url)
    @case = one
    @spans = {}
    @remotes = {}
    given = one.fetch("settings", {})
    settings = {
      "ml_app" => given.fetch("ml_app", "conformance"), "api_key" => "key", "override_origin" => url,
      "agentless_enabled" => form == "public-api", "intake" => form == "public-api" ? "public" : "sdk"
    }
    %w[service env version].each { |name| settings[name] = given.fetch(name, "") }
    settings.merge!(given.fetch("limits", {}))
    if (sampling = given["sampling"])
      settings["sample_rate"] = sampling["rate"]
      settings["sampling_rules"] = sampling.fetch("rules", "")
      settings["drop_unsampled"] = sampling.fetch("drop", false)
    end
    @tracer = Witspan::Tracer.start(
      settings, tags: given.fetch("tags", {}), language: given.fetch("language", "python"), fixed_clock: START_NS
    )
  end

  # The steps, and a flush of all that they made.
  def run
    Witspan::Runtime.replaced_by(@tracer, nil) do
      @case["program"].each_with_index do |step, at|
        send(step["do"], step)
      rescue StandardError => e
        raise Wrong, "step #{at}: #{step}: #{e.class}: #{e.message}\n#{e.backtrace.first(4).join("\n")}"
      end
      same(true, Witspan.flush(timeout: 20).settled)
    end
  ensure
    Witspan::Place.held = nil
  end

  # The counters that are not zero, by their names in the suite.
  def counters
    all = @tracer.statistics
    evaluations = all.delete("evaluations")
    counts = %w[accepted delivered].to_h { |name| ["evaluations #{name}", evaluations[name]] }
    { "" => all, "evaluations " => evaluations }.each do |kind, group|
      group.delete("dropped").each { |reason, count| counts["#{kind}dropped #{reason.tr("_", "-")}"] = count }
    end
    counts.merge(all.except("queued", "in_flight", "bytes")).reject { |_, count| count.zero? }
  end

  def close
    @tracer.shutdown(0)
  end

  private

  def same(expected, got)
    raise Wrong, "expected #{expected.inspect}\n     got #{got.inspect}" unless expected == got
  end

  # Makes a call that must fail as the step says, or not.
  def refused(step)
    yield
    raise Wrong, "it was not refused" if step.key?("refused")

    true
  rescue Witspan::ArgumentError => e
    same(step["refused"], e.message)
    false
  end

  # A text as the keywords of a public call; nil if it has no such form, or would lose something.
  def members(json)
    # Half a surrogate has no form in Ruby, and Ruby's reader takes the last of two members and a number
    # without an end for infinite.
    return if json.match?(/\\u[dD][89a-fA-F]/)

    value = JSON.parse(json, allow_nan: true, max_nesting: false, symbolize_names: true)
    value if value.is_a?(Hash) && value.values.none?(&:nil?)
  rescue JSON::ParserError
    nil
  end

  def start(step)
    above = @spans[step["current"]]
    place = Witspan::Place.new(above, @remotes[step["remote"]]&.text, Witspan::Place::NOTHING, nil)
    # One that has finished is current in another fiber only, which took it along.
    Witspan::Place.held = above&.finished? ? place.carried : place
    options = { model: step["model_name"], provider: step["model_provider"], session_id: step["session_id"],
                ml_app: step["ml_app"], start_time: step["start_ns"], parent: @spans[step["child_of"]] }
    @spans[step["span"]] = inside(step.fetch("contexts", [])) do
      Witspan.start_span(step["kind"], step["name"], **options)
    end
  end

  def inside(contexts, &block)
    return block.call if contexts.empty?

    members = JSON.parse(contexts.first, symbolize_names: true)
    Witspan.annotation_context(**members) { inside(contexts.drop(1), &block) }
  end

  def annotate(step)
    span = @spans[step["span"]]
    before = @tracer.statistics["annotations_rejected"]
    given = members(step["json"])
    refused(step) do
      given ? span.annotate(**given) : @tracer.annotate(span.number, step["json"])
    end
    rejected = step.key?("refused") || step["dropped"] ? 1 : 0
    same(before + rejected, @tracer.statistics["annotations_rejected"])
  end

  def context(step)
    given = members(step["json"])
    refused(step) { given ? Witspan.annotation_context(**given) {} : @tracer.check_context(step["json"]) }
  end

  def advance(step)
    @tracer.advance(step["ns"])
  end

  def finish(step)
    span, failure = @spans[step["span"]], step["failure"]
    ends = step.fetch("end_ns", 0)
    texts = %w[message error_type stack].map { |name| failure.fetch(name, "") } if failure
    # Not by the span's own call, which does not say what is current again.
    again = Witspan::Processor.guarded do
      failure ? @tracer.fail(span.number, ends, *texts) : @tracer.finish(span.number, ends)
    end
    span.finish
    name, = @spans.sort.find { |_, each| each.number == again } unless again.zero?
    same(step["current_again"], name)
    same(JSON.parse(step["event"]), @event) if step.key?("event")
    @event = nil
  end

  def abandon(step)
    @spans[step["span"]].abandon
  end

  def export(step)
    same({ span_id: step["span_id"], trace_id: step["trace_id"] }, @spans[step["span"]].ids)
  end

  def record(step)
    number = nil
    refused(step) { number = @tracer.record(step["json"]) }
    @spans[step["span"]] = Witspan::Span.new(@tracer, number, :task, finished: true) if number
  end

  def info(step)
    same(step.except("do", "span"), @spans[step["span"]].info.transform_keys(&:to_s))
  end

  def inject(step)
    before = step.fetch("headers", {})
    after = Witspan.inject(before.dup, span: @spans[step["span"]])
    same(step["gives"], after.reject { |name, value| before[name] == value })
  end

  def extract(step)
    # The public call is silent where another service's headers name no trace.
    text = nil
    refused(step) { text = @tracer.extract(Witspan::Headers.lines(step["headers"])) }
    @remotes[step["remote"]] = Witspan::Remote.new(text)
  end

  def evaluate(step)
    judge(step, :evaluate)
  end

  def feedback(step)
    judge(step, :feedback)
  end

  def judge(step, call)
    given = members(step["json"])
    refused(step) do
      next @tracer.public_send(call, step["json"]) unless given

      Witspan.public_send(call, given.delete(:label), given.delete(:value), **given)
    end
  end

  def processor(step)
    does = step["does"]
    return Witspan.processor if does == "off"

    Witspan.processor do |event|
      @event = JSON.parse(JSON.generate(event.members))
      raise "as the case says" if does == "raise"

      @tracer.advance(2_000_000_000) if does == "late"
      change(event.members, does) if does.is_a?(Hash)
      { "drop" => nil, "nonsense" => "nonsense" }.fetch(does, event)
    end
  end

  def change(members, does)
    members.delete(does["remove"])
    members.replace(merged(members, does["merge"])) if does.key?("merge")
    members.transform_values! { |value| replaced(value, *does["replace"]) } if does.key?("replace")
  end

  def replaced(value, old, new)
    case value
    when Hash then value.transform_values { |each| replaced(each, old, new) }
    when Array then value.map { |each| replaced(each, old, new) }
    when String then value.gsub(old) { new }
    else value
    end
  end

  # A JSON merge patch (RFC 7386).
  def merged(value, patch)
    return patch unless patch.is_a?(Hash)

    kept = value.is_a?(Hash) ? value.dup : {}
    patch.each { |key, each| each.nil? ? kept.delete(key) : kept[key] = merged(kept[key], each) }
    kept
  end

  def poll(_)
    raise NotImplementedError, "the worker polls by itself"
  end
end
