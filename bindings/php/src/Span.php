<?php
// One span: what is said of it, and its end.

declare(strict_types=1);

namespace Witspan;

use Witspan\Internal\Context;
use Witspan\Internal\Failure;
use Witspan\Internal\Tracer;

/**
 * Given to the function of `LLMObs::llm` and so on, or made by `LLMObs::startSpan`. One that nobody holds any more
 * and that has not finished is given up, and counted as `unfinished`.
 */
final class Span implements \JsonSerializable
{
    /** Members that are objects: an empty array of PHP could be a list. */
    private const OBJECTS = ['metadata', 'metrics', 'tags', 'prompt', 'agent'];

    /** @internal */
    public bool $finished = false;
    /** @var \WeakReference<self>|null what is current after it, where it was current; kept alive by others only */
    private ?\WeakReference $next = null;

    /** @internal A number of 0 is a span that is not kept; so are those without a tracer. */
    public function __construct(
        private readonly ?Tracer $tracer,
        public readonly int $number,
        private ?self $parent,
    ) {
    }

    public function __destruct()
    {
        if (!$this->finished && $this->number !== 0) {
            $this->tracer?->ffi->witspan_abandon($this->tracer->handle, $this->number);
        }
    }

    private function __clone()
    {
    }

    /**
     * Says something of the span. What input and output may be depends on the kind: messages for llm, documents for
     * the input of embedding and the output of retrieval, any value otherwise. Each call replaces input, output and
     * tool definitions; metadata, metrics, tags, prompt and agent are merged by key; cost tags and links are added.
     *
     * @throws InvalidArgument for a wrong argument; then nothing of the call is kept
     */
    public function annotate(
        mixed $input = null,
        mixed $output = null,
        mixed $metadata = null,
        mixed $metrics = null,
        mixed $tags = null,
        mixed $prompt = null,
        mixed $toolDefinitions = null,
        mixed $costTags = null,
        mixed $agent = null,
        mixed $links = null,
        mixed $intent = null,
        mixed $integration = null,
        mixed ...$more,
    ): static {
        if ($this->tracer === null) {
            return $this;
        }
        $members = [
            'input' => $input,
            'output' => $output,
            'metadata' => $metadata,
            'metrics' => $metrics,
            'tags' => $tags,
            'prompt' => $prompt,
            'tool_definitions' => $toolDefinitions,
            'cost_tags' => $costTags,
            'agent' => $agent,
            'links' => $links,
            'intent' => $intent,
            'integration' => $integration,
        ];
        $json = $this->tracer->writer->members(self::objects($more === [] ? $members : $more + $members));
        $this->tracer->annotate($this->number, $json);
        return $this;
    }

    /**
     * @internal
     * @param array<string|int, mixed> $members
     * @return array<string|int, mixed>
     */
    public static function objects(array $members): array
    {
        foreach (self::OBJECTS as $name) {
            if (($members[$name] ?? null) === []) {
                $members[$name] = new \stdClass();
            }
        }
        return $members;
    }

    /** Ends the span, now or at a time: nanoseconds since the Unix epoch, or a date. A second call changes nothing. */
    public function finish(int|\DateTimeInterface|null $end = null): void
    {
        if ($this->finished) {
            return;
        }
        $again = 0;
        if ($this->tracer !== null) {
            $ns = $end === null ? 0 : Tracer::nanoseconds($end);
            $again = $this->tracer->ffi->witspan_finish($this->tracer->handle, $this->number, $ns);
        }
        $this->ended($again);
    }

    /** Ends the span with an error: an exception, or its message where there is none. */
    public function fail(
        \Throwable|string $error = '',
        int|\DateTimeInterface|null $end = null,
        string $type = '',
        string $stack = '',
    ): void {
        if ($this->finished) {
            return;
        }
        $again = 0;
        if ($this->tracer !== null) {
            [$message, $type, $stack] = is_string($error) ? [$error, $type, $stack] : Failure::of($error);
            $again = $this->tracer->ffi->witspan_fail(
                $this->tracer->handle,
                $this->number,
                $end === null ? 0 : Tracer::nanoseconds($end),
                ...[$message, strlen($message), $type, strlen($type), $stack, strlen($stack)],
            );
        }
        $this->ended($again);
    }

    /** Keeps what is current after it, and makes it so if this is current here. */
    private function ended(int $again): void
    {
        $this->finished = true;
        $above = $this->parent;
        if ($this->number !== 0) {
            while ($above !== null && $above->number !== $again) {
                $above = $above->finished ? $above->after() : $above->parent;
            }
        }
        $this->parent = null;
        if ($above !== null) {
            $this->next = \WeakReference::create($above);
        }
        $context = Context::here();
        if ($context->current === $this) {
            $context->current = $above;
        }
    }

    /** @internal What is current where this span, which has finished, was so. */
    public function after(): ?self
    {
        return $this->next?->get();
    }

    /** Runs a function where this span is current, without ending it; gives what the function gives. */
    public function run(callable $do): mixed
    {
        $context = Context::here();
        return $context->with($this, $context->annotations, $do, $this);
    }

    /**
     * The ids as they are sent, before and after the end. Keep them with an answer to judge it later.
     *
     * @return array{span_id: string, trace_id: string}|null null if the span is not kept
     */
    public function export(): ?array
    {
        $ids = $this->tracer?->ids($this->number);
        return $ids === null ? null : ['span_id' => $ids[0], 'trace_id' => $ids[1]];
    }

    /**
     * What is known of the span.
     *
     * @return array<string, string>|null `kind`, `name` while it is open, `span_id`, `trace_id`, and `parent_id` if
     *     it has a parent; null if the span is not kept
     */
    public function info(): ?array
    {
        return $this->tracer?->info($this->number);
    }

    /** In the place of a span stand its ids, such as in an evaluation. */
    public function jsonSerialize(): mixed
    {
        return $this->export();
    }

    /** @return array<string, mixed> */
    public function __debugInfo(): array
    {
        return $this->info() ?? [];
    }
}
