<?php
// What became of spans during a flush.

declare(strict_types=1);

namespace Witspan;

final class Flushed
{
    public function __construct(
        /** Whether everything that had finished was delivered or dropped within the time. */
        public readonly bool $settled,
        /** Spans that a receiver took meanwhile. */
        public readonly int $delivered,
        /** Spans that were given up meanwhile. */
        public readonly int $dropped,
    ) {
    }
}
