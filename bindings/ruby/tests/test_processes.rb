# How programs end, fork and are interrupted: what arrives, exactly once, and what does not.

require_relative "support"

class TestProcesses < Test
  START = "Witspan.start\n".freeze

  # The names that arrived, in order.
  def names_after(text, **variables)
    receiving do |receiver|
      @out, @err, @status = program(receiver, START + text, **variables)
      return spans_of(receiver).map(&:name).sort
    end
  end

  # Runs a program, and does something to it when it has said that it is ready.
  def while_running(text, answers = [], **variables)
    receiving(answers) do |receiver|
      command = [RbConfig.ruby, "-w", "-I", LIB, "-r", "witspan", "-e", "$stdout.sync = true\n#{START}#{text}"]
      Open3.popen2(environment(receiver, **variables), *command, err: File::NULL) do |_, out, process|
        assert_equal "ready\n", out.gets
        yield process.pid
        @status = process.value
      end
      return spans_of(receiver)
    end
  end

  def test_the_end_of_a_program_delivers
    assert_equal %w[t], names_after("Witspan.task('t') {}")
    assert_empty @err
    assert_equal %w[t], names_after("Witspan.task('t') {}; exit(3)")
    assert_equal 3, @status.exitstatus
    assert_equal %w[t], names_after("Witspan.task('t') {}; raise 'no'")
    assert_match(/no \(RuntimeError\)/, @err)
    assert_equal %w[t u], names_after("at_exit { Witspan.task('u') {} }; Witspan.task('t') {}")
  end

  def test_an_end_without_hooks_delivers_nothing
    assert_empty names_after("Witspan.task('t') {}; exit!")
    assert_empty names_after("Witspan.task('t') {}; $stdout.flush; Process.kill(:KILL, Process.pid)")
  end

  def test_the_end_waits_for_its_time_at_most
    began = now
    names = while_running("Witspan.task('t') {}; puts 'ready'", [{ "status" => 503, "headers" => { "retry-after" => "60" } }],
                          WITSPAN_EXIT_TIMEOUT: "0.3") { |_| nil }
    assert_operator now - began, :<, 10
    assert @status.success?
    assert_equal 1, names.size
  end

  def test_signals_deliver_and_end_the_program_as_they_do
    { "TERM" => 15, "HUP" => 1, "INT" => 2 }.each do |name, number|
      spans = while_running("Witspan.workflow('w') { Witspan.task('t') {}; puts 'ready'; sleep }") do |pid|
        Process.kill(name, pid)
      end
      assert_equal %w[w t], spans.map(&:name)
      assert_equal number, @status.termsig
      assert_equal name == "INT" ? "Interrupt" : "SignalException", spans[0].error["type"]
    end
  end

  def test_a_trap_may_trace
    text = "trap('USR1') { Witspan.task('in trap') {}; exit }; Witspan.task('t') {}; puts 'ready'; sleep"
    spans = while_running(text) { |pid| Process.kill("USR1", pid) }
    assert_equal ["t", "in trap"], spans.map(&:name)
  end

  def test_a_fork_sends_its_own_and_nothing_twice
    names = names_after(<<~'RUBY')
      Witspan.processor { |event| event["name"] += "."; event }
      Witspan.task("before") {}
      Witspan.workflow("around") do
        pids = [fork { Witspan.task("child") {} }]
        pids << fork { Witspan.task("asked") {}; p Witspan.flush.delivered; exit! }
        pids << fork { nil }
        pids.each { |pid| Process.wait(pid) }
        # Both go on from here.
        if (pid = fork) then Process.wait(pid) else Witspan.task("other") {} end
      end
      Witspan.task("after #{$$ == Process.pid}") {}
    RUBY
    assert_equal ["after true.", "after true.", "around.", "asked.", "before.", "child.", "other."], names
    assert_equal "1\n", @out
    assert_empty @err
  end

  def test_a_fork_while_threads_trace
    names = names_after(<<~'RUBY')
      running = true
      threads = Array.new(4) { Thread.new { Witspan.task("thread") { Witspan.annotate(input: "x" * 1000) } while running } }
      10.times { |n| Process.wait(fork { Witspan.task("child #{n}") {} }) }
      running = false
      threads.each(&:join)
    RUBY
    assert @status.success?, @err
    assert_equal (0..9).map { |n| "child #{n}" }, names.uniq - ["thread"]
    assert_equal names.grep(/child/).uniq, names.grep(/child/)
  end

  def test_a_daemon
    # Ruby ends the parent without hooks: what has finished there is flushed by the program.
    names = nil
    receiving do |receiver|
      text = "Witspan.task('before') {}; Witspan.flush; Process.daemon(true); Witspan.task('daemon') {}"
      _, err, status = program(receiver, START + text)
      assert status.success?, err
      until_true { receiver.got.size == 2 }
      names = spans_of(receiver).map(&:name)
    end
    assert_equal %w[before daemon], names
  end

  def test_a_program_that_is_replaced_flushes_before
    text = "Witspan.task('t') {}; Witspan.flush; exec('true')"
    assert_equal %w[t], names_after(text)
  end

  def test_other_threads_run_while_a_flush_waits
    out = while_running(<<~'RUBY', [{ "status" => 503, "headers" => { "retry-after" => "60" } }]) { |_| nil }
      Witspan.task("t") {}
      ticks = 0
      thread = Thread.new { loop { ticks += 1; sleep 0.005 } }
      settled = Witspan.flush(timeout: 0.4).settled
      thread.kill
      abort "#{ticks} ticks" unless ticks > 20 && !settled
      puts "ready"
      Witspan.shutdown(timeout: 0)
    RUBY
    assert @status.success?
    assert_equal 1, out.size
  end

  def test_a_flush_can_be_interrupted
    receiving([{ "status" => 503, "headers" => { "retry-after" => "60" } }]) do |receiver|
      out, err, = program(receiver, <<~'RUBY')
        require "timeout"
        Witspan.start
        Witspan.task("t") {}
        began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        begin
          Timeout.timeout(0.2) { Witspan.flush(timeout: 30) }
        rescue Timeout::Error
          p Process.clock_gettime(Process::CLOCK_MONOTONIC) - began < 10
        end
        Witspan.shutdown(timeout: 0)
        p Witspan.on?
        Witspan.task("u") {}
      RUBY
      assert_equal "true\nfalse\n", out, err
      assert_match(/\Awitspan: /, err)
    end
  end

  def test_tracing_can_start_again
    assert_equal %w[t u], names_after(<<~'RUBY')
      Witspan.task("t") {}
      Witspan.workflow("open then") { Witspan.shutdown }
      Witspan.task("off") {}
      Witspan.start
      GC.start
      Witspan.task("u") {}
    RUBY
  end

  def test_a_receiver_that_is_away_costs_the_spans_and_no_more
    out, err, status = program(Struct.new(:url).new("http://127.0.0.1:9"), <<~'RUBY', WITSPAN_EXIT_TIMEOUT: "0.2")
      Witspan.start
      p(Witspan.task("t") { 7 })
    RUBY
    assert_equal "7\n", out
    assert status.success?
    assert_match(/\A(witspan: .*\n)+\z/, err)
  end
end
