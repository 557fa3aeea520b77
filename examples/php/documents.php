<?php
// The documents of this repository, as passages short enough to search and to cite.

declare(strict_types=1);

use Witspan\LLMObs;
use Witspan\Span;

/** What `filesBelow` looks for. */
const PATTERNS = ['README.md', 'ARCHITECTURE.md', 'docs/**/*.md', 'wit/*.wit'];
const PASSAGE_CHARACTERS = 700;

/**
 * Reads all documents below a folder.
 *
 * @return list<array{source: string, text: string}> where `source` is `path:line`
 */
function readDocuments(string $root): array
{
    return LLMObs::task('read_documents', function (Span $span) use ($root): array {
        Manifest::made($span, 'read_documents', 'task', 'ask');
        $files = filesBelow($root);
        $passages = array_merge(...array_map(
            fn (string $path): array => split((string) file_get_contents("$root/$path"), $path),
            $files,
        ));
        // The passages themselves would be much. The counts say enough.
        $span->annotate(
            input: ['patterns' => PATTERNS],
            output: ['files' => count($files), 'passages' => count($passages)],
        );
        return $passages;
    });
}

/** @return list<string> their paths, in the order of their folders; what is not there is left out */
function filesBelow(string $root): array
{
    $found = array_filter(['README.md', 'ARCHITECTURE.md'], fn (string $name): bool => is_file("$root/$name"));
    $below = new RecursiveIteratorIterator(new RecursiveDirectoryIterator("$root/docs", FilesystemIterator::SKIP_DOTS));
    foreach ($below as $file) {
        if ($file->getExtension() === 'md') {
            $found[] = substr($file->getPathname(), strlen($root) + 1);
        }
    }
    foreach (glob("$root/wit/*.wit") ?: [] as $file) {
        $found[] = substr($file, strlen($root) + 1);
    }
    usort($found, fn (string $a, string $b): int => strcmp(strtr($a, '/', "\0"), strtr($b, '/', "\0")));
    return $found;
}

/**
 * Cuts a text at blank lines and headings into passages of about PASSAGE_CHARACTERS.
 *
 * @return list<array{source: string, text: string}>
 */
function split(string $text, string $name): array
{
    [$passages, $lines, $characters, $first] = [[], [], 0, 1];
    $close = function () use (&$passages, &$lines, &$characters, &$first, $name): void {
        $passage = trim(implode("\n", $lines));
        if ($passage !== '') {
            $passages[] = ['source' => "$name:$first", 'text' => $passage];
        }
        [$lines, $characters] = [[], 0];
    };
    foreach (preg_split('/\r?\n/', $text) ?: [] as $at => $line) {
        $blank = trim($line) === '';
        if (str_starts_with($line, '#') || ($blank && $characters >= PASSAGE_CHARACTERS)) {
            $close();
        }
        if ($lines === []) {
            $first = $at + 1;
        }
        if ($lines !== [] || !$blank) {
            $lines[] = $line;
            $characters += iconv_strlen($line, 'UTF-8');
        }
    }
    $close();
    return $passages;
}
