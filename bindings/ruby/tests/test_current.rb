# What is current in threads, fibers and enumerators, and after a span has finished inside of its block.

require_relative "support"

class TestCurrent < Test
  INHERITED = Fiber.respond_to?(:[])

  # The name of the parent that a span has which starts in there.
  def parent_of(spans, name)
    spans[name].parent&.name
  end

  def test_each_thread_has_its_own
    record do |spans|
      threads = Array.new(8) do |at|
        Thread.new do
          20.times { |n| Witspan.workflow("w#{at}-#{n}") { Witspan.task("t#{at}-#{n}") { Thread.pass } } }
        end
      end
      threads.each(&:join)
      assert_equal 320, spans.size
      assert(spans.select { |span| span.kind == :task }.all? { |span| span.parent.name == span.name.sub("t", "w") })
    end
  end

  def test_a_new_thread_begins_with_nothing_or_with_what_is_current_by_the_version_of_ruby
    record do |spans|
      Witspan.workflow("w") { Thread.new { Witspan.task("t") {} }.join }
      INHERITED ? assert_equal("w", parent_of(spans, "t")) : assert_nil(spans["t"].parent)
    end
  end

  def test_so_does_a_new_fiber
    record do |spans|
      Witspan.workflow("w") do
        Fiber.new { Witspan.task("t") {} }.resume
        # Its block runs in a fiber where it is asked from outside, and else in this one.
        words = Enumerator.new { |out| Witspan.task("e") { out << 1 } }
        words.next
        words.each { |_| nil }
      end
      parents = spans.select { |span| %w[t e].include?(span.name) }.map { |span| span.parent&.name }
      assert_equal INHERITED ? %w[w w] : [nil, "w"], parents
    end
  end

  def test_carry_takes_it_along
    record do |spans|
      jobs = Witspan.workflow("w") do
        Witspan.annotation_context(tags: { team: "a" }) do
          %w[thread fiber].map { |name| Witspan.carry { |more| Witspan.task("#{name}#{more}") { name } } }
        end
      end
      assert_equal "thread", Thread.new { jobs[0].call(1) }.value
      assert_equal "fiber", Fiber.new { jobs[1].call(2) }.resume
      assert_equal %w[w w], [parent_of(spans, "thread1"), parent_of(spans, "fiber2")]
      assert_equal "a", spans["thread1"].tags["team"]
      assert_nil Witspan.current_span
    end
  end

  def test_fibers_that_take_turns
    record do |spans|
      fibers = %w[a b].map do |name|
        Fiber.new do
          Witspan.workflow(name) do
            Fiber.yield
            Witspan.task("#{name}-") { Fiber.yield }
          end
        end
      end
      3.times { fibers.each(&:resume) }
      assert_equal %w[a b], [parent_of(spans, "a-"), parent_of(spans, "b-")]
      assert_equal 4, spans.size
    end
  end

  def test_a_span_that_finishes_inside_of_its_block_is_not_current_any_more
    record do |spans|
      Witspan.workflow("w") do
        Witspan.agent("a") do |span|
          Witspan.annotation_context(tags: { team: "x" }) do
            span.finish
            assert_equal "w", Witspan.current_span.info[:name]
            Witspan.task("after") {}
          end
        end
      end
      assert_equal "w", parent_of(spans, "after")
      assert_equal "x", spans["after"].tags["team"]
    end
  end

  def test_work_that_outlives_its_span_stays_in_the_trace
    record do |spans|
      job = nil
      Witspan.workflow("w") { Witspan.agent("a") { job = Witspan.carry { Witspan.task("late") {} } } }
      Thread.new(&job).join
      assert_equal "a", parent_of(spans, "late")
    end
  end

  def test_annotate_means_the_current_span
    record do |spans|
      Witspan.workflow("w") do
        Witspan.task("t") {}
        Witspan.annotate(output: "said")
      end
      assert_equal "said", spans["w"].output
    end
  end

  def test_annotate_without_a_span_is_counted
    log = StringIO.new
    Witspan.logger = Logger.new(log)
    record do
      2.times { Witspan.annotate(output: "said") }
      assert_equal 2, Witspan.statistics["annotations_rejected"]
    end
    assert_equal 1, log.string.scan("`annotate` was called where no span is open").size
  ensure
    Witspan.logger = nil
  end
end
