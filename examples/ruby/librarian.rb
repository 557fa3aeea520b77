# The agent: lets a model choose how to look into the documents, then has it write an answer.

require "json"
require "set"
require "witspan"
require_relative "manifest"

class Librarian
  extend Witspan::Traced

  MAX_TURNS = 4
  DOCUMENT_CHARACTERS = 6000
  INSTRUCTIONS = "You answer questions about a software repository from its own documents. Read a document " \
                 "or search first. Use only what the tools give you, and name the source of each statement " \
                 "in square brackets, such as [README.md:12].".freeze

  # A tool with one text parameter, as the chat completions API wants it.
  def self.tool(name, description, parameter, meaning)
    properties = { parameter => { type: "string", description: meaning } }
    schema = { type: "object", properties: properties, required: [parameter] }
    { type: "function", function: { name: name, description: description, parameters: schema } }
  end

  TOOLS = [
    tool("read_document", "Reads one document.", "path", "Its path in the repository."),
    tool("search", "Finds the passages nearest in meaning.", "query", "What to look for.")
  ].freeze

  # The documents and passages that the model was given.
  attr_reader :sources

  # Answers one question. The block gets the answer piece by piece as it comes.
  def initialize(endpoint, index, root, &show)
    @endpoint = endpoint
    @index = index
    @root = root
    @show = show
    @turn = 0
    @sources = Set.new
  end

  # Turns of deciding and using tools until something was found, then the answer.
  def answer(question)
    Manifest.made("librarian", "agent", under: "ask")
    messages = [{ role: "system", content: INSTRUCTIONS }, { role: "user", content: question }]
    while @sources.empty? && @turn < MAX_TURNS
      @turn += 1
      reply = decide(messages)
      messages << reply
      break unless reply["tool_calls"]

      messages.concat(use_tools(reply["tool_calls"]))
    end
    write(messages)
  end
  traced :answer, kind: :agent, name: "librarian"

  private

  # Asks the model what to do next. Its reply is a message in OpenAI's own shape.
  def decide(messages)
    # The input goes in before the call, so that a call that fails still shows it.
    Witspan.llm(
      "decide", model: @endpoint.chat_model, provider: @endpoint.provider, input: messages,
                metadata: { temperature: 0, tools: TOOLS.map { |each| each[:function][:name] } }, tags: { turn: @turn }
    ) do |span|
      Manifest.made("decide", "llm", under: "librarian", label: "decide #{@turn}")
      request = { model: @endpoint.chat_model, messages: messages, tools: TOOLS, temperature: 0 }
      completion = @endpoint.ask("chat/completions", request)
      choice = completion["choices"].first
      reply = choice["message"].compact
      span.annotate(
        output: [reply], metadata: { finish_reason: choice["finish_reason"] }, metrics: tokens(completion["usage"])
      )
      reply
    end
  end

  # Runs what the model asked for in one turn, all at the same time.
  def use_tools(calls)
    Manifest.made("use_tools", "workflow", under: "librarian", label: "use_tools #{@turn}")
    # A thread begins with nothing that is current, unless it takes it along.
    use = Witspan.carry { |call| use_tool(call) }
    calls.map { |call| Thread.new { use.call(call) } }.map(&:value)
  end
  traced :use_tools, kind: :workflow

  # Runs one tool. An error becomes an answer to the model, which may choose another way.
  def use_tool(call)
    name = call["function"]["name"]
    given = JSON.parse(call["function"]["arguments"])
    content =
      case name
      when "read_document" then read_document(given.fetch("path"))
      # In one order: what a model reads is the same from every language.
      when "search" then JSON.generate(search(given.fetch("query")).map { |each| each.slice(:score, :source, :text) })
      else raise ArgumentError, "there is no tool `#{name}`"
      end
    { role: "tool", tool_call_id: call["id"], content: content }
  rescue StandardError => e
    # It has left the tool's span, which is marked with it; here it ends.
    { role: "tool", tool_call_id: call["id"], content: "error: #{e.message}" }
  end

  # The beginning of one document. Nothing outside the repository is read.
  def read_document(path)
    Manifest.made("read_document", "tool", under: "use_tools #{@turn}", label: "read #{path}")
    file = File.expand_path(path, @root)
    raise IOError, "no document `#{path}`" unless file.start_with?("#{@root}/") && File.file?(file)

    @sources << path
    File.read(file, encoding: "UTF-8")[0, DOCUMENT_CHARACTERS]
  end
  traced :read_document, kind: :tool

  # The passages nearest to `query`.
  def search(query)
    Manifest.made("search", "tool", under: "use_tools #{@turn}", label: "search #{query}")
    found = @index.search(query, "search #{query}")
    @sources.merge(found.map { |each| each[:source] })
    found
  end
  traced :search, kind: :tool

  # Has the model write the answer, streamed.
  def write(messages)
    model = @endpoint.chat_model
    Witspan.llm("write", model: model, provider: @endpoint.provider, input: messages,
                         metadata: { temperature: 0, stream: true }) do |span|
      Manifest.made("write", "llm", under: "librarian")
      started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      metrics = {}
      text = +""
      request = { model: model, messages: messages, tools: TOOLS, tool_choice: "none", temperature: 0, stream: true,
                  stream_options: { include_usage: true } }
      @endpoint.stream("chat/completions", request) do |chunk|
        if (piece = chunk["choices"].first&.dig("delta", "content"))
          metrics[:time_to_first_token] ||= Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
          text << piece
          @show.call(piece)
        end
        metrics.merge!(tokens(chunk["usage"]))
      end
      span.annotate(output: [{ role: "assistant", content: text }], metrics: metrics)
      text
    end
  end

  # The usage of a response, under the names that LLM Observability gives meaning to.
  def tokens(usage)
    return {} unless usage

    { input_tokens: usage["prompt_tokens"], output_tokens: usage["completion_tokens"],
      total_tokens: usage["total_tokens"] }
  end
end
