<?php
// Ends in the way that its argument names, with spans that have just finished, or are open.

declare(strict_types=1);

use Witspan\Kind;
use Witspan\LLMObs;
use Witspan\Span;

require getenv('WITSPAN_AUTOLOAD') ?: dirname(__DIR__, 2) . '/autoload.php';

final class Late
{
    public function __destruct()
    {
        LLMObs::task('in a destructor', fn () => null);
        LLMObs::startSpan(Kind::Task, 'after the end')->annotate(input: 'x')->finish();
    }
}

register_shutdown_function(fn () => LLMObs::task('shutdown, registered before', fn () => null));
LLMObs::start(['ml_app' => 'ends']);
register_shutdown_function(fn () => LLMObs::task('shutdown, registered after', fn () => null));
$late = new Late();
$open = LLMObs::startSpan(Kind::Task, 'open');

if (getenv('HANDLER') === 'before') {
    pcntl_signal(SIGTERM, fn () => exit(7));
}
LLMObs::task('done', fn () => null);
if (getenv('HANDLER') === 'after') {
    pcntl_signal(SIGTERM, fn () => exit(7));
}
match ($argv[1]) {
    'end' => null,
    'exit' => LLMObs::workflow('outer', fn () => LLMObs::task('inner', function (Span $span): void {
        $span->annotate(output: 'so far');
        exit(3);
    })),
    'uncaught' => LLMObs::task('inner', fn () => throw new DomainException('nobody catches this')),
    'fatal' => LLMObs::task('inner', function (): void {
        ini_set('memory_limit', '40M');
        str_repeat('x', 80_000_000);
    }),
    'killed' => (function (): void {
        pcntl_async_signals(true);
        echo "ready\n";
        // A sleep ends early where a handler has run.
        for ($end = microtime(true) + 20; microtime(true) < $end; sleep(1)) {
        }
    })(),
    'forked' => LLMObs::workflow('parent', function (): void {
        $child = pcntl_fork();
        if ($child === 0) {
            LLMObs::activate(null);
            LLMObs::task('in the child', fn () => null);
            exit(0);
        }
        pcntl_waitpid($child, $status);
        LLMObs::task('in the parent', fn () => null);
    }),
    'forked early' => (function (): void {
        $children = array_map(function (int $number): int {
            $child = pcntl_fork();
            if ($child === 0) {
                foreach (range(1, 50) as $at) {
                    LLMObs::task("child $number", fn () => null);
                }
                exit(0);
            }
            return $child;
        }, [1, 2, 3]);
        array_map(fn (int $child) => pcntl_waitpid($child, $status), $children);
    })(),
};
