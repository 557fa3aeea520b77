<?php
// PSR-15's interfaces are not installed here: what stands for them has the same shape.

namespace Psr\Http\Message {
    interface ResponseInterface
    {
    }
    interface ServerRequestInterface
    {
    }
}

namespace Psr\Http\Server {
    use Psr\Http\Message\ResponseInterface;
    use Psr\Http\Message\ServerRequestInterface;

    interface RequestHandlerInterface
    {
        public function handle(ServerRequestInterface $request): ResponseInterface;
    }
    interface MiddlewareInterface
    {
        public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface;
    }
}

namespace {
    require $argv[1];

    final class Answer implements Psr\Http\Message\ResponseInterface
    {
    }
    final class Request implements Psr\Http\Message\ServerRequestInterface
    {
    }
    final class Handler implements Psr\Http\Server\RequestHandlerInterface
    {
        public function handle(Psr\Http\Message\ServerRequestInterface $request): Answer
        {
            return new Answer();
        }
    }
    $recorder = Witspan\Recorder::start();
    $answer = (new Witspan\Psr15Middleware('request'))->process(new Request(), new Handler());
    echo $answer::class, ' ', $recorder->tree();
}
