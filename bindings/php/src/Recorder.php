<?php
// Tests of an application's own spans: they stay in memory, and nothing leaves the process.

declare(strict_types=1);

namespace Witspan;

use FFI\CData;
use Witspan\Internal\Bodies;
use Witspan\Internal\Library;
use Witspan\Internal\Settings;
use Witspan\Internal\Tree;

/**
 * While it records, tracing is on, and only what is said here and by the application's own `LLMObs::start` counts: not
 * the environment, not a tracer that was started before, no span that is open outside. Afterwards all is as it was.
 *
 * @implements \IteratorAggregate<int, RecordedSpan>
 */
final class Recorder implements \Countable, \IteratorAggregate
{
    /** Seconds that reading waits for spans that have finished; memory answers in milliseconds. */
    private const PATIENCE = 10.0;

    private readonly CData $memory;
    private readonly \FFI $ffi;
    private ?\Closure $back = null;
    private int $read = -1;
    /** @var list<RecordedSpan> */
    private array $spans = [];
    /** @var list<RecordedEvaluation> */
    private array $evaluations = [];

    /** @param array<string, mixed> $options as for `LLMObs::start` */
    private function __construct(array $options, private readonly int $mostBytes)
    {
        $this->ffi = Library::ffi();
        $this->memory = $this->ffi->witspan_recorder_new($mostBytes);
        $this->back = LLMObs::lend($this, new Settings($options + ['ml_app' => 'test'], false));
    }

    public function __destruct()
    {
        $this->ffi->witspan_recorder_free($this->memory);
    }

    /**
     * Records until `stop`. What was recorded can be read before and after.
     *
     * @param array<string, mixed> $options as for `LLMObs::start`; `ml_app` is `test` if nothing else is said
     */
    public static function start(array $options = [], int $mostBytes = 64_000_000): self
    {
        return new self($options, $mostBytes);
    }

    /** Records while a function runs. */
    public static function during(callable $do, array $options = []): self
    {
        $recorder = new self($options, 64_000_000);
        try {
            $do();
        } finally {
            $recorder->stop();
        }
        return $recorder;
    }

    /** Ends recording. Recorders inside each other end in turn, the inner one first. */
    public function stop(): void
    {
        if ($this->back !== null) {
            LLMObs::shutdown(self::PATIENCE);
            [$back, $this->back] = [$this->back, null];
            $back();
        }
    }

    /** @internal */
    public function memory(): CData
    {
        return $this->memory;
    }

    /** @return list<RecordedSpan> those that have finished, by their start */
    public function spans(): array
    {
        if ($this->back !== null) {
            LLMObs::flush(self::PATIENCE);
        }
        $refused = $this->ffi->witspan_recorder_refused($this->memory);
        if ($refused !== 0) {
            throw new \OverflowException(
                "$refused spans did not fit into {$this->mostBytes} bytes; give it more: Recorder::start(mostBytes: …)",
            );
        }
        $count = $this->ffi->witspan_recorder_count($this->memory);
        if ($count !== $this->read) {
            $bodies = [];
            for ($at = 0; $at < $count; $at++) {
                $bodies[] = (string) Library::taken($this->ffi->witspan_recorder_body($this->memory, $at));
            }
            [$this->spans, $this->evaluations] = Bodies::read($bodies);
            $this->read = $count;
        }
        return $this->spans;
    }

    /**
     * The only span of a name.
     *
     * @throws \OutOfBoundsException if there is none or more than one; it shows those there are
     */
    public function span(string $name): RecordedSpan
    {
        $found = $this->find($name);
        if (count($found) !== 1) {
            $count = $found === [] ? 'no' : count($found);
            throw new \OutOfBoundsException("$count spans are named `$name`; recorded:\n" . $this->tree());
        }
        return $found[0];
    }

    /**
     * The spans to which all applies that is given.
     *
     * @param array<string, string> $tags some of a span's
     * @param bool|null $error whether it failed
     * @return list<RecordedSpan>
     */
    public function find(?string $name = null, ?Kind $kind = null, array $tags = [], ?bool $error = null): array
    {
        $fits = static fn (RecordedSpan $span): bool => ($name ?? $span->name) === $span->name
            && ($kind ?? $span->kind) === $span->kind
            && array_diff_assoc($tags, $span->tags) === []
            && ($error ?? ($span->error !== null)) === ($span->error !== null);
        return array_values(array_filter($this->spans(), $fits));
    }

    /** @return list<RecordedSpan> those whose parent was not recorded */
    public function roots(): array
    {
        $isRoot = static fn (RecordedSpan $span): bool => $span->parent() === null;
        return array_values(array_filter($this->spans(), $isRoot));
    }

    /** All traces as text, a line for each span, with its kind, model and error. */
    public function tree(): string
    {
        return Tree::of($this->roots());
    }

    /** @return list<RecordedEvaluation> evaluations and feedbacks, as they were submitted */
    public function evaluations(): array
    {
        $this->spans();
        return $this->evaluations;
    }

    /** How many spans have started and not finished; 0 after `stop`. */
    public function openSpans(): int
    {
        return $this->back === null ? 0 : LLMObs::statistics()['open'] ?? 0;
    }

    /** Forgets what was recorded so far. */
    public function clear(): void
    {
        $this->spans();
        $this->ffi->witspan_recorder_clear($this->memory);
        $this->read = -1;
    }

    public function count(): int
    {
        return count($this->spans());
    }

    /** @return \ArrayIterator<int, RecordedSpan> */
    public function getIterator(): \ArrayIterator
    {
        return new \ArrayIterator($this->spans());
    }
}
