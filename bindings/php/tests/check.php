<?php
// What the tests in PHP share: each file says what must hold, and ends with 1 if something does not.

declare(strict_types=1);

use Witspan\Recorder;

require getenv('WITSPAN_AUTOLOAD') ?: dirname(__DIR__) . '/autoload.php';

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});
$failed = 0;
register_shutdown_function(static function () use (&$failed): void {
    if ($failed > 0) {
        exit(1);
    }
});

/** Runs a test, which gets a recorder that is on. */
function test(string $name, callable $test, array $options = []): void
{
    global $failed;
    $recorder = Recorder::start($options);
    try {
        $test($recorder);
        echo "ok   $name\n";
    } catch (Throwable $error) {
        $failed++;
        echo "FAIL $name: {$error->getMessage()}\n     {$error->getFile()}({$error->getLine()})\n";
        echo $error->getTraceAsString(), "\n";
    } finally {
        $recorder->stop();
    }
}

function same(mixed $is, mixed $wanted): void
{
    if ($is !== $wanted) {
        throw new Exception("\n  is     " . var_export($is, true) . "\n  wanted " . var_export($wanted, true));
    }
}

/** What a function throws. */
function thrown(callable $do): ?Throwable
{
    try {
        $do();
        return null;
    } catch (Throwable $error) {
        return $error;
    }
}
