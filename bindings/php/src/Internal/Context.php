<?php
// What is current in one fiber: a span or a remote place, and the annotation contexts around.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\Remote;
use Witspan\Span;

/** @internal */
final class Context
{
    public Span|Remote|null $current = null;
    /** @var list<string> annotation contexts as JSON, the outermost first */
    public array $annotations = [];
    /** What was current where this context was copied from; it stays so after it has finished. */
    private Span|Remote|null $copied = null;

    private static ?self $main = null;
    /** @var \WeakMap<\Fiber, self>|null */
    private static ?\WeakMap $fibers = null;

    /** That of the fiber that runs, or of the program outside of all fibers. */
    public static function here(): self
    {
        $fiber = \Fiber::getCurrent();
        if ($fiber === null) {
            return self::$main ??= new self();
        }
        self::$fibers ??= new \WeakMap();
        return self::$fibers[$fiber] ??= new self();
    }

    /** Has nothing be current anywhere; gives what puts everything back. */
    public static function away(): \Closure
    {
        $before = [self::$main, self::$fibers];
        [self::$main, self::$fibers] = [null, null];
        return static function () use ($before): void {
            [self::$main, self::$fibers] = $before;
        };
    }

    /** Makes current what was before a span. What has finished meanwhile is current no more. */
    public function back(Span|Remote|null $before): void
    {
        while ($before instanceof Span && $before->finished && $before !== $this->copied) {
            $before = $before->after();
        }
        $this->current = $before;
    }

    /**
     * Runs a function where all is current that was so in another context.
     *
     * @param list<string> $annotations
     */
    public function with(Span|Remote|null $current, array $annotations, callable $do, mixed ...$arguments): mixed
    {
        $before = [$this->current, $this->annotations, $this->copied];
        [$this->current, $this->annotations, $this->copied] = [$current, $annotations, $current];
        try {
            return $do(...$arguments);
        } finally {
            [, $this->annotations, $this->copied] = $before;
            $this->back($before[0]);
        }
    }
}
