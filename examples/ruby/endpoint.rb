# Where the models are: a real OpenAI-compatible endpoint, or the stand-in on loopback.

require "json"
require "net/http"

class Endpoint
  attr_reader :chat_model, :embedding_model, :provider

  # Gives a block the endpoint of OPENAI_BASE_URL; without one, a stand-in that lives as long as the block.
  def self.connect(root)
    if (url = ENV["OPENAI_BASE_URL"])
      return yield new(url, ENV.fetch("OPENAI_MODEL", "gpt-4o-mini"),
                       ENV.fetch("OPENAI_EMBEDDING_MODEL", "text-embedding-3-small"), "openai")
    end

    IO.popen(["python3", "#{root}/examples/python/standin_server.py"]) do |server|
      # It says where it is: `export OPENAI_BASE_URL=http://… OPENAI_API_KEY=none`.
      url = server.gets.to_s[/OPENAI_BASE_URL=(\S+)/, 1]
      raise "the stand-in for a model needs Python; OPENAI_BASE_URL names a real one" unless url

      yield new(url, "standin-chat-1", "standin-embed-1", "standin")
    ensure
      Process.kill(:TERM, server.pid)
    end
  end

  def initialize(url, chat_model, embedding_model, provider)
    @url = url
    @chat_model = chat_model
    @embedding_model = embedding_model
    @provider = provider
  end

  # The answer to a request.
  def ask(path, body)
    post(path, body) { |response| JSON.parse(response.read_body) }
  end

  # Each chunk of a streamed answer.
  def stream(path, body)
    post(path, body) do |response|
      rest = +""
      response.read_body do |bytes|
        rest << bytes
        while (line = rest.slice!(/\A.*\n/))
          data = line[/\Adata: (.*)/, 1]
          yield JSON.parse(data) if data && data != "[DONE]"
        end
      end
    end
  end

  private

  def post(path, body)
    uri = URI("#{@url}/#{path}")
    request = Net::HTTP::Post.new(uri, "content-type" => "application/json",
                                       "authorization" => "Bearer #{ENV.fetch("OPENAI_API_KEY", "none")}")
    request.body = JSON.generate(body)
    # A proxy of the environment must not get a request that is for this machine.
    proxy = uri.host == "127.0.0.1" ? nil : :ENV
    Net::HTTP.start(uri.host, uri.port, proxy, use_ssl: uri.scheme == "https") do |http|
      result = nil
      http.request(request) do |response|
        raise "the model answered #{response.code}" unless response.is_a?(Net::HTTPSuccess)

        result = yield response
      end
      result
    end
  end
end
