<?php
// Has spans of a web request continue the trace that its headers name, and keeps requests apart.

declare(strict_types=1);

namespace Witspan;

use Witspan\Internal\Context;

/**
 * A callable of the two usual forms: `$middleware($request, $handler)`, where the handler has `handle` as PSR-15's or
 * is itself callable. It needs no package of interfaces; `Psr15Middleware` is the same with PSR-15's.
 *
 * Servers that keep a process over requests (RoadRunner, Swoole, FrankenPHP) need it so that nothing that one request
 * leaves current is so in the next.
 */
final class Middleware
{
    /** @param string|null $workflow the name of a span around each request; null: there is none */
    public function __construct(private readonly ?string $workflow = null)
    {
    }

    /** @return mixed what the handler gives */
    public function __invoke(object $request, object $handler): mixed
    {
        $handle = static fn (): mixed => method_exists($handler, 'handle') ? $handler->handle($request) : $handler($request);
        return $this->around($request, $handle);
    }

    /**
     * Runs the rest of a request.
     *
     * @param array<array-key, mixed>|object $headers as for `LLMObs::extract`: a request like PSR-7's, or `$_SERVER`
     */
    public function around(array|object $headers, callable $handle): mixed
    {
        $inside = $this->workflow === null
            ? $handle
            : fn (): mixed => LLMObs::workflow($this->workflow, static fn (): mixed => $handle());
        return Context::here()->with(LLMObs::extract($headers), [], $inside);
    }
}
