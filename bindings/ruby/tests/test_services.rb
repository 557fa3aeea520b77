# Annotation contexts, propagation, evaluations and feedback, settings and what is logged.

require_relative "support"
require "net/http"

class TestServices < Test
  def teardown
    Witspan.logger = nil
  end

  def test_annotation_contexts
    record do |spans|
      value = Witspan.annotation_context(tags: { team: "a", k: 1 }) do
        Witspan.annotation_context(tags: { k: 2 }, prompt: { id: "p", template: "T" }, name: "renamed") do
          Witspan.llm("x", input: "q", tags: { own: 1 }) { 7 }
        end
      end
      Witspan.task("outside") {}
      assert_equal 7, value
      assert_equal %w[a 2 1], spans["renamed"].tags.values_at("team", "k", "own")
      assert_equal "p", spans["renamed"].prompt["id"]
      refute spans["outside"].tags.key?("team")
      assert_raises(Witspan::ArgumentError) { Witspan.annotation_context(tag: 1) { flunk } }
    end
  end

  def test_inject_and_extract
    record do |spans|
      request = Net::HTTP::Get.new("/")
      headers = { "accept" => "x" }
      Witspan.workflow("client", session_id: "s") do |span|
        assert_same headers, Witspan.inject(headers)
        Witspan.inject(request, span: span)
      end
      assert_equal headers["traceparent"], request["traceparent"]
      rack = headers.to_h { |name, value| ["HTTP_#{name.upcase.tr("-", "_")}", value] }
      [headers, rack, request].each_with_index do |given, at|
        assert_equal(at, Witspan.extract(given) { Witspan.task("server #{at}") { at } })
        # Also the second one: the place stays.
        Witspan.extract(given) { 2.times { |n| Witspan.task("more #{at} #{n}") {} } }
      end
      below = spans.reject { |span| span.name == "client" }
      assert_equal [spans["client"].span_id], below.map(&:parent_id).uniq
      assert_equal 9, below.size
    end
  end

  def test_headers_that_name_no_trace_raise_nothing
    record do |spans|
      ["", "x", "\n", 5, nil].each { |value| Witspan.extract({ "traceparent" => value }) { Witspan.task("a") {} } }
      assert_nil Witspan.extract({})
      assert_equal [nil], spans.map(&:parent_id).uniq
      assert_raises(Witspan::ArgumentError) { Witspan.extract(5) }
    end
  end

  def test_a_header_cannot_bring_another_one_along
    record do
      span = Witspan.start_span(:task)
      trace = Witspan.inject({}, span: span)["traceparent"]
      assert_nil Witspan.extract({ "x" => "y\ntraceparent: #{trace}" })
      assert_nil Witspan.extract({ "x\ntraceparent" => trace })
    end
  end

  def test_evaluations_and_feedback
    record do |spans|
      span = Witspan.llm("ask") { |one| one }
      Witspan.evaluate("polite", 0.9, metric_type: "score", span: span, assessment: "pass", reasoning: "It is.")
      Witspan.evaluate("fits", true, metric_type: "boolean", span: span.ids, tags: { a: 1 })
      Witspan.feedback("thumb", "up", metric_type: "categorical", span: span, submitter: { id: "u", type: "user" })
      polite, fits, thumb = spans.evaluations
      assert_equal [0.9, "pass", span.ids[:span_id]],
                   [polite["score_value"], polite["assessment"], polite["join_on"]["span"]["span_id"]]
      assert_equal true, fits["boolean_value"]
      assert_equal({ "id" => "u", "type" => "user" }, thumb["submitter"])
      error = assert_raises(Witspan::ArgumentError) { Witspan.evaluate("a", 1, metric_type: "score", scor: 1) }
      assert_match(/scor/, error.message)
      assert_equal 1, Witspan.statistics["evaluations_rejected"]
    end
  end

  def test_settings_of_a_start
    receiving do |receiver|
      text = <<~'RUBY'
        Witspan.start(ml_app: "app", service: "shop", tags: { team: "a", n: 1 }, sample_rate: 0.5, zork: 1)
        p Witspan.on?, Witspan.start(ml_app: "again")
        Witspan.task("t") {}
      RUBY
      out, err, status = program(receiver, text, DD_ENV: "from-env")
      assert status.success?, err
      assert_equal "true\ntrue\n", out
      assert_equal "witspan: `zork` is not an option: it is ignored\nwitspan: `start` was called again, and the first " \
                   "tracer goes on; of what it was given, `ml_app`, nothing counts\n", err
      tags = spans_of(receiver).first.tags
      assert_equal %w[app shop a 1 from-env ruby], tags.values_at("ml_app", "service", "team", "n", "env", "language")
    end
  end

  def test_a_wrong_setting_is_a_line_of_the_log
    log = StringIO.new
    Witspan.logger = Logger.new(log)
    record(sample_rate: "a lot", batch_spans: -1) { |spans| Witspan.task("t") { assert_empty spans } }
    assert_match(/WARN .*sample_rate/, log.string)
    assert_match(/batch_spans/, log.string)
    assert_raises(Witspan::ArgumentError) { Witspan.start(tags: []) }
  end

  def test_a_logger_that_raises_costs_the_line_only
    Witspan.logger = Class.new { def warn(_) = raise("full") }.new
    record(zork: 1) { |spans| Witspan.task("t") { assert_empty spans } }
  end

  def test_turned_off
    receiving do |receiver|
      out, = program(receiver, "p Witspan.start(enabled: false); Witspan.task('t') {}; p Witspan.flush.settled")
      assert_equal "false\ntrue\n", out
      program(receiver, "Witspan.start; Witspan.task('t') {}", DD_LLMOBS_ENABLED: "0")
      assert_empty receiver.got
    end
  end

  def test_without_a_library_a_program_runs_untraced
    receiving do |receiver|
      text = "Witspan.start; p(Witspan.task('t', kind: 1) { Witspan.annotate(a: 1); 7 })"
      out, err, status = program(receiver, text, WITSPAN_LIBRARY: "/nowhere.so")
      assert_equal ["7\n", true], [out, status.success?]
      assert_match(%r{\Awitspan: nothing is traced: /nowhere\.so cannot be used: .*\n\z}, err)
    end
  end
end
