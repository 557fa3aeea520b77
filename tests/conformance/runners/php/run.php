<?php
// Runs the case of each line of its input, a JSON object, and writes a line of what came of it.

declare(strict_types=1);

require dirname(__DIR__, 4) . '/bindings/php/autoload.php';
require __DIR__ . '/Json.php';
require __DIR__ . '/Subject.php';

while (($line = fgets(STDIN)) !== false) {
    $given = Json::read($line);
    $found = match ($given->call ?? 'run') {
        'run' => (new Subject($given->case, $given->form, $given->url))->run(),
        'names' => ['gives' => Witspan\Internal\Library::taken(Witspan\Internal\Library::ffi()->witspan_names())],
        'variables' => ['gives' => Witspan\Internal\Library::taken(Witspan\Internal\Library::ffi()->witspan_variables())],
    };
    // Another case's spans are given up now, not in the midst of the next one.
    gc_collect_cycles();
    echo json_encode($found, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
