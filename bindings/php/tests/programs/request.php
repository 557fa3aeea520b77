<?php
// A page under php-fpm: what it does is said by its query.

declare(strict_types=1);

use Witspan\Kind;
use Witspan\LLMObs;
use Witspan\Span;

// With preloading the classes are there.
if (!class_exists(LLMObs::class, false)) {
    require $_SERVER['WITSPAN_AUTOLOAD'];
}
parse_str($_SERVER['QUERY_STRING'], $query);
header('content-type: text/plain');
LLMObs::start(['ml_app' => 'fpm', 'override_origin' => $_SERVER['RECEIVER'], 'agentless_enabled' => false]);
LLMObs::activate(LLMObs::extract($_SERVER));
echo getmypid(), ' ', LLMObs::current() === null ? 'nothing is current' : 'a span was left', "\n";

$name = $query['name'] ?? 'request';
match ($query['do'] ?? 'trace') {
    'nothing' => null,
    'trace' => LLMObs::workflow($name, fn (Span $span) => $span->annotate(input: $query, output: LLMObs::llm(
        'ask',
        fn () => 'answer',
        model: 'gpt-5',
    ))),
    'exit' => LLMObs::workflow($name, fn () => exit('ended')),
    'leave' => LLMObs::activate(LLMObs::startSpan(Kind::Task, $name)),
    'fatal' => LLMObs::workflow($name, fn () => undefined_function()),
};
