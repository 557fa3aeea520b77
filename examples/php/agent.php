<?php
// Answers a question about this repository from its own documents, and traces how.
//
//     php examples/php/agent.php "How does a span find its parent?"
//
// One run is one trace. Where it goes is configured by the DD_* environment; see the README.

declare(strict_types=1);

use Witspan\LLMObs;
use Witspan\Span;

const ROOT = __DIR__ . '/../..';
const QUESTION = 'How does a span find its parent, and why can it be dropped?';

require ROOT . '/bindings/php/autoload.php';
require __DIR__ . '/Manifest.php';
require __DIR__ . '/Endpoint.php';
require __DIR__ . '/documents.php';
require __DIR__ . '/Index.php';
require __DIR__ . '/Librarian.php';

/** Reads, searches, answers: the root of the trace. */
function ask(string $question, string $session): string
{
    $endpoint = Endpoint::connect();
    return LLMObs::workflow('ask', function (Span $span) use ($question, $endpoint): string {
        Manifest::made($span, 'ask', 'workflow');
        $span->annotate(
            input: $question,
            metadata: ['chat_model' => $endpoint->chatModel],
            tags: ['example' => 'docs-agent'],
        );
        $index = new Index($endpoint, readDocuments((string) realpath(ROOT)));
        $librarian = new Librarian($endpoint, $index, (string) realpath(ROOT));
        $answer = $librarian->answer($question);
        $sources = array_keys($librarian->sources);
        sort($sources, SORT_STRING);
        checkCitations($answer, $sources);
        $span->annotate(output: $answer);
        return $answer;
    }, session: $session);
}

/**
 * Which sources the answer names, and which of those it was never given.
 *
 * @param list<string> $sources
 */
function checkCitations(string $answer, array $sources): void
{
    LLMObs::task('check_citations', function (Span $span) use ($answer, $sources): void {
        Manifest::made($span, 'check_citations', 'task', 'ask');
        preg_match_all('/\[([^\[\]\s]+)\]/', $answer, $found);
        $cited = array_unique($found[1]);
        sort($cited, SORT_STRING);
        $unknown = array_values(array_diff($cited, $sources));
        $span->annotate(
            input: ['answer' => $answer, 'sources' => $sources],
            output: ['cited' => $cited, 'unknown' => $unknown],
        );
    });
}

$options = getopt('', ['session:'], $rest);
LLMObs::start();
try {
    ask($argv[$rest] ?? QUESTION, $options['session'] ?? 'docs-' . bin2hex(random_bytes(4)));
    echo "\n";
} finally {
    LLMObs::flush(10);
    fwrite(STDERR, 'spans: ' . json_encode(LLMObs::statistics()) . "\n");
    LLMObs::shutdown();
    Manifest::write();
}
