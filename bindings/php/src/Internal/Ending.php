<?php
// The end of a program or a request: what has finished is delivered, and the client does not wait for it.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\LLMObs;

/** @internal */
final class Ending
{
    private const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

    private static bool $watched = false;

    public static function watch(): void
    {
        if (!self::$watched) {
            self::$watched = true;
            register_shutdown_function(self::begin(...));
        }
    }

    /** Comes again after all functions that were registered meanwhile, which may still trace. */
    private static function begin(): void
    {
        register_shutdown_function(self::end(...));
    }

    private static function end(): void
    {
        if (!LLMObs::isWatching()) {
            return;
        }
        self::close();
        self::answer();
        LLMObs::shutdown();
    }

    /** Ends what is current: neither `exit` nor a fatal error of PHP runs a `finally`. */
    private static function close(): void
    {
        $error = error_get_last();
        $fatal = $error !== null && ($error['type'] & self::FATAL) !== 0;
        while (($span = LLMObs::current()) !== null && !$span->finished) {
            if ($fatal) {
                $at = "{$error['file']}({$error['line']})";
                $span->fail(strtok($error['message'], "\n"), type: 'FatalError', stack: "{$error['message']}\n    at $at");
            } else {
                $span->finish();
            }
        }
    }

    /** The answer leaves before spans are delivered, and another request of the session may begin. */
    private static function answer(): void
    {
        foreach (['fastcgi_finish_request', 'litespeed_finish_request'] as $finish) {
            if (function_exists($finish)) {
                if (function_exists('session_status') && session_status() === PHP_SESSION_ACTIVE) {
                    session_write_close();
                }
                $finish();
            }
        }
    }
}
