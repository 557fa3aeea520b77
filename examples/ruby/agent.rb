# Answers a question about this repository from its own documents, and traces how.
#
#     ruby examples/ruby/agent.rb "How does a span find its parent?"
#
# One run is one trace. Where it goes is configured by the DD_* environment; see the README.

require "optparse"
require "securerandom"
require "witspan"
require_relative "documents"
require_relative "endpoint"
require_relative "index"
require_relative "librarian"
require_relative "manifest"

class Agent
  extend Witspan::Traced

  ROOT = File.expand_path("../..", __dir__)

  # Reads, searches, answers: the root of the trace.
  def ask(question, session_id)
    Endpoint.connect(ROOT) do |endpoint|
      Witspan.workflow("ask", session_id: session_id, input: question,
                              metadata: { chat_model: endpoint.chat_model }, tags: { example: "docs-agent" }) do |span|
        Manifest.made("ask", "workflow")
        index = Index.new(endpoint, Documents.read_documents(ROOT))
        index.build
        librarian = Librarian.new(endpoint, index, ROOT) { |piece| print piece }
        answer = librarian.answer(question)
        check_citations(answer, librarian.sources.sort)
        span.annotate(output: answer)
      end
    end
  end

  private

  # Which sources the answer names, and which of those it was never given.
  traced def check_citations(answer, sources)
    Manifest.made("check_citations", "task", under: "ask")
    cited = answer.scan(/\[([^\[\]\s]+)\]/).flatten.uniq.sort
    { cited: cited, unknown: cited - sources }
  end
end

session = "docs-#{SecureRandom.hex(4)}"
OptionParser.new { |options| options.on("--session ID") { |id| session = id } }.parse!

$stdout.sync = true
Witspan.start
begin
  Agent.new.ask(ARGV.fetch(0, "How does a span find its parent, and why can it be dropped?"), session)
  puts
ensure
  Witspan.flush(timeout: 10)
  warn "spans: #{Witspan.statistics}"
  Witspan.shutdown
  Manifest.write
end
