<?php
// What is current where code is suspended: generators, fibers, callbacks, middleware, services.

declare(strict_types=1);

use Witspan\Kind;
use Witspan\LLMObs;
use Witspan\Middleware;
use Witspan\Recorder;
use Witspan\Span;

require dirname(__DIR__) . '/check.php';

function words(string ...$words): Generator
{
    foreach ($words as $word) {
        LLMObs::task("make $word", fn () => null);
        yield $word;
    }
    return count($words);
}

test('a stream is the output, and ends the span', function (Recorder $recorder): void {
    $span = LLMObs::startSpan(Kind::Llm, 'write');
    $stream = LLMObs::stream($span, words('sun', 'set'));
    same([...$stream], ['sun', 'set']);
    same([$stream->getReturn(), LLMObs::current()], [2, null]);
    $found = $recorder->span('write');
    same($found->output[0]['content'], 'sunset');
    same(array_map(fn ($child) => $child->name, $found->children()), ['make sun', 'make set']);
});

test('a stream that throws, and one that nobody reads on', function (Recorder $recorder): void {
    $broken = (function () {
        yield 'so far';
        throw new RuntimeException('cut off');
    })();
    $error = thrown(fn () => [...LLMObs::stream(LLMObs::startSpan(Kind::Tool, 'broken'), $broken)]);
    same($error?->getMessage(), 'cut off');
    foreach (LLMObs::stream(LLMObs::startSpan(Kind::Tool, 'left'), ['a', 'b', 'c']) as $item) {
        break;
    }
    unset($item);
    LLMObs::stream(LLMObs::startSpan(Kind::Tool, 'never'), ['a']);
    same([$recorder->span('broken')->output, $recorder->span('broken')->error['type']], ['so far', 'RuntimeException']);
    same([$recorder->span('left')->output, count($recorder->find('never')), $recorder->openSpans()], ['a', 0, 0]);
});

test('a stream of other things is a list; torn characters become whole', function (Recorder $recorder): void {
    $items = ['k' => ['a' => 1], 'l' => 'x'];
    same(iterator_to_array(LLMObs::stream(LLMObs::startSpan(Kind::Tool, 'list'), $items)), $items);
    $euro = "\u{20AC}";
    iterator_to_array(LLMObs::stream(LLMObs::startSpan(Kind::Tool, 'torn'), [$euro[0], $euro[1] . $euro[2]]));
    iterator_to_array(LLMObs::stream(LLMObs::startSpan(Kind::Tool, 'long'), new ArrayIterator(array_fill(0, 3, str_repeat('x', 400_000)))));
    same([$recorder->span('list')->output, $recorder->span('torn')->output], ['[{"a":1},"x"]', $euro]);
    same(str_ends_with($recorder->span('long')->output, '[1 more]'), true);
});

test('what is sent and thrown into a stream arrives', function (Recorder $recorder): void {
    $echo = (function () {
        $got = [];
        while (count($got) < 2) {
            try {
                $got[] = yield 'ask';
            } catch (DomainException) {
                $got[] = 'caught';
            }
        }
        return $got;
    })();
    $stream = LLMObs::stream(LLMObs::startSpan(Kind::Tool, 'echo'), $echo);
    $stream->current();
    $stream->send('one');
    $stream->throw(new DomainException());
    same([$stream->valid(), $stream->getReturn()], [false, ['one', 'caught']]);
    same(count($recorder), 1);
});

test('a fiber has what is current for itself', function (Recorder $recorder): void {
    $work = fn (string $name): Fiber => new Fiber(fn () => LLMObs::workflow($name, function () use ($name): void {
        Fiber::suspend();
        LLMObs::task("$name 2", function (): void {
            Fiber::suspend();
            LLMObs::annotate(output: LLMObs::current()?->info()['name']);
        });
    }));
    LLMObs::workflow('main', function () use ($work): void {
        $fibers = [$work('a'), $work('b')];
        array_map(fn (Fiber $fiber) => $fiber->start(), $fibers);
        while ($fibers = array_filter($fibers, fn (Fiber $fiber) => !$fiber->isTerminated())) {
            same(LLMObs::current()?->info()['name'], 'main');
            array_map(fn (Fiber $fiber) => $fiber->resume(), $fibers);
        }
    });
    same($recorder->tree(), "workflow   main\nworkflow   a\ntask       └─ a 2\nworkflow   b\ntask       └─ b 2");
    same($recorder->span('b 2')->output, 'b 2');
});

test('propagate takes what is current along, also after its end', function (Recorder $recorder): void {
    $later = LLMObs::workflow('main', fn () => LLMObs::annotationContext(
        fn () => LLMObs::propagate(fn (string $name) => LLMObs::task($name, fn () => LLMObs::task('below', fn () => null))),
        tags: ['t' => '1'],
    ));
    $fiber = new Fiber($later);
    $fiber->start('later');
    same($recorder->tree(), "workflow   main\ntask       └─ later\ntask          └─ below");
    same($recorder->span('later')->tags['t'], '1');
    same(LLMObs::current(), null);
});

test('a fiber that is given up ends its spans', function (Recorder $recorder): void {
    $fiber = new Fiber(fn () => LLMObs::task('given up', fn () => Fiber::suspend()));
    $fiber->start();
    same($recorder->openSpans(), 1);
    unset($fiber);
    same([$recorder->openSpans(), count($recorder)], [0, 1]);
});

test('a trace goes on in another service', function (Recorder $recorder): void {
    $headers = LLMObs::task('client', fn () => LLMObs::inject(['accept' => 'text/plain']));
    same($headers['accept'], 'text/plain');
    $client = $recorder->span('client');
    $server = [];
    foreach ($headers as $name => $value) {
        $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] = $value;
    }
    $lists = array_map(fn (string $value) => [$value], $headers);
    $lines = array_map(fn ($name, $value) => "$name: $value", array_keys($headers), $headers);
    foreach ([$headers, $server, $lists, $lines, new ArrayIterator($headers)] as $at => $form) {
        LLMObs::task("server $at", fn () => null, parent: LLMObs::extract($form));
        same($recorder->span("server $at")->parentId, $client->spanId);
    }
    same(LLMObs::extract(['a' => 'b', 'c' => ['d'], 'e' => null, 3 => [], 'f' => new stdClass()]), null);
});

test('headers keep their form', function (): void {
    LLMObs::task('client', function (): void {
        $lines = LLMObs::inject(['accept: text/plain', 'TraceState: old=1']);
        same([$lines[0], array_is_list($lines), count(preg_grep('/^tracestate: dd=/i', $lines))], ['accept: text/plain', true, 1]);
        same(count(preg_grep('/^tracestate:/i', $lines)), 1);
        $message = new class (['Accept' => ['text/plain']]) {
            public function __construct(private array $headers)
            {
            }

            public function getHeaders(): array
            {
                return $this->headers;
            }

            public function withHeader(string $name, string $value): static
            {
                return new static([$name => [$value]] + $this->headers);
            }
        };
        same(count(LLMObs::inject($message)->getHeaders()) > 2, true);
        same(count($message->getHeaders()), 1);
        same(LLMObs::inject($other = new stdClass()), $other);
    });
});

test('middleware continues the trace and keeps requests apart', function (Recorder $recorder): void {
    $headers = LLMObs::task('client', fn () => LLMObs::inject());
    $request = new class ($headers) {
        public function __construct(private array $headers)
        {
        }

        public function getHeaders(): array
        {
            return array_map(fn (string $value) => [$value], $this->headers);
        }
    };
    $handler = new class () {
        public function handle(object $request): string
        {
            LLMObs::task('inside', fn () => null);
            LLMObs::activate(LLMObs::startSpan(Kind::Task, 'left open'));
            return 'answer';
        }
    };
    same((new Middleware('request'))($request, $handler), 'answer');
    same(LLMObs::current(), null);
    same((new Middleware())($request, fn (object $same) => $same), $request);
    same(thrown(fn () => (new Middleware('fails'))($request, fn () => throw new Exception('x')))?->getMessage(), 'x');
    same([$recorder->span('inside')->parent()?->name, $recorder->span('request')->parent()?->name], ['request', 'client']);
    same($recorder->span('fails')->error['message'], 'x');
});
