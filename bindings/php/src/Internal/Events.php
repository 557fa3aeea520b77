<?php
// The event that a processor sees: arrays, in which `{}` and `[]` stay two different things.

declare(strict_types=1);

namespace Witspan\Internal;

/** @internal */
final class Events
{
    /** @return array<string, mixed> */
    public static function read(string $json): array
    {
        // PHP has no objects with a member whose name begins with NUL; its arrays have.
        $objects = json_decode($json) ?? json_decode($json, true, 512, JSON_THROW_ON_ERROR);
        return (array) self::arrays($objects);
    }

    /** An object without members stays one: as an array it would be written as a list. */
    private static function arrays(mixed $value): mixed
    {
        if ($value instanceof \stdClass) {
            $members = (array) $value;
            return $members === [] ? $value : array_map(self::arrays(...), $members);
        }
        return is_array($value) ? array_map(self::arrays(...), $value) : $value;
    }
}
