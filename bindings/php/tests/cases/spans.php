<?php
// Spans by functions and by hand: nesting, parents, times, errors, what is current.

declare(strict_types=1);

use Witspan\Flushed;
use Witspan\InvalidArgument;
use Witspan\Kind;
use Witspan\LLMObs;
use Witspan\Recorder;
use Witspan\Span;

require dirname(__DIR__) . '/check.php';

$silent = new class () {
    public function error(string $text): void
    {
    }

    public function warning(string $text): void
    {
    }
};

test('all kinds nest, and give what their functions give', function (Recorder $recorder): void {
    $said = LLMObs::workflow('answer', fn () => LLMObs::agent('think', fn () => LLMObs::tool('look', fn ()
        => LLMObs::task('read', fn () => LLMObs::retrieval('find', fn () => LLMObs::embedding('embed', fn ()
            => LLMObs::llm('ask', fn (Span $span) => $span::class, model: 'gpt-5', provider: 'OpenAI'), model: 'e'))))));
    same($said, Span::class);
    same($recorder->tree(), implode("\n", [
        'workflow   answer',
        'agent      └─ think',
        'tool          └─ look',
        'task             └─ read',
        'retrieval           └─ find',
        'embedding              └─ embed (e)',
        'llm                       └─ ask (gpt-5)',
    ]));
    same($recorder->span('ask')->modelProvider, 'openai');
    same($recorder->span('ask')->kind, Kind::Llm);
    same(LLMObs::current(), null);
});

test('the name is by default that of the kind', function (Recorder $recorder): void {
    LLMObs::task(null, fn () => null);
    same($recorder->spans()[0]->name, 'task');
});

test('what is thrown ends the span and goes on unchanged', function (Recorder $recorder): void {
    $error = new DomainException('no answer', 7, new LogicException('why'));
    same(thrown(fn () => LLMObs::task('fail', fn () => throw $error)), $error);
    $span = $recorder->span('fail');
    same([$span->error['type'], $span->error['message']], ['DomainException', 'no answer']);
    same(str_contains($span->error['stack'], 'Caused by: LogicException: why'), true);
    same(str_contains($span->error['stack'], 'spans.php('), true);
    same(LLMObs::current(), null);
});

test('a stack has no arguments, and an anonymous class no path', function (Recorder $recorder): void {
    $error = new class ('x') extends Exception {
    };
    $fail = static fn (string $secret) => throw $error;
    thrown(fn () => LLMObs::task('fail', fn () => $fail('hunter2')));
    same(str_contains($recorder->span('fail')->error['stack'], 'hunter2'), false);
    same($recorder->span('fail')->error['type'], 'Exception@anonymous');
});

test('finally and return work as ever', function (Recorder $recorder): void {
    $order = [];
    $said = (function () use (&$order): string {
        try {
            return LLMObs::task('a', function () use (&$order): string {
                $order[] = 'inside';
                return 'said';
            });
        } finally {
            $order[] = 'finally';
        }
    })();
    same([$said, ...$order, count($recorder)], ['said', 'inside', 'finally', 1]);
});

test('by hand: not current, ended when said, with times', function (Recorder $recorder): void {
    $start = new DateTimeImmutable('2026-01-02T03:04:05.000006Z');
    $span = LLMObs::startSpan(Kind::Tool, 'printer', start: $start, session: 's-1', mlApp: 'other');
    same(LLMObs::current(), null);
    $span->annotate(input: 'receipt', metrics: ['pages' => 1])->finish($start->getTimestamp() * 1_000_000_000 + 8000);
    $span->finish();
    $span->fail('late');
    $found = $recorder->span('printer');
    same([$found->startNs, $found->durationNs], [1_767_323_045_000_006_000, 2000]);
    same([$found->sessionId, $found->tags['ml_app'], $found->error], ['s-1', 'other', null]);
});

test('an explicit parent, also a finished one', function (Recorder $recorder): void {
    $parent = LLMObs::startSpan(Kind::Workflow, 'parent');
    $parent->finish();
    LLMObs::task('other', fn () => LLMObs::task('child', fn () => LLMObs::task('below', fn () => null), parent: $parent));
    same($recorder->tree(), "workflow   parent\ntask       └─ child\ntask          └─ below\ntask       other");
});

test('run makes a span current and does not end it', function (Recorder $recorder): void {
    $span = LLMObs::startSpan(Kind::Agent, 'agent');
    same($span->run(fn (Span $same) => LLMObs::current() === $same && LLMObs::task('in', fn () => 5) === 5), true);
    same([LLMObs::current(), $span->finished], [null, false]);
    $span->finish();
    same($recorder->span('in')->parent()?->name, 'agent');
});

test('a span that ends inside its function is current no more', function (Recorder $recorder): void {
    LLMObs::workflow('out', fn () => LLMObs::task('early', function (Span $span): void {
        $span->finish();
        same(LLMObs::current()?->info()['name'], 'out');
        LLMObs::task('late', fn () => null);
    }));
    same($recorder->span('late')->parent()?->name, 'out');
});

test('a parent that ends inside its child is current no more', function (Recorder $recorder): void {
    LLMObs::workflow('out', function (Span $out): void {
        LLMObs::task('child', fn () => $out->finish());
        same(LLMObs::current(), null);
        LLMObs::task('next', fn () => null);
    });
    same($recorder->span('next')->parentId, null);
});

test('one that nobody holds is given up', function (Recorder $recorder): void {
    $span = LLMObs::startSpan(Kind::Task, 'lost');
    same($recorder->openSpans(), 1);
    unset($span);
    same([$recorder->openSpans(), count($recorder)], [0, 0]);
    same(LLMObs::statistics()['dropped'], ['unfinished' => 1]);
});

test('an error without an exception', function (Recorder $recorder): void {
    LLMObs::task('a', fn (Span $span) => $span->fail('no card', type: 'Declined'));
    same($recorder->span('a')->error, ['message' => 'no card', 'stack' => '', 'type' => 'Declined']);
});

test('wrong arguments are said, and nothing of the call is kept', function (Recorder $recorder): void {
    LLMObs::task('a', function (Span $span): void {
        $error = thrown(fn () => $span->annotate(output: 'x', metrics: 'fast'));
        same($error instanceof InvalidArgument && $error instanceof InvalidArgumentException, true);
        same($error->getMessage(), '`metrics` is text; accepted: an object of numbers');
        same(thrown(fn () => $span->annotate(colour: 'red')) instanceof InvalidArgument, true);
    });
    same($recorder->span('a')->output, null);
});

test('an annotation without a span, or after its end, is counted', function (Recorder $recorder): void {
    LLMObs::task('a', fn () => null);
    LLMObs::annotate(input: 'x');
    $span = LLMObs::startSpan(Kind::Task);
    $span->finish();
    $span->annotate(input: 'x');
    same(LLMObs::statistics()['annotations_rejected'], 2);
}, ['logger' => $silent]);

test('contexts merge, and end with their function', function (Recorder $recorder): void {
    LLMObs::annotationContext(fn () => LLMObs::annotationContext(
        fn () => LLMObs::llm('ask', fn (Span $span) => $span->annotate(tags: ['a' => 'own'])),
        tags: ['b' => '2'],
        name: 'named',
    ), tags: ['a' => '1'], prompt: ['id' => 'p', 'version' => '2'], costTags: ['b']);
    LLMObs::task('outside', fn () => null);
    $span = $recorder->span('named');
    same([$span->tags['a'], $span->tags['b'], $span->prompt['id']], ['own', '2', 'p']);
    same(isset($recorder->span('outside')->tags['b']), false);
    same(thrown(fn () => LLMObs::annotationContext(fn () => null, what: 1)) instanceof InvalidArgument, true);
});

test('evaluations and feedback', function (Recorder $recorder): void {
    $span = LLMObs::task('a', fn (Span $span) => $span);
    LLMObs::submitEvaluation('polite', 'score', 0.9, $span, assessment: 'pass', tags: []);
    LLMObs::submitEvaluation('seen', 'json', [], span: $span->export());
    LLMObs::submitFeedback('thumb', 'categorical', 'up', ['id' => 'u', 'type' => 'user'], $span);
    [$polite, $seen, $thumb] = $recorder->evaluations();
    same([$polite->value, $polite->spanId, $polite->assessment], [0.9, $span->export()['span_id'], 'pass']);
    same([$seen->value, $thumb->submitter['id'], $thumb->value], [[], 'u', 'up']);
    same(thrown(fn () => LLMObs::submitEvaluation('x', 'score', 1)) instanceof InvalidArgument, true);
});

test('a span that is over is recorded', function (Recorder $recorder): void {
    $parent = LLMObs::task('parent', fn (Span $span) => $span);
    $span = LLMObs::record([
        'kind' => Kind::Llm,
        'name' => 'past',
        'start_ns' => 1_700_000_000_000_000_000,
        'end_ns' => 1_700_000_000_000_000_005,
        'parent' => $parent,
        'annotation' => ['input' => 'Why?', 'tags' => []],
    ]);
    same($recorder->span('past')->parentId, $parent->export()['span_id']);
    same($recorder->span('past')->durationNs, 5);
    same($span->export()['span_id'], $recorder->span('past')->spanId);
});

test('a processor changes, drops and fails closed', function (Recorder $recorder): void {
    LLMObs::processor(function (array $event): mixed {
        return match ($event['name']) {
            'gone' => null,
            'broken' => throw new Exception('no'),
            'odd' => 'nonsense',
            'same' => $event,
            default => ['output' => ['value' => '(secret)']] + $event,
        };
    });
    foreach (['gone', 'broken', 'odd', 'same', 'card'] as $name) {
        LLMObs::task($name, fn (Span $span) => $span->annotate(output: ['a' => [[], new stdClass()]]));
    }
    LLMObs::processor(null);
    LLMObs::task('free', fn (Span $span) => $span->annotate(output: 'free'));
    same(array_map(fn ($span) => [$span->name, $span->output], $recorder->spans()), [
        ['broken', '[content dropped: the processor failed]'],
        ['odd', '[content dropped: the processor failed]'],
        ['same', '{"a":[[],{}]}'],
        ['card', '(secret)'],
        ['free', 'free'],
    ]);
    same(LLMObs::statistics()['dropped'], ['processor' => 1]);
}, ['logger' => $silent]);

test('flush and statistics', function (): void {
    LLMObs::task('a', fn () => null);
    same(LLMObs::flush() == new Flushed(true, 1, 0), true);
    same(LLMObs::statistics()['delivered'], 1);
    same(LLMObs::flush(0.5)->delivered, 0);
});

LLMObs::shutdown();
$before = LLMObs::task('off', fn (Span $span) => [$span->annotate(input: 1)->export(), LLMObs::inject(['a' => 'b'])]);
same($before, [null, ['a' => 'b']]);
same([LLMObs::isOn(), LLMObs::statistics(), LLMObs::extract($_SERVER)], [false, [], null]);
same([LLMObs::record([])->export(), thrown(fn () => LLMObs::submitEvaluation())], [null, null]);
echo "ok   off, everything does nothing\n";
