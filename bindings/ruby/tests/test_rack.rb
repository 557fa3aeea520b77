# Rack: a request's trace goes on, by the middleware alone and in the real Puma with forked workers.

require_relative "support"
require "net/http"

class TestRack < Test
  def setup
    require "rack"
  rescue LoadError
    skip "rack is not installed"
  end

  def stack(&app)
    Rack::Lint.new(Rack::Builder.new { use Witspan::Rack; run app }.to_app)
  end

  def client
    Witspan.workflow("client") { Witspan.inject({}) }.to_h { |name, value| ["HTTP_#{name.upcase.tr("-", "_")}", value] }
  end

  def test_a_request_continues_its_trace
    record do |spans|
      app = stack { |_| Witspan.task("served") { [200, { "content-type" => "text/plain" }, ["ok"]] } }
      assert_equal "ok", Rack::MockRequest.new(app).get("/", client).body
      Rack::MockRequest.new(app).get("/")
      served = spans.select { |span| span.name == "served" }
      assert_equal [spans["client"].span_id, nil], served.map(&:parent_id)
      assert_nil Witspan.current_span
    end
  end

  def test_a_body_that_is_made_later_is_of_the_trace_too
    record do |spans|
      body = Enumerator.new { |out| Witspan.task("late") { out << "ok" } }
      app = stack { |_| [200, { "content-type" => "text/plain" }, body] }
      Rack::MockRequest.new(app).get("/", client)
      assert_same spans["client"], spans["late"].parent
    end
  end

  def test_an_error_of_the_application_goes_on
    record do |spans|
      app = Witspan::Rack.new(->(_) { Witspan.task("served") { raise IOError, "no" } })
      assert_raises(IOError) { app.call(client) }
      assert_equal "IOError", spans["served"].error["type"]
    end
  end
end

class TestPuma < Test
  WORKERS = 2
  REQUESTS = 40

  CONFIG = <<~'RUBY'.freeze
    # Loaded before the workers fork.
    require "witspan"
    Witspan.start(ml_app: "puma")
    Witspan.task("boot") {}
    use Witspan::Rack
    run(lambda do |env|
      name = env["PATH_INFO"].delete_prefix("/")
      Witspan.workflow("serve #{name}") do
        Witspan.llm("ask", model: "m", input: name, tags: { worker: Process.pid }) { sleep 0.002 }
      end
      [200, { "content-type" => "text/plain" }, [Process.pid.to_s]]
    end)
  RUBY

  def setup
    @puma = ENV["PATH"].split(File::PATH_SEPARATOR).map { |folder| "#{folder}/puma" }.find { |path| File.executable?(path) }
    skip "puma is not installed" unless @puma
  end

  def port
    TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
  end

  # Runs Puma while a block asks it at its port; what the block gives.
  def serving(receiver, *options)
    Dir.mktmpdir do |folder|
      File.write("#{folder}/config.ru", CONFIG)
      at = port
      command = [RbConfig.ruby, "-I", LIB, @puma, "-C", "-", "-b", "tcp://127.0.0.1:#{at}", *options, "config.ru"]
      pid = spawn(environment(receiver), *command, chdir: folder, out: "#{folder}/log", err: "#{folder}/log")
      begin
        until_true(30) { answer(at, "", {}) rescue nil }
        given = yield at
      ensure
        Process.kill(:TERM, pid)
        Process.wait(pid)
      end
      refute_match(/^witspan/, File.read("#{folder}/log"))
      given
    end
  end

  def answer(at, name, headers)
    Net::HTTP.start("127.0.0.1", at, nil) { |http| http.get("/#{name}", headers).body }
  end

  def serve_all(*options)
    receiving do |receiver|
      headers = {}
      ids = record do
        Witspan.workflow("client") { |span| Witspan.inject(headers) && span.ids }
      end
      workers = serving(receiver, *options) do |at|
        Array.new(4) { |t| Thread.new { Array.new(REQUESTS / 4) { |n| answer(at, "#{t}-#{n}", headers) } } }.flat_map(&:value)
      end
      spans = spans_of(receiver)
      assert_equal 1, spans.count { |span| span.name == "boot" }
      served = spans.select { |span| span.name.match?(/\Aserve \d/) }
      assert_equal REQUESTS, served.size
      assert_equal REQUESTS, served.map(&:name).uniq.size
      assert_equal [ids[:span_id]], served.map(&:parent_id).uniq
      asked = served.map { |span| span.children.fetch(0) }
      assert_equal workers.sort, asked.map { |span| span.tags["worker"] }.sort
      assert_equal 0, receiver.got.map(&:body).uniq.size - receiver.got.size
      workers.uniq.size
    end
  end

  def test_workers_that_are_forked_from_a_preloaded_application
    # Which worker gets a request is the system's choice.
    assert_includes 1..WORKERS, serve_all("-w", WORKERS.to_s, "--preload", "-t", "2:2")
  end

  def test_one_process_with_threads
    assert_equal 1, serve_all("-t", "4:4")
  end
end
