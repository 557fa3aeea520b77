<?php
// What becomes of objects that are no plain data: by their class, and with none of their code where possible.

declare(strict_types=1);

namespace Witspan\Internal;

/** @internal */
final class Forms
{
    /** Elements of a collection that are read: it may be of any size. */
    private const MOST_ELEMENTS = 10_000;
    /** Bytes of an integer of GMP that are written: 4,300 digits, as in other languages. */
    private const MOST_DIGITS = 4300;

    /**
     * What stands for an object: a scalar, an array, or a stdClass for one with members.
     *
     * @throws \Throwable what the object's own code throws
     */
    public static function of(object $value): mixed
    {
        return match (true) {
            $value instanceof \stdClass => $value,
            $value instanceof \DateTimeInterface => self::time($value),
            $value instanceof \BackedEnum => $value->value,
            $value instanceof \UnitEnum => $value->name,
            $value instanceof \JsonSerializable => $value->jsonSerialize(),
            $value instanceof \Throwable => self::error($value),
            $value instanceof \ArrayObject, $value instanceof \ArrayIterator => $value->getArrayCopy(),
            $value instanceof \SplDoublyLinkedList, $value instanceof \SplObjectStorage,
            $value instanceof \SplFixedArray => self::elements($value),
            $value instanceof \DateInterval => self::interval($value),
            $value instanceof \DateTimeZone => $value->getName(),
            // What can be read only once, or waits, is not read.
            $value instanceof \Iterator, $value instanceof \Closure, $value instanceof \Fiber => self::unread($value),
            default => self::members($value),
        };
    }

    /** The digits of an integer of any length; null for another object, '' where they are too many. */
    public static function digits(object $value): ?string
    {
        if (!$value instanceof \GMP) {
            return null;
        }
        $digits = gmp_strval($value);
        return strlen($digits) > self::MOST_DIGITS ? '' : $digits;
    }

    public static function className(object $value): string
    {
        return self::withoutPath($value::class);
    }

    /** The name of a class; that of an anonymous one says in which file it is, after a NUL. */
    public static function withoutPath(string $class): string
    {
        return explode("\0", $class, 2)[0];
    }

    /** The text of what is not read, and of what shows nothing of what it holds. */
    public static function unread(object $value): string
    {
        return '[object ' . self::className($value) . ']';
    }

    /** ISO 8601, with microseconds where there are any. */
    private static function time(\DateTimeInterface $time): string
    {
        return $time->format((int) $time->format('u') === 0 ? 'Y-m-d\TH:i:sP' : 'Y-m-d\TH:i:s.uP');
    }

    private static function interval(\DateInterval $interval): string
    {
        $text = $interval->format('%rP%yY%mM%dDT%hH%iM%s');
        $parts = $interval->f > 0 ? rtrim(sprintf('.%06d', round($interval->f * 1e6)), '0') : '';
        return "$text{$parts}S";
    }

    private static function error(\Throwable $error): \stdClass
    {
        $said = ['class' => self::className($error), 'message' => $error->getMessage(), 'code' => $error->getCode()];
        $previous = $error->getPrevious();
        return (object) ($previous === null ? $said : $said + ['previous' => $previous]);
    }

    /** @return list<mixed> of a copy, whose iteration moves nothing in the original */
    private static function elements(iterable $collection): array
    {
        $elements = [];
        foreach (clone $collection as $element) {
            if (count($elements) === self::MOST_ELEMENTS) {
                $elements[] = '[' . (count($collection) - self::MOST_ELEMENTS) . ' more]';
                break;
            }
            $elements[] = $element;
        }
        return $elements;
    }

    /** Public properties; of a class that has none its own text, if it is not one of a stream. */
    private static function members(object $value): \stdClass|string
    {
        $members = get_object_vars($value);
        if ($members !== []) {
            return (object) $members;
        }
        if ($value instanceof \Stringable && !method_exists($value, 'eof')) {
            return (string) $value;
        }
        return self::unread($value);
    }
}
