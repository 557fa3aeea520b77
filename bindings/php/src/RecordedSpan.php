<?php
// One finished span as a test sees it: read from the very body that would be sent.

declare(strict_types=1);

namespace Witspan;

use Witspan\Internal\Tree;

final class RecordedSpan
{
    public readonly string $name;
    public readonly Kind $kind;
    /** Decimal. */
    public readonly string $spanId;
    /** 32 hexadecimal digits, the same for all spans of a trace. */
    public readonly string $traceId;
    /** Null for a root. A parent that was not recorded has an id here and is no `parent()`. */
    public readonly ?string $parentId;
    /** Messages for llm, documents for embedding, the value's text otherwise; null for nothing. */
    public readonly string|array|null $input;
    /** Messages for llm, documents for retrieval, the value's text otherwise; null for nothing. */
    public readonly string|array|null $output;
    /** @var array<string, mixed> without what witspan itself keeps there */
    public readonly array $metadata;
    /** @var array<string, int|float> */
    public readonly array $metrics;
    /** @var array<string, string> all of them, also those that witspan sets, such as `ml_app` */
    public readonly array $tags;
    /** @var array{message?: string, type?: string, stack?: string}|null */
    public readonly ?array $error;
    public readonly ?string $sessionId;
    public readonly ?string $modelName;
    public readonly ?string $modelProvider;
    /** @var array<string, mixed>|null */
    public readonly ?array $prompt;
    public readonly int $startNs;
    public readonly int $durationNs;
    private ?self $parent = null;
    /** @var list<self> */
    private array $children = [];

    /** @internal @param array<string, mixed> $event the whole event, with what has no name here */
    public function __construct(public readonly array $event)
    {
        $meta = $event['meta'];
        $this->name = $event['name'];
        $this->kind = Kind::from($meta['span']['kind']);
        $this->spanId = $event['span_id'];
        $this->traceId = $event['trace_id'];
        $this->parentId = $event['parent_id'] === 'undefined' ? null : $event['parent_id'];
        $this->input = self::content($meta['input'] ?? []);
        $this->output = self::content($meta['output'] ?? []);
        $this->metadata = array_diff_key($meta['metadata'] ?? [], ['_dd' => 1]);
        $this->metrics = $event['metrics'] ?? [];
        $this->tags = self::tags($event['tags'] ?? []);
        $this->error = $meta['error'] ?? ($event['status'] === 'error' ? [] : null);
        $this->sessionId = $event['session_id'] ?? null;
        $this->modelName = $meta['model_name'] ?? null;
        $this->modelProvider = $meta['model_provider'] ?? null;
        $this->prompt = $meta['input']['prompt'] ?? null;
        $this->startNs = $event['start_ns'];
        $this->durationNs = $event['duration'];
    }

    /** @internal */
    public function below(self $parent): void
    {
        $this->parent = $parent;
        $parent->children[] = $this;
    }

    public function parent(): ?self
    {
        return $this->parent;
    }

    /** @return list<self> those that were recorded, by their start */
    public function children(): array
    {
        return $this->children;
    }

    /** This span and everything below, a line each. */
    public function tree(): string
    {
        return Tree::of([$this]);
    }

    /** @param array<string, mixed> $part */
    private static function content(array $part): string|array|null
    {
        return $part['messages'] ?? $part['documents'] ?? $part['value'] ?? null;
    }

    /**
     * @internal
     * @param list<string> $tags
     * @return array<string, string>
     */
    public static function tags(array $tags): array
    {
        $found = [];
        foreach ($tags as $tag) {
            [$key, $value] = explode(':', $tag, 2) + [1 => ''];
            $found[$key] = $value;
        }
        return $found;
    }
}
