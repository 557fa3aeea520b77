<?php
// The C library: where it is, its declarations, and that it is the one that this package knows.

declare(strict_types=1);

namespace Witspan\Internal;

use FFI;

/** @internal */
final class Library
{
    /** The version of the C interface that this package was written for. */
    private const INTERFACE = 1;
    /** Under which `preload.php` and `ffi.preload` leave the declarations. */
    private const SCOPE = 'WITSPAN';

    private static ?FFI $ffi = null;
    /** @var array<string, mixed>|null */
    private static ?array $names = null;

    /** @throws \Throwable where there is no FFI, no library, or another one */
    public static function ffi(): FFI
    {
        return self::$ffi ??= self::load();
    }

    /** @return array<string, mixed> what every language needs to know, such as bounds and stand-ins */
    public static function names(): array
    {
        return self::$names ??= json_decode(self::taken(self::ffi()->witspan_names()) ?? '{}', true);
    }

    /** The text of a `witspan_text`, which is freed; null for NULL. */
    public static function taken(?FFI\CData $text): ?string
    {
        if ($text === null || FFI::isNull($text)) {
            return null;
        }
        $data = self::ffi()->witspan_text_data($text);
        self::ffi()->witspan_text_free($text);
        return $data;
    }

    /** A header for `FFI::load` or the setting `ffi.preload`, which spare each request the reading. */
    public static function header(): string
    {
        $path = addcslashes(self::path(), '"\\');
        return "#define FFI_SCOPE \"" . self::SCOPE . "\"\n#define FFI_LIB \"$path\"\n" . self::declarations();
    }

    public static function path(): string
    {
        $said = getenv('WITSPAN_LIBRARY');
        if (is_string($said) && $said !== '') {
            return $said;
        }
        // The package's own; in a checkout of the repository, what `just c` has built.
        $package = dirname(__DIR__, 2);
        foreach (["$package/lib/libwitspan.so", dirname($package, 2) . '/target/c/libwitspan.so'] as $path) {
            if (is_file($path)) {
                return $path;
            }
        }
        throw new \RuntimeException("there is no $package/lib/libwitspan.so; WITSPAN_LIBRARY may say where it is");
    }

    private static function load(): FFI
    {
        if (!class_exists(FFI::class, false)) {
            throw new \RuntimeException('PHP has no extension FFI');
        }
        try {
            $ffi = FFI::scope(self::SCOPE);
        } catch (FFI\Exception) {
            // Nothing was preloaded.
            $ffi = FFI::cdef(self::declarations(), self::path());
        }
        $found = $ffi->witspan_interface();
        if ($found !== self::INTERFACE) {
            throw new \RuntimeException("the library has interface $found, not " . self::INTERFACE);
        }
        return $ffi;
    }

    private static function declarations(): string
    {
        $beside = dirname(self::path()) . '/witspan.cdef';
        $text = file_get_contents(is_file($beside) ? $beside : dirname(__DIR__, 2) . '/lib/witspan.cdef');
        // Without comments they are read in a fifth of the time. Options are given as packed bytes, which PHP
        // passes without a copy; `memmove` of nothing says where a string is.
        return strtr(preg_replace('~/\*.*?\*/\s*~s', '', (string) $text), [
            'const witspan_option *options' => 'const char *options',
        ]) . "\nuint64_t memmove(const char *to, const char *from, size_t length);\n";
    }
}
