<?php
// Writes any value as the JSON text that the core takes, within the bounds, whatever its code does.

declare(strict_types=1);

namespace Witspan\Internal;

/**
 * The text may hold what JSON cannot say, as wit/tracing.wit allows: NaN, infinities, integers of any length.
 *
 * @internal
 */
final class Writer
{
    /** As how many values an object counts whose class has to be looked at. */
    private const OBJECT_COST = 50;
    private const FLAGS = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS;
    /** Values and bytes of an annotation that PHP's own encoder writes, if there are no objects in it. */
    private const FEW_VALUES = 1000;
    private const FEW_BYTES = 16_384;
    private const FLAT = 16;
    /** What ends a text that is not written to its end. The core cuts it before this. */
    private const CUT = '[cut]';

    /** Values that may still be walked. */
    private int $left = 0;
    /** Bytes that may still be written. */
    private int $room = 0;
    /** How deep the walk is in containers. */
    private int $depth = 0;
    /** @var array<int, true> the objects that are being walked, to notice one inside itself */
    private array $open = [];
    /** @var array<string, int> */
    private readonly array $bounds;
    /** @var array<string, string> */
    private readonly array $standIns;
    /** @var array<string, string> */
    private static array $escapes = [];

    public function __construct()
    {
        ['bounds' => $this->bounds, 'stand_ins' => $this->standIns] = Library::names();
    }

    /** One value. */
    public function json(mixed $value): string
    {
        $this->begin($this->bounds['walk_bytes']);
        return $this->value($value);
    }

    /**
     * An object of the members that are not null.
     *
     * @param array<string|int, mixed> $parts
     */
    public function members(array $parts): string
    {
        [$this->left, $this->room] = [self::FEW_VALUES, self::FEW_BYTES];
        foreach ($parts as $name => $part) {
            if ($part === null) {
                unset($parts[$name]);
            }
        }
        if ($parts !== [] && $this->isPlain($parts, self::FLAT)) {
            // Not what is not finite, or no UTF-8.
            $json = json_encode((object) $parts, self::FLAGS);
            if ($json !== false) {
                return $json;
            }
        }
        $out = '';
        $together = $this->bounds['walk_bytes_together'];
        foreach ($parts as $name => $part) {
            $room = max(min($together, $this->bounds['walk_bytes']), $this->bounds['walk_bytes_least']);
            $this->begin($room);
            $out .= ($out === '' ? '"' : ',"') . addcslashes((string) $name, "\"\\\0..\37") . '":' . $this->value($part);
            $together -= $room - $this->room;
        }
        return "{{$out}}";
    }

    /**
     * Whether there is little, and no object, whose code PHP's encoder would run.
     *
     * @param array<string|int, mixed> $values
     */
    private function isPlain(array $values, int $depth): bool
    {
        $this->left -= count($values);
        if ($this->left < 0 || $depth === 0) {
            return false;
        }
        foreach ($values as $key => $value) {
            if (is_string($value)) {
                $this->room -= strlen($value);
            } elseif (is_array($value) ? !$this->isPlain($value, $depth - 1) : ($value !== null && !is_scalar($value))) {
                return false;
            }
            if (is_string($key)) {
                $this->room -= strlen($key);
            }
        }
        return $this->room >= 0;
    }

    private function begin(int $room): void
    {
        $this->left = $this->bounds['walk_values'];
        $this->room = $room;
        $this->depth = 0;
        $this->open = [];
    }

    private function value(mixed $value): string
    {
        $this->left--;
        if (is_string($value)) {
            return $this->text($value);
        }
        if (is_array($value)) {
            return $this->stop() ?? $this->container($value, array_is_list($value));
        }
        if (is_object($value)) {
            return $this->object($value);
        }
        $text = match (true) {
            is_int($value) => (string) $value,
            is_float($value) => self::number($value),
            is_bool($value) => $value ? 'true' : 'false',
            $value === null => 'null',
            default => '"[' . (is_resource($value) ? 'resource ' . get_resource_type($value) : 'closed resource') . ']"',
        };
        $this->room -= strlen($text) + 1;
        return $text;
    }

    private static function number(float $value): string
    {
        return match (true) {
            is_finite($value) => (string) json_encode($value),
            is_nan($value) => 'NaN',
            default => $value > 0 ? 'Infinity' : '-Infinity',
        };
    }

    private function object(object $value): string
    {
        $id = spl_object_id($value);
        if (isset($this->open[$id])) {
            return $this->text($this->standIns['cyclic']);
        }
        $stop = $this->stop();
        if ($stop !== null) {
            return $stop;
        }
        $this->open[$id] = true;
        $text = $this->said($value);
        unset($this->open[$id]);
        return $text;
    }

    /** What stands for a container that is not walked any more. */
    private function stop(): ?string
    {
        if ($this->depth >= $this->bounds['walk_depth']) {
            return '[]';
        }
        return $this->left <= 0 || $this->room <= 0 ? $this->text($this->standIns['too_many']) : null;
    }

    /** What an object says of itself. What its code throws is about it alone. */
    private function said(object $value): string
    {
        try {
            $digits = Forms::digits($value);
            $said = $digits === null ? Forms::of($value) : null;
        } catch (\Throwable) {
            return $this->text($this->standIns['unserializable']);
        }
        if ($digits !== null) {
            $this->room -= strlen($digits) + 1;
            return $digits === '' ? $this->text($this->standIns['too_large']) : $digits;
        }
        if (!$said instanceof \stdClass) {
            $this->left -= self::OBJECT_COST;
            if ($said === $value) {
                return $this->text(Forms::unread($value));
            }
            // An object in its place may have yet another in its own.
            $chained = is_object($said) ? 1 : 0;
            $this->depth += $chained;
            $text = $this->value($said);
            $this->depth -= $chained;
            return $text;
        }
        return $this->container((array) $said, false);
    }

    /** @param array<string|int, mixed> $values */
    private function container(array $values, bool $list): string
    {
        $this->room -= 2;
        $this->depth++;
        $out = '';
        foreach ($values as $key => $value) {
            $full = $this->left <= 0 || $this->room <= 0;
            $out .= $out === '' ? '' : ',';
            if (!$list) {
                $out .= $this->text($full ? $this->standIns['too_many'] : (string) $key) . ':';
            }
            if ($full) {
                $out .= $list ? $this->text($this->standIns['too_many']) : 'true';
                break;
            }
            $out .= $this->value($value);
        }
        $this->depth--;
        return $list ? "[$out]" : "{{$out}}";
    }

    private function text(string $text): string
    {
        if (strlen($text) > $this->room) {
            $text = self::cut($text, max($this->room, 1024));
        }
        $json = json_encode($text, self::FLAGS);
        if ($json === false) {
            $json = self::lenient($text);
        }
        $this->room -= strlen($json) + 1;
        return $json;
    }

    /** The beginning of a text, not inside a character. */
    private static function cut(string $text, int $length): string
    {
        if (strlen($text) <= $length) {
            return $text;
        }
        for ($back = 0; $back < 3 && (ord($text[$length]) & 0xC0) === 0x80; $back++) {
            $length--;
        }
        return substr($text, 0, $length) . self::CUT;
    }

    /** A text that is not all UTF-8: the library reads its bytes as it reads those of a name. */
    private static function lenient(string $text): string
    {
        if (self::$escapes === []) {
            foreach (range(0, 0x1F) as $control) {
                self::$escapes[chr($control)] = sprintf('\u%04x', $control);
            }
            self::$escapes += ['"' => '\"', '\\' => '\\\\'];
        }
        $text = strtr($text, self::$escapes);
        // "\u{D800}" in PHP is a lone surrogate, which other languages have too, and the core knows.
        return '"' . preg_replace_callback('/\xED([\xA0-\xBF])([\x80-\xBF])/', static fn (array $found): string
            => sprintf('\u%04x', 0xD000 | (ord($found[1]) & 0x3F) << 6 | ord($found[2]) & 0x3F), $text) . '"';
    }
}
