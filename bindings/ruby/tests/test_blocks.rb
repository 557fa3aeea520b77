# Spans of blocks: how they nest, what they return, and how they end.

require_relative "support"

class TestBlocks < Test
  def test_every_kind_is_a_block_that_returns_its_value
    kinds = %i[llm workflow agent tool task embedding retrieval]
    record do |spans|
      kinds.each { |kind| assert_equal kind, Witspan.public_send(kind) { |span| span.kind } }
      assert_equal kinds, spans.map(&:kind)
      assert_equal kinds.map(&:name), spans.map(&:name)
    end
  end

  def test_blocks_nest
    record do |spans|
      Witspan.workflow("answer") do |outer|
        assert_same outer, Witspan.current_span
        Witspan.llm("ask", model: "gpt-5", provider: "OpenAI", session_id: "s-1") { Witspan.annotate(output: "x") }
        Witspan.tool("look", ml_app: "other") {}
        assert_same outer, Witspan.current_span
      end
      assert_nil Witspan.current_span
      assert_equal <<~TREE.chomp, spans.tree
        workflow   answer
        llm        ├─ ask (gpt-5)
        tool       └─ look
      TREE
      assert_equal ["openai", "s-1"], [spans["ask"].provider, spans["ask"].session_id]
      assert_equal "other", spans["look"].ml_app
      assert_equal [{ "content" => "x", "role" => "" }], spans["ask"].output
    end
  end

  def test_annotations_may_be_given_with_the_start
    record do |spans|
      Witspan.task("a", input: { a: 1 }, metadata: { k: [nil, 1.5] }, metrics: { n: 2 }, tags: { t: :v }) {}
      assert_equal '{"a":1}', spans["a"].input
      assert_equal({ "k" => [nil, 1.5] }, spans["a"].metadata)
      assert_equal [{ "n" => 2 }, "v"], [spans["a"].metrics, spans["a"].tags["t"]]
    end
  end

  def test_an_exception_ends_the_span_and_goes_on_unchanged
    record do |spans|
      error = IOError.new("no\nline")
      raised = assert_raises(IOError) { Witspan.task("a") { Witspan.tool("b") { raise error } } }
      assert_same error, raised
      assert_match(/test_blocks.rb/, raised.backtrace.first)
      %w[a b].each do |name|
        assert_equal ["IOError", "no\nline"], spans[name].error.values_at("type", "message")
        assert_match(/test_blocks\.rb:\d+:in .*IOError/m, spans[name].error["stack"])
      end
      assert_equal "task       a ! IOError: no line\ntool       └─ b ! IOError: no line", spans.tree
    end
  end

  def test_an_error_with_code_of_its_own
    strange = Class.new(StandardError) do
      def self.name = raise("no name")
      def message = raise("no message")
      def full_message(**) = raise("nothing")
    end
    record do |spans|
      assert_raises(strange) { Witspan.task("a") { raise strange } }
      assert_equal "[unserializable]", spans["a"].error["message"]
      assert_equal "StandardError", spans["a"].error["type"]
    end
  end

  def returned
    Witspan.task("return") { return 7 }
  end

  def test_what_leaves_a_block_without_an_error_ends_it_well
    record do |spans|
      assert_equal 7, returned
      assert_equal 3, (Witspan.task("break") { break 3 })
      assert_equal 4, (Witspan.task("next") { next 4 })
      assert_equal(5, catch(:found) { Witspan.task("throw") { throw :found, 5 } })
      assert_equal %w[return break next throw], spans.map(&:name)
      assert(spans.all? { |span| span.error.nil? })
      assert_nil Witspan.current_span
    end
  end

  def test_an_exit_is_an_error_only_if_it_says_so
    record do |spans|
      assert_raises(SystemExit) { Witspan.task("well") { exit } }
      assert_raises(SystemExit) { Witspan.task("badly") { exit 3 } }
      assert_nil spans["well"].error
      assert_equal "SystemExit", spans["badly"].error["type"]
    end
  end

  def test_a_thread_that_is_killed_ends_its_spans
    record do |spans|
      thread = Thread.new { Witspan.task("a") { sleep } }
      until_true { thread.stop? }
      thread.kill.join
      assert_nil spans["a"].error
    end
  end

  def test_a_wrong_annotation_raises_before_the_block
    record do |spans|
      error = assert_raises(Witspan::ArgumentError) { Witspan.task("a", inputs: 1) { flunk } }
      assert_match(/`inputs` is not a field/, error.message)
      assert_kind_of ::ArgumentError, error
      assert_empty spans
      assert_equal 0, spans.open_spans
    end
  end

  def test_a_block_is_needed
    record do
      assert_raises(Witspan::ArgumentError) { Witspan.llm("a") }
      assert_raises(Witspan::ArgumentError) { Witspan.span(:walk) {} }
      assert_raises(Witspan::ArgumentError) { Witspan.start_span("walk") }
    end
  end

  def test_names_and_options_of_any_class
    record do |spans|
      Witspan.task(:symbol) {}
      Witspan.task(5) {}
      Witspan.task("nul\0 \xff") {}
      Witspan.task("b\xc3\xa4".b, session_id: 7) {}
      Witspan.task("h\xe4".dup.force_encoding("ISO-8859-1"), session_id: { a: 1 }) {}
      assert_equal ["symbol", "5", "nul\0 \u{fffd}", "bä", "hä"], spans.map(&:name)
      assert_equal [nil, nil, nil, "7", '{"a":1}'], spans.map(&:session_id)
    end
  end

  def test_while_tracing_is_off_blocks_run_and_nothing_else_happens
    assert_equal 1, (Witspan.task("a", nonsense: 1) { |span| span.annotate(more: 1).finish && 1 })
    assert_raises(IOError) { Witspan.task("a") { raise IOError } }
    assert_nil Witspan.annotate(a: 1)
    assert_equal 2, (Witspan.annotation_context(b: 1) { 2 })
    assert_equal({}, Witspan.inject({}))
    assert_equal 3, (Witspan.extract({}) { 3 })
    assert_nil Witspan.start_span(:llm).ids
    assert_nil Witspan.evaluate("a", 1, metric_type: "score")
    assert_equal({}, Witspan.statistics)
    assert Witspan.flush.settled
    assert Witspan.shutdown.settled
    refute Witspan.on?
  end
end
