<?php
// Traces as text: a line for each span, with its kind, model and error.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\RecordedSpan;

/** @internal */
final class Tree
{
    /** @param list<RecordedSpan> $roots */
    public static function of(array $roots): string
    {
        $lines = [];
        foreach ($roots as $root) {
            self::add($lines, $root, '', '');
        }
        return implode("\n", $lines);
    }

    /** @param list<string> $lines */
    private static function add(array &$lines, RecordedSpan $span, string $branch, string $stem): void
    {
        $lines[] = str_pad($span->kind->value, 10) . " $branch" . self::title($span);
        $children = $span->children();
        foreach ($children as $child) {
            $more = $child === end($children) ? ['└─ ', '   '] : ['├─ ', '│  '];
            self::add($lines, $child, $stem . $more[0], $stem . $more[1]);
        }
    }

    private static function title(RecordedSpan $span): string
    {
        $title = $span->name;
        if ($span->modelName !== null && $span->modelName !== 'unknown') {
            $title .= " ({$span->modelName})";
        }
        if ($span->error !== null) {
            $title .= ' ! ' . ($span->error['type'] ?? '') . ': ' . ($span->error['message'] ?? '');
        }
        // Names and messages may be another's, and this is printed.
        return (string) preg_replace('/[\x00-\x1F\x7F\s]+/', ' ', $title);
    }
}
