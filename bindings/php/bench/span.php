<?php
// What an annotated span costs, in microseconds: the best of some rounds, with all requests in memory.

declare(strict_types=1);

use Witspan\Kind;
use Witspan\LLMObs;
use Witspan\Recorder;
use Witspan\Span;

require dirname(__DIR__) . '/autoload.php';

const SPANS = 20_000;
const ROUNDS = 7;

/** @return float microseconds for one call */
function best(callable $do): float
{
    $best = INF;
    for ($round = 0; $round < ROUNDS; $round++) {
        $recorder = Recorder::start(['queue_bytes' => 500_000_000], 1_000_000_000);
        $do();
        $start = hrtime(true);
        for ($at = 0; $at < SPANS; $at++) {
            $do();
        }
        $best = min($best, (hrtime(true) - $start) / 1e3 / SPANS);
        $recorder->stop();
    }
    return $best;
}

$input = [['role' => 'user', 'content' => 'Why is the sky blue?']];
$output = [['role' => 'assistant', 'content' => 'Rayleigh scattering.']];
$ways = [
    'nothing is traced' => null,
    'a span' => static fn () => LLMObs::task('step', static fn (Span $span) => 1),
    'an annotated span' => static fn () => LLMObs::llm('ask', static fn (Span $span) => $span->annotate(
        input: $input,
        output: $output,
        metadata: ['temperature' => 0.2],
        metrics: ['input_tokens' => 6, 'output_tokens' => 2],
        tags: ['team' => 'search'],
    ), model: 'gpt-5', provider: 'openai'),
    'an annotated span by hand' => static fn () => LLMObs::startSpan(Kind::Task, 'step')
        ->annotate(input: 'Why?', output: 'Because.')->finish(),
];
$start = hrtime(true);
for ($at = 0; $at < SPANS; $at++) {
    LLMObs::task('step', static fn (Span $span) => $span->annotate(input: $input));
}
printf("%-28s %6.2f µs\n", 'nothing is traced', (hrtime(true) - $start) / 1e3 / SPANS);
foreach (array_filter($ways) as $name => $do) {
    printf("%-28s %6.2f µs\n", $name, best($do));
}
