<?php
// Headers in the forms that PHP has them: arrays, $_SERVER, lines for curl, messages like PSR-7's.

declare(strict_types=1);

namespace Witspan\Internal;

/** @internal */
final class Headers
{
    /**
     * As HTTP writes them: a line each.
     *
     * @param array<array-key, mixed>|object $headers
     */
    public static function text(array|object $headers): string
    {
        $text = '';
        foreach (self::pairs($headers) as $name => $values) {
            if (is_int($name)) {
                // A line that curl takes.
                $text .= is_string($values) ? self::line($values) . "\r\n" : '';
                continue;
            }
            if (str_starts_with($name, 'HTTP_')) {
                $name = strtr(substr($name, 5), '_', '-');
            }
            foreach (is_array($values) ? $values : [$values] as $value) {
                if (is_scalar($value) || $value instanceof \Stringable) {
                    $text .= self::line("$name: $value") . "\r\n";
                }
            }
        }
        return $text;
    }

    /**
     * The same headers with those lines set.
     *
     * @param array<array-key, mixed>|object $headers
     * @return array<array-key, mixed>|object
     */
    public static function put(array|object $headers, string $lines): array|object
    {
        foreach (explode("\n", $lines) as $line) {
            if (!str_contains($line, ': ')) {
                continue;
            }
            [$name, $value] = explode(': ', rtrim($line, "\r"), 2);
            if (is_object($headers)) {
                $headers = method_exists($headers, 'withHeader') ? $headers->withHeader($name, $value) : $headers;
                continue;
            }
            $lineForm = $headers !== [] && array_is_list($headers);
            $headers = array_filter($headers, static fn (mixed $old, string|int $key): bool => strcasecmp(
                is_int($key) ? explode(':', is_string($old) ? $old : '', 2)[0] : $key,
                $name,
            ) !== 0, ARRAY_FILTER_USE_BOTH);
            $headers = $lineForm ? [...array_values($headers), "$name: $value"] : [...$headers, $name => $value];
        }
        return $headers;
    }

    /**
     * @param array<array-key, mixed>|object $headers
     * @return iterable<array-key, mixed>
     */
    private static function pairs(array|object $headers): iterable
    {
        if (is_array($headers)) {
            return $headers;
        }
        if (method_exists($headers, 'getHeaders')) {
            return $headers->getHeaders();
        }
        return $headers instanceof \Traversable ? $headers : [];
    }

    private static function line(string $text): string
    {
        return strtr($text, "\r\n", '  ');
    }
}
