<?php
// The options of `LLMObs::start`, as a configuration of the library.

declare(strict_types=1);

namespace Witspan\Internal;

use FFI\CData;
use Witspan\InvalidArgument;

/** @internal */
final class Settings
{
    /** How long a processor may take for one span. */
    public const PROCESSOR_NS = 1_000_000_000;

    public ?\Closure $processor = null;
    public readonly Log $log;
    private readonly CData $config;
    private readonly \FFI $ffi;

    /**
     * @param array<string, mixed> $options by the names of docs/configuration.md, and `processor` and `logger`
     * @param bool $environment whether the environment counts
     */
    public function __construct(array $options = [], bool $environment = true)
    {
        $this->ffi = Library::ffi();
        $this->log = new Log($options['logger'] ?? null);
        $this->processor = self::callable($options['processor'] ?? null, 'processor');
        $this->config = $environment ? $this->ffi->witspan_config_from_env() : $this->ffi->witspan_config_new();
        $this->ffi->witspan_config_language($this->config, 'php', 3);
        $this->ffi->witspan_config_keep_diagnostics($this->config);
        unset($options['logger'], $options['processor']);
        if ($environment) {
            $this->set(self::variables());
        }
        $this->set($options);
    }

    public function __destruct()
    {
        $this->ffi->witspan_config_free($this->config);
    }

    /**
     * Variables of an `.env` file, which libraries put into these arrays and not into the environment.
     *
     * @return array<string, string>
     */
    private static function variables(): array
    {
        return array_filter(
            $_ENV + $_SERVER,
            static fn (mixed $value, string|int $name): bool => is_string($value)
                && preg_match('/^(DD|WITSPAN)_/', (string) $name) === 1 && getenv((string) $name) === false,
            ARRAY_FILTER_USE_BOTH,
        );
    }

    /** @param array<string, mixed> $options */
    public function set(array $options): void
    {
        foreach ($options as $name => $value) {
            if ($name === 'tags' && is_array($value)) {
                foreach ($value as $key => $tag) {
                    [$key, $tag] = [(string) $key, self::text("tags.$key", $tag)];
                    $this->ffi->witspan_config_tag($this->config, $key, strlen($key), $tag, strlen($tag));
                }
                continue;
            }
            $name = (string) $name;
            $text = is_array($value) ? (new Writer())->json($value) : self::text($name, $value);
            $this->ffi->witspan_config_set($this->config, $name, strlen($name), $text, strlen($text));
        }
    }

    public function language(string $language): void
    {
        $this->ffi->witspan_config_language($this->config, $language, strlen($language));
    }

    /** Only for the conformance suite: time stands still there. */
    public function fixClock(int $ns): void
    {
        $this->ffi->witspan_config_fixed_clock($this->config, $ns, 1);
    }

    /** A tracer whose requests stay in a recorder, if there is one; null if nothing is traced. */
    public function tracer(?CData $recorder = null): ?Tracer
    {
        if ($recorder !== null) {
            $this->ffi->witspan_config_recorder($this->config, $recorder);
        }
        $message = $this->ffi->new('witspan_text *[1]');
        $handle = $this->ffi->witspan_tracer_start($this->config, $message);
        if ($handle === null) {
            $this->log->say('error', 'nothing is traced: ' . (Library::taken($message[0]) ?? 'no tracer starts here'));
            return null;
        }
        $tracer = new Tracer($this->ffi, $handle, $this->log);
        $tracer->diagnose();
        if (!$tracer->isOn()) {
            return null;
        }
        $tracer->process($this->processor, self::PROCESSOR_NS);
        return $tracer;
    }

    public static function callable(mixed $given, string $name): ?\Closure
    {
        if ($given === null || is_callable($given)) {
            return $given === null ? null : $given(...);
        }
        throw new InvalidArgument("`$name` is of type " . get_debug_type($given) . '; accepted: a callable');
    }

    private static function text(string $name, mixed $value): string
    {
        if ($value === null || is_scalar($value) || $value instanceof \Stringable) {
            if (is_bool($value)) {
                return $value ? '1' : '0';
            }
            // In full precision, whatever the setting `precision` says.
            return is_float($value) && is_finite($value) ? (string) json_encode($value) : (string) $value;
        }
        throw new InvalidArgument("`$name` is of type " . get_debug_type($value) . '; accepted: text, a number or a bool');
    }
}
