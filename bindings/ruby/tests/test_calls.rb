# Methods, streams and the processor: application code that runs inside of ours, and ours inside of its.

require_relative "support"
require "timeout"

class TestTraced < Test
  class Shop
    extend Witspan::Traced

    traced def price(article, currency = "EUR", *more, strict: true, **rest)
      raise KeyError, article if article == "boat"

      yield if block_given?
      [article, currency, more, strict, rest]
    end

    def first(one, two = 2, three) = [one, two, three]
    traced :first, kind: :tool, name: "pick"

    traced def own
      Witspan.annotate(input: "mine", output: "said")
      "returned"
    end

    traced def quiet(_secret) = "secret"
    traced :quiet, kind: :workflow, capture: false, name: "silent"

    private traced def hidden = 5
    def reveal = hidden

    class << self
      extend Witspan::Traced
      traced def open(at) = at
    end
  end

  class Branch < Shop
    def price(*) = super
  end

  def test_arguments_and_result_are_captured
    record do |spans|
      block = false
      assert_equal ["a", "USD", [1], false, { x: 2 }], Shop.new.price("a", "USD", 1, strict: false, x: 2) { block = true }
      assert block
      assert_equal '{"article":"a","currency":"USD","more":[1],"strict":false,"x":2}', spans["price"].input
      assert_equal '["a","USD",[1],false,{"x":2}]', spans["price"].output
      assert_equal [1, 2, 3], Shop.new.first(1, 3)
      assert_equal ['{"one":1,"three":3}', :tool], [spans["pick"].input, spans["pick"].kind]
      assert_equal 1, Shop.open(1)
      assert_equal '{"at":1}', spans["open"].input
    end
  end

  def test_what_the_body_says_itself_counts
    record do |spans|
      assert_equal "returned", Shop.new.own
      assert_equal %w[mine said], [spans["own"].input, spans["own"].output]
    end
  end

  def test_errors_visibility_and_inheritance
    record do |spans|
      assert_raises(KeyError) { Branch.new.price("boat") }
      assert_equal "KeyError", spans["price"].error["type"]
      assert_raises(NoMethodError) { Shop.new.hidden }
      assert_equal 5, Shop.new.reveal
      assert_equal "secret", Shop.new.quiet(1)
      refute_includes spans["silent"].event.to_s, "secret"
      assert_raises(Witspan::ArgumentError) { Class.new { extend(Witspan::Traced); traced def a; end, kind: :walk } }
    end
    assert_equal 5, Shop.new.reveal
  end
end

class TestStreams < Test
  def stream(source, **options)
    Witspan.stream(Witspan.start_span(:llm, "ask", **options), source)
  end

  def test_texts_are_joined_and_others_are_a_list
    record do |spans|
      assert_equal %w[a b], stream(%w[a b]).to_a
      assert_equal "ab", spans["ask"].output.first["content"]
      spans.clear
      assert_equal [{ n: 1 }, "x"], Witspan.stream(Witspan.start_span(:task, "t"), [{ n: 1 }, "x"]).to_a
      assert_equal '[{"n":1},"x"]', spans["t"].output
    end
  end

  def test_a_character_that_comes_in_two_pieces
    record do |spans|
      pieces = "häß😀".b.chars.each_slice(2).map(&:join)
      stream(pieces).each { |_| nil }
      stream(["ä".b[0]]).each { |_| nil }
      assert_equal ["häß😀", "\u{fffd}"], spans.map { |span| span.output.first["content"] }
    end
  end

  def test_the_span_is_current_for_the_source_and_not_for_the_reader
    record do |spans|
      source = Enumerator.new { |out| 2.times { |n| Witspan.tool("inside") { out << n.to_s } } }
      Witspan.workflow("w") { stream(source).each { |_| Witspan.task("reader") {} } }
      assert_equal ["ask"], spans.select { |span| span.name == "inside" }.map { |span| span.parent.name }.uniq
      assert_equal ["w"], spans.select { |span| span.name == "reader" }.map { |span| span.parent.name }.uniq
    end
  end

  def test_how_streams_end
    record do |spans|
      stream(%w[a b]).each { |_| break }
      stream(Enumerator.new { |out| out << "a"; raise IOError, "gone" }).each { |_| nil } rescue IOError
      stream(%w[a b]).each { |_| raise KeyError, "mine" } rescue KeyError
      stream([]).each { |_| nil }
      stream(%w[never read]).close
      outside = stream(%w[a b])
      assert_equal %w[a b], [outside.each.next, outside.lazy.map(&:itself).first(2).last]
      assert_equal [nil, "IOError", "KeyError", nil, nil], spans.first(5).map { |span| span.error&.fetch("type") }
      assert_equal ["a", "a", "a", nil, nil], spans.first(5).map { |span| span.output&.first&.fetch("content") }
    end
  end

  def test_a_long_stream_is_kept_within_bounds
    record do |spans|
      stream(Array.new(30) { "x" * 50_000 }).each { |_| nil }
      assert_match(/x\[10 more\]\z/, spans["ask"].output.first["content"])
    end
  end
end

class TestProcessor < Test
  def test_an_event_can_be_changed_or_dropped
    record(processor: ->(event) { event if event["name"] != "secret" }) do |spans|
      Witspan.task("secret") {}
      Witspan.task("a", input: "b") {}
      Witspan.processor { |event| event.redact { |text| text.sub("4111", "(card)") } }
      Witspan.llm("c", input: [{ role: "user", content: "4111" }]) {}
      Witspan.processor
      Witspan.task("d", input: "4111") {}
      assert_equal %w[a c d], spans.map(&:name)
      assert_equal ["b", "(card)", "4111"], [spans["a"].input, spans["c"].input[0]["content"], spans["d"].input]
    end
  end

  def test_it_fails_closed
    wrong = [-> { raise "no" }, -> { 5 }, -> { throw :out }, -> { raise NotImplementedError }]
    record do |spans|
      wrong.each do |each|
        Witspan.processor { |_| each.call }
        catch(:out) { Witspan.task("a", input: "secret") {} }
      end
      Witspan.processor { |_| exit(3) }
      assert_raises(SystemExit) { Witspan.task("a", input: "secret") {} }
      assert_equal 5, spans.size
      assert_equal 5, Witspan.statistics["content_dropped"]
      refute_includes spans.map(&:event).to_s, "secret"
    end
  end

  def test_a_thread_that_is_killed_inside_goes_through_it_first
    record do |spans|
      entered = Queue.new
      Witspan.processor do |event|
        entered << true
        sleep 0.1
        event
      end
      thread = Thread.new { Witspan.task("a") {} }
      entered.pop
      thread.kill.join
      assert_raises(Timeout::Error) { Timeout.timeout(0.02) { Witspan.task("b") {} } }
      assert_equal %w[a b], spans.map(&:name)
    end
  end

  def test_spans_inside_are_not_kept_and_threads_may_be_in_it_at_once
    record do |spans|
      Witspan.processor do |event|
        Witspan.task("inside") { Thread.pass }
        event
      end
      Array.new(4) { |n| Thread.new { 25.times { Witspan.task("t#{n}") { sleep 0.0005 } } } }.each(&:join)
      assert_equal 100, spans.size
      refute_includes spans.map(&:name), "inside"
    end
  end
end
