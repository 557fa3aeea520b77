<?php
// For `opcache.preload`: the classes of this package, which only so may use FFI where `ffi.enable=preload`.

declare(strict_types=1);

require_once __DIR__ . '/autoload.php';

(static function (): void {
    foreach ([...glob(__DIR__ . '/src/Internal/*.php'), ...glob(__DIR__ . '/src/*.php')] as $file) {
        // Its interfaces may not be there.
        if (basename($file) !== 'Psr15Middleware.php') {
            require_once $file;
        }
    }
    try {
        // The declarations are then read here once, and not in each request.
        $header = tempnam(sys_get_temp_dir(), 'witspan');
        file_put_contents($header, Witspan\Internal\Library::header());
        FFI::load($header);
    } catch (FFI\Exception) {
        // PHP refuses with `opcache.preload_user`. Unless `ffi.preload` has them, each request reads them.
    } finally {
        unlink($header);
    }
})();
