# Spans by hand: parents of one's own choice, times, recorded ones, and those that nobody holds.

require_relative "support"

class TestByHand < Test
  def test_a_span_by_hand_is_not_current
    record do |spans|
      span = Witspan.start_span(:llm, "ask", model: "m")
      assert_nil Witspan.current_span
      refute span.finished?
      span.annotate(input: "q").annotate(output: "a")
      assert_same span, span.finish
      assert span.finish(error: "late").finished?
      assert_equal "q", spans["ask"].input.first["content"]
      assert_nil spans["ask"].error
    end
  end

  def test_activate_makes_it_current_in_a_block
    record do |spans|
      span = Witspan.start_span(:workflow, "work")
      assert_equal(7, span.activate { Witspan.task("part") { 7 } })
      refute span.finished?
      span.finish
      assert_equal spans["work"].span_id, spans["part"].parent_id
    end
  end

  def test_parents
    record do |spans|
      first = Witspan.start_span(:workflow, "first")
      headers = Witspan.inject({}, span: first)
      place = Witspan.extract(headers)
      first.finish
      Witspan.workflow("around") do
        Witspan.task("of span", parent: first) { Witspan.task("below") {} }
        Witspan.task("of headers", parent: headers) {}
        Witspan.task("of place", parent: place) {}
        Witspan.task("of nothing", parent: { "x" => "y" }) {}
        Witspan.task("of current", parent: nil) {}
      end
      ["of span", "of headers", "of place"].each { |name| assert_equal spans["first"].span_id, spans[name].parent_id }
      assert_same spans["of span"], spans["below"].parent
      assert_nil spans["of nothing"].parent_id
      assert_same spans["around"], spans["of current"].parent
      assert_raises(Witspan::ArgumentError) { Witspan.start_span(:task, parent: 5) }
    end
  end

  def test_a_parent_of_a_tracer_before_begins_a_trace
    old = nil
    record { old = Witspan.start_span(:task, "old") }
    record do |spans|
      old.annotate(input: 1).finish
      old.activate { Witspan.task("a") {} }
      Witspan.task("b", parent: old) {}
      assert_equal [nil, nil], spans.map(&:parent_id)
    end
  end

  def test_times
    record do |spans|
      start = Time.at(1_700_000_000, 123_456_789, :nsec)
      span = Witspan.start_span(:task, "a", start_time: start)
      assert_nil span.duration
      span.finish(end_time: start + 2)
      assert_equal [start, 2.0], [span.start_time, span.duration]
      Witspan.start_span(:task, "b", start_time: 5).finish(end_time: 3)
      assert_equal [1_700_000_000_123_456_789, 2_000_000_000], [spans["a"].start_ns, spans["a"].duration_ns]
      assert_equal [5, 0], [spans["b"].start_ns, spans["b"].duration_ns]
      assert_raises(Witspan::ArgumentError) { Witspan.start_span(:task, start_time: "now") }
    end
  end

  def test_what_is_known_of_a_span
    record do |spans|
      span = Witspan.start_span(:tool, "a")
      assert_equal({ kind: "tool", name: "a", **span.ids }, span.info)
      span.finish
      assert_equal [spans["a"].span_id, spans["a"].trace_id], span.ids.values_at(:span_id, :trace_id)
    end
  end

  def test_a_span_that_is_over
    record do |spans|
      start = Time.at(1_700_000_000)
      span = Witspan.record(:llm, "ask", start_time: start, end_time: start + 1, model: "m", provider: "p",
                            session_id: "s", error: IOError.new("no"), input: "q", metrics: { n: 1 })
      assert span.finished?
      Witspan.record(:tool, "below", start_time: start, end_time: start, parent: span)
      Witspan.workflow("around") { Witspan.record(:task, "inside", start_time: start, end_time: start) }
      assert_equal ["m", "p", "s", { "n" => 1 }],
                   [spans["ask"].model, spans["ask"].provider, spans["ask"].session_id, spans["ask"].metrics]
      assert_equal %w[IOError no], spans["ask"].error.values_at("type", "message")
      assert_same spans["ask"], spans["below"].parent
      assert_same spans["around"], spans["inside"].parent
      assert_raises(Witspan::ArgumentError) { Witspan.record(:walk, start_time: 1, end_time: 2) }
    end
  end

  def test_a_span_that_nobody_holds_is_given_up
    record do
      100.times { Witspan.start_span(:task, "lost") }
      # A block in a fiber that never goes on.
      Fiber.new { Witspan.task("never") { Fiber.yield } }.resume
      until_true do
        GC.start
        Witspan.statistics["open"] < 3
      end
      assert_operator Witspan.statistics["dropped"]["unfinished"], :>, 98
    end
  end

  def test_memory_that_is_compacted_meanwhile
    skip "this Ruby does not compact" unless GC.respond_to?(:auto_compact=)
    before = [GC.auto_compact, GC.stress]
    record do |spans|
      GC.auto_compact = GC.stress = true
      5.times { |n| Witspan.llm("n#{n}", model: "m#{n}", session_id: "s#{n}") { Witspan.annotate(input: "i#{n}") } }
      GC.auto_compact, GC.stress = before
      said = spans.map { |span| [span.name, span.model, span.session_id, span.input[0]["content"]] }
      assert_equal (0..4).map { |n| ["n#{n}", "m#{n}", "s#{n}", "i#{n}"] }, said
    end
  ensure
    GC.auto_compact, GC.stress = before if before
  end

  def test_what_finishes_is_not_given_up
    record do |spans|
      1_000.times { Witspan.start_span(:task, "kept").finish }
      GC.start
      assert_equal 1_000, spans.size
      assert_equal({}, Witspan.statistics["dropped"])
    end
  end
end
