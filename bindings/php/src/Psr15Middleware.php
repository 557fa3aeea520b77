<?php
// `Middleware` for servers that want PSR-15's interface; it needs the package psr/http-server-middleware.

declare(strict_types=1);

namespace Witspan;

use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;

final class Psr15Middleware implements MiddlewareInterface
{
    private readonly Middleware $middleware;

    /** @param string|null $workflow the name of a span around each request; null: there is none */
    public function __construct(?string $workflow = null)
    {
        $this->middleware = new Middleware($workflow);
    }

    public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface
    {
        return ($this->middleware)($request, $handler);
    }
}
