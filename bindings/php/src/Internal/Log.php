<?php
// Where diagnostics go: to a logger like PSR-3's, or to PHP's own error log.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\InvalidArgument;

/** @internal */
final class Log
{
    public function __construct(private readonly mixed $logger = null)
    {
        $like = is_object($logger) && is_callable([$logger, 'error']) && is_callable([$logger, 'warning']);
        if ($logger !== null && !$like) {
            throw new InvalidArgument('`logger` has no methods `error` and `warning`; accepted: a logger like PSR-3\'s');
        }
    }

    /** @param 'warning'|'error' $level */
    public function say(string $level, string $message): void
    {
        try {
            $this->logger === null ? error_log("witspan: $message") : $this->logger->$level("witspan: $message");
        } catch (\Throwable) {
            // A logger that fails is no matter of the code that is traced.
        }
    }
}
