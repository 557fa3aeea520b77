<?php
// Search by meaning: embeds passages once, then finds those nearest to a query.

declare(strict_types=1);

use Witspan\LLMObs;
use Witspan\Span;

/** Passages and their vectors, in memory. */
final class Index
{
    private const PASSAGES_PER_REQUEST = 256;
    private const NEAREST = 3;

    /** @var list<list<float>> */
    private readonly array $vectors;

    /** @param list<array{source: string, text: string}> $passages */
    public function __construct(private readonly Endpoint $endpoint, private readonly array $passages)
    {
        $documents = array_map(fn (array $each): array => ['name' => $each['source'], 'text' => $each['text']], $passages);
        $this->vectors = $this->embed('embed_passages', $documents, 'ask');
    }

    /** @return list<array{score: float, source: string, text: string}> the passages nearest to a query, best first */
    public function search(string $query, string $under): array
    {
        [$vector] = $this->embed('embed_query', [['text' => $query]], $under);
        return $this->nearest($query, $vector);
    }

    /**
     * One embedding span around one or more calls of the embedding model.
     *
     * @param list<array<string, string>> $documents
     * @return list<list<float>>
     */
    private function embed(string $name, array $documents, string $under): array
    {
        $model = $this->endpoint->embeddingModel;
        return LLMObs::embedding($name, function (Span $span) use ($name, $documents, $under, $model): array {
            Manifest::made($span, $name, 'embedding', $under, "$name of $under");
            $span->annotate(input: $documents);
            [$vectors, $tokens] = [[], 0];
            foreach (array_chunk(array_column($documents, 'text'), self::PASSAGES_PER_REQUEST) as $texts) {
                // As OpenAI's own clients ask: it is shorter.
                $request = ['model' => $model, 'input' => $texts, 'encoding_format' => 'base64'];
                $response = $this->endpoint->ask('embeddings', $request);
                foreach ($response['data'] as $each) {
                    $vectors[] = self::normal(array_values((array) unpack('g*', (string) base64_decode($each['embedding']))));
                }
                $tokens += $response['usage']['prompt_tokens'];
            }
            $size = count($vectors[0] ?? []);
            $span->annotate(
                output: count($vectors) . " vectors of $size numbers",
                metrics: ['input_tokens' => $tokens, 'total_tokens' => $tokens],
            );
            return $vectors;
        }, model: $model, provider: $this->endpoint->provider);
    }

    /**
     * The passages nearest to a vector, with their cosine similarity.
     *
     * @param list<float> $vector
     * @return list<array{score: float, source: string, text: string}>
     */
    private function nearest(string $query, array $vector): array
    {
        return LLMObs::retrieval('nearest', function (Span $span) use ($query, $vector): array {
            Manifest::made($span, 'nearest', 'retrieval', "search $query", "nearest to $query");
            $scored = [];
            foreach ($this->vectors as $at => $other) {
                $product = 0.0;
                foreach ($vector as $place => $each) {
                    $product += $each * $other[$place];
                }
                // Rounded before they are compared: equal scores keep the order of the documents.
                $scored[] = ['score' => floor($product * 1e4 + 0.5) / 1e4] + $this->passages[$at];
            }
            $count = count($scored);
            usort($scored, fn (array $a, array $b): int => $b['score'] <=> $a['score']);
            $found = array_slice($scored, 0, self::NEAREST);
            $span->annotate(
                // The query is the input a reader wants to see; the vector says nothing.
                input: $query,
                output: array_map(fn (array $each): array => [
                    'name' => $each['source'],
                    'text' => $each['text'],
                    'score' => $each['score'],
                ], $found),
                metadata: ['searched' => $count, 'count' => self::NEAREST],
            );
            return $found;
        });
    }

    /**
     * A vector with length 1, so that a dot product is the cosine.
     *
     * @param list<float> $vector
     * @return list<float>
     */
    private static function normal(array $vector): array
    {
        $length = sqrt(array_sum(array_map(fn (float $each): float => $each * $each, $vector))) ?: 1.0;
        return array_map(fn (float $each): float => $each / $length, $vector);
    }
}
