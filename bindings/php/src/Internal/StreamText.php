<?php
// The items of a stream: passed on as they come, and kept as text within the bounds for the span's output.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\Span;

/** @internal */
final class StreamText
{
    /** @var list<string> texts as they came, or JSON where `$isList` */
    private array $items = [];
    private bool $isList = false;
    /** Bytes of the items. */
    private int $size = 0;
    /** Items that found no room. What is kept has no holes. */
    private int $missing = 0;
    private readonly int $most;

    public function __construct(private readonly Writer $writer)
    {
        $this->most = Library::names()['bounds']['stream_bytes'];
    }

    /** @param iterable<mixed, mixed> $items */
    public static function of(Span $span, ?Tracer $tracer, iterable $items): \Generator
    {
        if ($tracer === null) {
            return yield from $items;
        }
        $kept = new self($tracer->writer);
        $generator = $items instanceof \Generator ? $items : (static fn () => yield from $items)();
        try {
            $more = $span->run(static fn (): bool => $generator->valid());
            while ($more) {
                $item = $generator->current();
                $kept->add($item);
                // What is sent or thrown into this generator is for the one that it stands for.
                try {
                    $sent = yield $generator->key() => $item;
                    $span->run(static fn () => $sent === null ? $generator->next() : $generator->send($sent));
                } catch (\Throwable $thrown) {
                    if (!$generator->valid()) {
                        throw $thrown;
                    }
                    $span->run(static fn () => $generator->throw($thrown));
                }
                $more = $generator->valid();
            }
            return $generator->getReturn();
        } catch (\Throwable $error) {
            $kept->annotate($span, $tracer);
            $span->fail($error);
            throw $error;
        } finally {
            if (!$span->finished) {
                $kept->annotate($span, $tracer);
                $span->finish();
            }
        }
    }

    public function add(mixed $item): void
    {
        if ($this->missing > 0) {
            $this->missing++;
            return;
        }
        if (!is_string($item) && !$this->isList) {
            $this->isList = true;
            $this->items = array_map($this->writer->json(...), $this->items);
        }
        // Texts stay bytes until the end: a piece may break a character in two.
        $text = $this->isList ? $this->writer->json($item) : $item;
        if ($this->size + strlen($text) > $this->most) {
            $this->missing++;
            return;
        }
        $this->size += strlen($text);
        $this->items[] = $text;
    }

    public function annotate(Span $span, Tracer $tracer): void
    {
        if ($this->items === [] && $this->missing === 0) {
            return;
        }
        $items = $this->isList ? implode(',', $this->items) : $this->writer->json(implode('', $this->items));
        $list = $this->isList ? 'true' : 'false';
        $json = "{\"output_stream\":{\"items\":[$items],\"list\":$list,\"missing\":{$this->missing}}}";
        $tracer->annotate($span->number, $json);
    }
}
