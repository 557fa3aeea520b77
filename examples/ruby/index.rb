# Search by meaning: embeds passages once, then finds those nearest to a query.

require "witspan"
require_relative "manifest"

class Index
  extend Witspan::Traced

  PASSAGES_PER_REQUEST = 256
  NEAREST = 3

  def initialize(endpoint, passages)
    @endpoint = endpoint
    @passages = passages
    @vectors = []
  end

  # Embeds every passage.
  def build
    documents = @passages.map { |each| { name: each.source, text: each.text } }
    @vectors = embed("embed_passages", documents, "ask")
  end

  # The passages nearest to `query`, best first.
  def search(query, under)
    nearest(query, embed("embed_query", [{ text: query }], under).first)
  end

  private

  # One embedding span around one or more calls of the embedding model.
  def embed(name, documents, under)
    model = @endpoint.embedding_model
    Witspan.embedding(name, model: model, provider: @endpoint.provider, input: documents) do |span|
      Manifest.made(name, "embedding", under: under, label: "#{name} of #{under}")
      input_tokens = 0
      vectors = documents.each_slice(PASSAGES_PER_REQUEST).flat_map do |some|
        response = @endpoint.ask("embeddings", { model: model, input: some.map { |each| each[:text] } })
        input_tokens += response["usage"]["prompt_tokens"]
        response["data"].map { |each| normal(each["embedding"]) }
      end
      span.annotate(
        output: "#{vectors.size} vectors of #{vectors.first&.size || 0} numbers",
        metrics: { input_tokens: input_tokens, total_tokens: input_tokens }
      )
      vectors
    end
  end

  # The passages nearest to `vector`, with their cosine similarity.
  def nearest(query, vector)
    Manifest.made("nearest", "retrieval", under: "search #{query}", label: "nearest to #{query}")
    # Rounded before they are compared: equal scores keep the order of the documents.
    scores = @vectors.map { |other| vector.zip(other).sum { |a, b| a * b }.round(4) }
    best = scores.each_index.sort_by { |at| [-scores[at], at] }.first(NEAREST)
    found = best.map { |at| { source: @passages[at].source, text: @passages[at].text, score: scores[at] } }
    # The query is the input a reader wants to see; the vector says nothing.
    Witspan.annotate(
      input: query,
      output: found.map { |each| { name: each[:source], text: each[:text], score: each[:score] } },
      metadata: { searched: scores.size, count: NEAREST }
    )
    found
  end
  traced :nearest, kind: :retrieval, capture: false

  # `vector` with length 1, so that a dot product is the cosine.
  def normal(vector)
    length = Math.sqrt(vector.sum { |each| each * each })
    length.zero? ? vector : vector.map { |each| each / length }
  end
end
