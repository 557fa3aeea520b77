# A scripted HTTP receiver on loopback: it gives the answers of a case in order, then 202, and keeps the requests.

require "socket"

class Receiver
  Request = Struct.new(:path, :headers, :body)

  attr_reader :got

  def initialize(answers)
    @answers = answers.dup
    @got = []
    @lock = Mutex.new
    @server = TCPServer.new("127.0.0.1", 0)
    @connections = []
    @thread = Thread.new { serve }
  end

  def url
    "http://127.0.0.1:#{@server.addr[1]}"
  end

  def close
    @server.close
    [@thread, *@connections].each { |thread| thread.kill.join }
  end

  private

  def serve
    loop do
      connection = @server.accept
      @connections << Thread.new { answer(connection) }
    end
  rescue IOError
    nil # It was closed.
  end

  def answer(connection)
    while (line = connection.gets)
      method, path, = line.split
      headers = {}
      until (line = connection.gets.chomp).empty?
        name, value = line.split(": ", 2)
        headers[name.downcase] = value
      end
      body = connection.read(headers.fetch("content-length", "0").to_i).force_encoding(Encoding::UTF_8)
      status, more = method == "GET" ? [404, {}] : take(Request.new(path, headers, body))
      break if status.zero?

      lines = more.map { |name, value| "#{name}: #{value}\r\n" }.join
      connection.write("HTTP/1.1 #{status} Said\r\n#{lines}content-length: 0\r\n\r\n")
    end
  rescue IOError, SystemCallError
    nil # The client went away.
  ensure
    connection.close
  end

  def take(request)
    @lock.synchronize do
      @got << request
      answer = @answers.shift || { "status" => 202 }
      [answer["status"], answer.fetch("headers", {})]
    end
  end
end
