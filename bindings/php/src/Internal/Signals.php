<?php
// SIGTERM under PHP's command line, whose own handler only puts signals off, also where nobody wants them.

declare(strict_types=1);

namespace Witspan\Internal;

use FFI;

/**
 * The library delivers at signals for which the system's default stands, and PHP has put a handler of its own before
 * each. For SIGTERM this is taken away, if it is PHP's and the application has set none. SIGINT and SIGHUP stay: they
 * may have been ignored where PHP was started, as `nohup` does, which only PHP's handler still knows.
 *
 * @internal
 */
final class Signals
{
    private const SIGTERM = 15;
    /** More than `struct sigaction` takes anywhere; its first word is the handler. */
    private const WORDS = 64;

    public static function giveUpPutOff(): void
    {
        if (function_exists('pcntl_signal_get_handler') && pcntl_signal_get_handler(self::SIGTERM) !== SIG_DFL) {
            return;
        }
        try {
            $php = FFI::cdef('
                const char *get_zend_version(void);
                int sigaction(int, const void *, uintptr_t *);
                void *signal(int, void *);
                int dladdr(const void *, uintptr_t *);
            ');
            [$now, $its, $own] = array_map(fn () => $php->new('uintptr_t[' . self::WORDS . ']'), range(1, 3));
            $php->sigaction(self::SIGTERM, null, $now);
            // Both in the same program or library: its second word is where that begins.
            $php->dladdr(FFI::cast('void *', $now[0]), $its);
            $php->dladdr(FFI::cast('void *', $php->get_zend_version), $own);
            if ($its[1] !== 0 && $its[1] === $own[1]) {
                $php->signal(self::SIGTERM, null);
            }
        } catch (FFI\Exception) {
            // A PHP that is built without such a handler.
        }
    }
}
