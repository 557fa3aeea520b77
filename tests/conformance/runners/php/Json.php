<?php
// Reads the JSON of the suite, in which there are `NaN`, lone surrogates and integers of any length.

declare(strict_types=1);

/** Objects become stdClass, lone surrogates what "\u{D800}" is in PHP, long integers those of GMP. */
final class Json
{
    private int $at = 0;

    private function __construct(private readonly string $text)
    {
    }

    public static function read(string $text): mixed
    {
        $json = new self($text);
        $value = $json->value();
        $json->space();
        if ($json->at !== strlen($text)) {
            throw new RuntimeException('not JSON');
        }
        return $value;
    }

    private function value(): mixed
    {
        $this->space();
        $next = $this->text[$this->at] ?? '';
        return match ($next) {
            '{' => $this->object(),
            '[' => $this->list(),
            '"' => $this->string(),
            default => $this->word(),
        };
    }

    private function object(): stdClass
    {
        $members = [];
        for ($this->at++; !$this->is('}'); $this->is(',')) {
            $this->space();
            $name = $this->string();
            if (!$this->is(':')) {
                throw new RuntimeException('not JSON');
            }
            $members[$name] = $this->value();
        }
        return (object) $members;
    }

    /** @return list<mixed> */
    private function list(): array
    {
        $items = [];
        for ($this->at++; !$this->is(']'); $this->is(',')) {
            $items[] = $this->value();
        }
        return $items;
    }

    private function string(): string
    {
        $length = preg_match('/\G"((?:[^"\\\\]|\\\\.)*+)"/s', $this->text, $found, 0, $this->at);
        if ($length !== 1) {
            throw new RuntimeException('not JSON');
        }
        $this->at += strlen($found[0]);
        $escape = '/\\\\u(d[89ab]..)\\\\u(d[c-f]..)|\\\\u(....)|\\\\(.)/i';
        return preg_replace_callback($escape, static function (array $hit): string {
            if (($hit[4] ?? '') !== '') {
                return strtr($hit[4], ['b' => "\x08", 'f' => "\f", 'n' => "\n", 'r' => "\r", 't' => "\t"]);
            }
            $code = hexdec($hit[3] ?? '');
            if ($hit[1] !== '') {
                $code = 0x10000 + ((hexdec($hit[1]) & 0x3FF) << 10) + (hexdec($hit[2]) & 0x3FF);
                return mb_chr($code, 'UTF-8');
            }
            $three = [0xE0 | $code >> 12, 0x80 | $code >> 6 & 0x3F, 0x80 | $code & 0x3F];
            return ($code & 0xF800) === 0xD800 ? implode('', array_map(chr(...), $three)) : mb_chr($code, 'UTF-8');
        }, $found[1]);
    }

    private function word(): mixed
    {
        if (preg_match('/\G[^\s,\]}:]+/', $this->text, $found, 0, $this->at) !== 1) {
            throw new RuntimeException('not JSON');
        }
        $this->at += strlen($found[0]);
        $names = ['null' => null, 'true' => true, 'false' => false];
        $names += ['NaN' => NAN, 'Infinity' => INF, '-Infinity' => -INF];
        if (array_key_exists($found[0], $names)) {
            return $names[$found[0]];
        }
        if (preg_match('/^-?\d+$/', $found[0]) === 1) {
            // "-0" is a float; beyond 64 bits only GMP has integers.
            $number = $found[0] === '-0' ? -0.0 : (int) $found[0];
            return (string) $number === $found[0] ? $number : gmp_init($found[0]);
        }
        if (!is_numeric($found[0])) {
            throw new RuntimeException('not JSON');
        }
        return (float) $found[0];
    }

    private function is(string $sign): bool
    {
        $this->space();
        $is = ($this->text[$this->at] ?? '') === $sign;
        $this->at += $is ? 1 : 0;
        return $is;
    }

    private function space(): void
    {
        $this->at += strspn($this->text, " \t\r\n", $this->at);
    }
}
