<?php
// The recorder: what it shows, and that everything is afterwards as it was.

declare(strict_types=1);

use Witspan\Kind;
use Witspan\LLMObs;
use Witspan\Recorder;
use Witspan\Span;

require dirname(__DIR__) . '/check.php';

test('finds, counts, clears, and shows an error', function (Recorder $recorder): void {
    LLMObs::workflow('a', fn () => thrown(fn () => LLMObs::task('b', fn () => throw new Exception("two\nlines"))));
    same($recorder->tree(), "workflow   a\ntask       └─ b ! Exception: two lines");
    same([count($recorder->find(error: true)), count($recorder->find('a', Kind::Task)), count($recorder)], [1, 0, 2]);
    same(count($recorder->find(tags: ['ml_app' => 'test'])), 2);
    same($recorder->roots()[0]->children()[0]->name, 'b');
    $error = thrown(fn () => $recorder->span('c'));
    same(str_contains($error?->getMessage() ?? '', "no spans are named `c`; recorded:\nworkflow   a"), true);
    same(array_map(fn ($span) => $span->name, iterator_to_array($recorder)), ['a', 'b']);
    $recorder->clear();
    same(count($recorder), 0);
});

test('inside each other, each has its own, and nothing is current', function (Recorder $outer): void {
    LLMObs::task('out', function () use ($outer): void {
        $inner = Recorder::during(function (): void {
            same(LLMObs::current(), null);
            LLMObs::task('in', fn () => null);
        });
        same([count($inner), $inner->openSpans()], [1, 0]);
        same(LLMObs::current()?->info()['name'], 'out');
        same($outer->openSpans(), 1);
    });
    same($outer->tree(), 'task       out');
});

test('the application\'s own start counts, but where spans go', function (Recorder $recorder): void {
    LLMObs::start(['ml_app' => 'shop', 'processor' => fn (array $event) => $event['name'] === 'no' ? null : $event]);
    LLMObs::task('yes', fn () => null);
    LLMObs::task('no', fn () => null);
    same($recorder->span('yes')->tags['ml_app'], 'shop');
    same([count($recorder), $recorder->span('yes')->tags['language']], [1, 'php']);
});

test('what does not fit is said', function (): void {
    $small = Recorder::start([], 1000);
    LLMObs::task('big', fn (Span $span) => $span->annotate(input: str_repeat('x', 2000)));
    $error = thrown(fn () => $small->spans());
    $small->stop();
    same($error instanceof OverflowException, true);
});

test('the environment is not read', function (Recorder $recorder): void {
    LLMObs::task('a', fn () => null);
    same($recorder->span('a')->tags['ml_app'], 'test');
});
