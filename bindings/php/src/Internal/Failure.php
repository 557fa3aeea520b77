<?php
// What was thrown, as the error of a span: message, class and stack.

declare(strict_types=1);

namespace Witspan\Internal;

/** @internal */
final class Failure
{
    /** Exceptions behind an exception that are kept, the nearest first. */
    private const MOST_PREVIOUS = 8;
    /** Frames of a stack; a deep recursion has a hundred thousand. */
    private const MOST_FRAMES = 200;

    /**
     * The methods of a Throwable that are used here cannot be overridden, so no code of the application runs.
     *
     * @return array{string, string, string}
     */
    public static function of(\Throwable $thrown): array
    {
        return [$thrown->getMessage(), Forms::className($thrown), self::stack($thrown)];
    }

    private static function stack(\Throwable $thrown): string
    {
        $text = '';
        for ($at = 0; $thrown !== null && $at <= self::MOST_PREVIOUS; $at++) {
            $text .= ($at === 0 ? '' : "\n\nCaused by: ") . Forms::className($thrown) . ': ' . $thrown->getMessage();
            $text .= "\n    at {$thrown->getFile()}({$thrown->getLine()})";
            foreach (array_slice($thrown->getTrace(), 0, self::MOST_FRAMES) as $frame) {
                $text .= "\n    at " . self::frame($frame);
            }
            $thrown = $thrown->getPrevious();
        }
        return $text;
    }

    /**
     * Without the arguments, which PHP's own text begins to show: they may be secrets.
     *
     * @param array<string, mixed> $frame
     */
    private static function frame(array $frame): string
    {
        $place = isset($frame['file']) ? "{$frame['file']}({$frame['line']})" : '[internal function]';
        $class = isset($frame['class']) ? Forms::withoutPath($frame['class']) . $frame['type'] : '';
        return "$place: $class{$frame['function']}()";
    }
}
