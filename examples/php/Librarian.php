<?php
// The agent: lets a model choose how to look into the documents, then has it write an answer.

declare(strict_types=1);

use Witspan\LLMObs;
use Witspan\Span;

/** Answers one question, and prints the answer piece by piece as it comes. */
final class Librarian
{
    private const MAX_TURNS = 4;
    private const DOCUMENT_CHARACTERS = 6000;
    private const INSTRUCTIONS = 'You answer questions about a software repository from its own documents. Read a '
        . 'document or search first. Use only what the tools give you, and name the source of each statement in square '
        . 'brackets, such as [README.md:12].';
    private const JSON = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS;

    /** @var array<string, true> */
    public array $sources = [];
    private int $turn = 0;

    public function __construct(
        private readonly Endpoint $endpoint,
        private readonly Index $index,
        private readonly string $root,
    ) {
    }

    /** Turns of deciding and using tools until something was found, then the answer. */
    public function answer(string $question): string
    {
        return LLMObs::agent('librarian', function (Span $span) use ($question): string {
            Manifest::made($span, 'librarian', 'agent', 'ask');
            $span->annotate(input: ['question' => $question]);
            $messages = [
                ['role' => 'system', 'content' => self::INSTRUCTIONS],
                ['role' => 'user', 'content' => $question],
            ];
            while ($this->sources === [] && $this->turn < self::MAX_TURNS) {
                $this->turn++;
                $messages[] = $reply = $this->decide($messages);
                if (empty($reply['tool_calls'])) {
                    break;
                }
                $messages = [...$messages, ...$this->useTools($reply['tool_calls'])];
            }
            $answer = $this->write($messages);
            $span->annotate(output: $answer);
            return $answer;
        });
    }

    /**
     * Asks the model what to do next. Its reply is a message in OpenAI's own shape.
     *
     * @param list<array<string, mixed>> $messages
     * @return array<string, mixed>
     */
    private function decide(array $messages): array
    {
        $model = $this->endpoint->chatModel;
        return LLMObs::llm('decide', function (Span $span) use ($messages, $model): array {
            Manifest::made($span, 'decide', 'llm', 'librarian', "decide {$this->turn}");
            $tools = self::tools();
            // The input goes in before the call, so that a call that fails still shows it.
            $span->annotate(
                input: $messages,
                metadata: ['temperature' => 0, 'tools' => array_map(fn ($tool) => $tool['function']['name'], $tools)],
                tags: ['turn' => $this->turn],
            );
            $request = ['model' => $model, 'messages' => $messages, 'tools' => $tools, 'temperature' => 0];
            $completion = $this->endpoint->ask('chat/completions', $request);
            $choice = $completion['choices'][0];
            $reply = array_filter($choice['message'], fn ($value): bool => $value !== null);
            $span->annotate(
                output: [$reply],
                metadata: ['finish_reason' => $choice['finish_reason']],
                metrics: self::tokens($completion['usage']),
            );
            return $reply;
        }, model: $model, provider: $this->endpoint->provider);
    }

    /**
     * Runs what the model asked for in one turn.
     *
     * @param list<array<string, mixed>> $calls
     * @return list<array<string, mixed>>
     */
    private function useTools(array $calls): array
    {
        return LLMObs::workflow('use_tools', function (Span $span) use ($calls): array {
            Manifest::made($span, 'use_tools', 'workflow', 'librarian', "use_tools {$this->turn}");
            $span->annotate(input: ['calls' => $calls]);
            $answers = array_map($this->useTool(...), $calls);
            $span->annotate(output: $answers);
            return $answers;
        });
    }

    /**
     * Runs one tool. An error becomes an answer to the model, which may choose another way.
     *
     * @param array<string, mixed> $call
     * @return array<string, mixed>
     */
    private function useTool(array $call): array
    {
        $name = $call['function']['name'];
        try {
            $given = json_decode($call['function']['arguments'], true, 512, JSON_THROW_ON_ERROR);
            $content = match ($name) {
                'read_document' => $this->readDocument($given['path']),
                'search' => json_encode($this->search($given['query']), self::JSON | JSON_THROW_ON_ERROR),
                default => throw new DomainException("there is no tool `$name`"),
            };
        } catch (Exception $error) {
            // It has left the tool's span, which is marked with it; here it ends.
            $content = "error: {$error->getMessage()}";
        }
        return ['role' => 'tool', 'tool_call_id' => $call['id'], 'content' => $content];
    }

    /** The beginning of one document. Nothing outside the repository is read. */
    private function readDocument(string $path): string
    {
        return LLMObs::tool('read_document', function (Span $span) use ($path): string {
            Manifest::made($span, 'read_document', 'tool', "use_tools {$this->turn}", "read $path");
            $span->annotate(input: ['path' => $path]);
            $file = realpath("{$this->root}/$path");
            if ($file === false || !str_starts_with($file, "{$this->root}/") || !is_file($file)) {
                throw new RuntimeException("no document `$path`");
            }
            $text = (string) iconv_substr((string) file_get_contents($file), 0, self::DOCUMENT_CHARACTERS, 'UTF-8');
            $this->sources[$path] = true;
            $span->annotate(output: $text);
            return $text;
        });
    }

    /** @return list<array{score: float, source: string, text: string}> the passages nearest to a query */
    private function search(string $query): array
    {
        return LLMObs::tool('search', function (Span $span) use ($query): array {
            Manifest::made($span, 'search', 'tool', "use_tools {$this->turn}", "search $query");
            $span->annotate(input: ['query' => $query]);
            $found = $this->index->search($query, "search $query");
            foreach ($found as ['source' => $source]) {
                $this->sources[$source] = true;
            }
            $span->annotate(output: $found);
            return $found;
        });
    }

    /**
     * Has the model write the answer, streamed.
     *
     * @param list<array<string, mixed>> $messages
     */
    private function write(array $messages): string
    {
        $model = $this->endpoint->chatModel;
        return LLMObs::llm('write', function (Span $span) use ($messages, $model): string {
            Manifest::made($span, 'write', 'llm', 'librarian');
            $span->annotate(input: $messages, metadata: ['temperature' => 0, 'stream' => true]);
            [$started, $metrics, $text] = [hrtime(true), [], ''];
            $chunks = $this->endpoint->stream('chat/completions', [
                'model' => $model,
                'messages' => $messages,
                'tools' => self::tools(),
                'tool_choice' => 'none',
                'temperature' => 0,
                'stream' => true,
                'stream_options' => ['include_usage' => true],
            ]);
            foreach ($chunks as $chunk) {
                $piece = $chunk['choices'][0]['delta']['content'] ?? '';
                if ($piece !== '') {
                    $metrics['time_to_first_token'] ??= (hrtime(true) - $started) / 1e9;
                    $text .= $piece;
                    echo $piece;
                }
                $metrics = [...$metrics, ...self::tokens($chunk['usage'] ?? null)];
            }
            $span->annotate(output: [['role' => 'assistant', 'content' => $text]], metrics: $metrics);
            return $text;
        }, model: $model, provider: $this->endpoint->provider);
    }

    /** @return list<array<string, mixed>> as the chat completions API wants them */
    private static function tools(): array
    {
        $tool = static fn (string $name, string $description, string $parameter, string $meaning): array => [
            'type' => 'function',
            'function' => ['name' => $name, 'description' => $description, 'parameters' => [
                'type' => 'object',
                'properties' => [$parameter => ['type' => 'string', 'description' => $meaning]],
                'required' => [$parameter],
            ]],
        ];
        return [
            $tool('read_document', 'Reads one document.', 'path', 'Its path in the repository.'),
            $tool('search', 'Finds the passages nearest in meaning.', 'query', 'What to look for.'),
        ];
    }

    /**
     * The usage of a response, under the names that LLM Observability gives meaning to.
     *
     * @param array<string, int>|null $usage
     * @return array<string, int>
     */
    private static function tokens(?array $usage): array
    {
        return $usage === null ? [] : [
            'input_tokens' => $usage['prompt_tokens'],
            'output_tokens' => $usage['completion_tokens'],
            'total_tokens' => $usage['total_tokens'],
        ];
    }
}
