<?php
// Where the models are: a real OpenAI-compatible endpoint, or the stand-in on loopback.

declare(strict_types=1);

final class Endpoint
{
    /** @var resource|null the stand-in, which lives as long as this */
    private $standin = null;

    private function __construct(
        private readonly string $url,
        private readonly string $key,
        public readonly string $chatModel,
        public readonly string $embeddingModel,
        public readonly string $provider,
    ) {
    }

    public function __destruct()
    {
        if ($this->standin !== null) {
            proc_terminate($this->standin);
            proc_close($this->standin);
        }
    }

    /** The endpoint of OPENAI_BASE_URL; without one, a stand-in. */
    public static function connect(): self
    {
        $url = getenv('OPENAI_BASE_URL');
        if (is_string($url) && $url !== '') {
            $chat = getenv('OPENAI_MODEL') ?: 'gpt-4o-mini';
            $embedding = getenv('OPENAI_EMBEDDING_MODEL') ?: 'text-embedding-3-small';
            return new self($url, (string) getenv('OPENAI_API_KEY'), $chat, $embedding, 'openai');
        }
        $server = dirname(__DIR__) . '/python/standin_server.py';
        $process = proc_open(['python3', $server], [['file', '/dev/null', 'r'], ['pipe', 'w']], $pipes);
        // It says where it is: `export OPENAI_BASE_URL=http://… OPENAI_API_KEY=none`.
        if ($process === false || preg_match('/OPENAI_BASE_URL=(\S+)/', (string) fgets($pipes[1]), $found) !== 1) {
            throw new RuntimeException('the stand-in for a model needs Python; OPENAI_BASE_URL names a real one');
        }
        $endpoint = new self($found[1], 'none', 'standin-chat-1', 'standin-embed-1', 'standin');
        $endpoint->standin = $process;
        return $endpoint;
    }

    /**
     * @param array<string, mixed> $request
     * @return array<string, mixed>
     */
    public function ask(string $path, array $request): array
    {
        return json_decode((string) stream_get_contents($this->open($path, $request)), true, 512, JSON_THROW_ON_ERROR);
    }

    /**
     * The chunks of a streamed answer.
     *
     * @param array<string, mixed> $request
     * @return Generator<int, array<string, mixed>>
     */
    public function stream(string $path, array $request): Generator
    {
        $answer = $this->open($path, $request);
        while (($line = fgets($answer)) !== false) {
            if (str_starts_with($line, 'data: {')) {
                yield json_decode(substr($line, 6), true, 512, JSON_THROW_ON_ERROR);
            }
        }
    }

    /** @return resource */
    private function open(string $path, array $request)
    {
        $answer = fopen("{$this->url}/$path", 'r', false, stream_context_create(['http' => [
            'method' => 'POST',
            'header' => ['content-type: application/json', "authorization: Bearer {$this->key}"],
            'content' => json_encode($request, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE),
        ]]));
        return $answer ?: throw new RuntimeException("the model does not answer at {$this->url}");
    }
}
