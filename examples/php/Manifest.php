<?php
// The program's own record of the spans it made, for checking what arrived.

declare(strict_types=1);

use Witspan\Span;

/**
 * Where a span is made, the program says what it is and under which span it means it to be. That parent is stated here
 * by hand and never read back, so a checker can compare two independent accounts. With WITSPAN_DEMO_MANIFEST unset,
 * nothing is recorded.
 */
final class Manifest
{
    /** @var list<array<string, string>> */
    private static array $made = [];
    /** @var array<string, string> */
    private static array $ids = [];

    /** Notes a span. `label` names it for its children's `under`, where several spans share a name. */
    public static function made(Span $span, string $name, string $kind, ?string $under = null, ?string $label = null): void
    {
        $ids = $span->export();
        if ($ids !== null && getenv('WITSPAN_DEMO_MANIFEST') !== false) {
            self::$ids[$label ?? $name] = $ids['span_id'];
            $parent = $under === null ? 'undefined' : self::$ids[$under];
            self::$made[] = [...$ids, 'parent_id' => $parent, 'name' => $name, 'kind' => $kind];
        }
    }

    /** Writes what was noted to the file that WITSPAN_DEMO_MANIFEST names. */
    public static function write(): void
    {
        $path = getenv('WITSPAN_DEMO_MANIFEST');
        if ($path !== false) {
            file_put_contents($path, json_encode(self::$made, JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE) . "\n");
        }
    }
}
