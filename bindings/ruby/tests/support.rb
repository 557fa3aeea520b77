# What the tests share: the gem of this checkout, a recorder, a receiver, and programs of their own.

ENV["WITSPAN_LIBRARY"] ||= File.expand_path("../../../target/c/libwitspan.so", __dir__)
LIB = File.expand_path("../lib", __dir__)
$LOAD_PATH.unshift(LIB)
$LOAD_PATH.unshift(File.expand_path("../../../tests/conformance/runners/ruby", __dir__))

require "minitest/autorun"
require "open3"
require "tmpdir"
require "receiver"
require "witspan"
require "witspan/recorder"

module Support
  # Runs a block with spans in memory.
  def record(**settings, &block)
    Witspan::Recorder.record(**settings, &block)
  end

  # A receiver of spans, closed afterwards.
  def receiving(answers = [])
    receiver = Receiver.new(answers)
    yield receiver
  ensure
    receiver.close
  end

  # The spans that a receiver got.
  def spans_of(receiver)
    Witspan::Recorded.read(receiver.got.map(&:body)).first
  end

  def until_true(seconds = 20)
    ends = now + seconds
    until yield
      flunk "it did not come true in #{seconds} s" if now > ends
      sleep 0.01
    end
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # The variables of a program that sends to this receiver.
  def environment(receiver, **more)
    own = ENV.keys.grep(/\A(DD_|WITSPAN_(?!LIBRARY))/).to_h { |name| [name, nil] }
    {
      **own, "DD_LLMOBS_OVERRIDE_ORIGIN" => receiver.url, "WITSPAN_INTAKE" => "sdk",
      "DD_LLMOBS_AGENTLESS_ENABLED" => "0", "DD_LLMOBS_ML_APP" => "tests", **more.transform_keys(&:to_s)
    }
  end

  # Runs a program; what it printed, its status.
  def program(receiver, text, **more)
    Open3.capture3(environment(receiver, **more), RbConfig.ruby, "-w", "-I", LIB, "-r", "witspan", "-e", text)
  end
end

class Test < Minitest::Test
  include Support
end
