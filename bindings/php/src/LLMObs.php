<?php
// What an application calls: one tracer a process, all methods static.

declare(strict_types=1);

namespace Witspan;

use Witspan\Internal\Context;
use Witspan\Internal\Ending;
use Witspan\Internal\Headers;
use Witspan\Internal\Kinds;
use Witspan\Internal\Log;
use Witspan\Internal\Settings;
use Witspan\Internal\StreamText;
use Witspan\Internal\Submissions;
use Witspan\Internal\Tracer;

/**
 * Before `start`, after `shutdown`, and with `DD_LLMOBS_ENABLED=0`, every call does nothing but run the functions that
 * it is given. Nothing that goes wrong in tracing is thrown, but `InvalidArgument` for a programmer's own mistake.
 */
final class LLMObs
{
    use Kinds;
    use Submissions;

    private static ?Tracer $tracer = null;
    /** Those of a tracer that starts with the first span: a request that makes none costs nothing. */
    private static ?Settings $waiting = null;
    private static ?Recorder $recorder = null;

    /**
     * Turns tracing on.
     *
     * @param array<string, mixed> $options by the names of docs/configuration.md, such as `ml_app`; they win over the
     *     environment. Besides those `processor`, as for `LLMObs::processor`, and `logger`, which is like PSR-3's and
     *     gets diagnostics; without it they go to PHP's error log.
     * @throws InvalidArgument for an option that is neither text nor a number
     */
    public static function start(array $options = []): void
    {
        self::shutdown();
        try {
            self::$waiting = new Settings($options, self::$recorder === null);
        } catch (InvalidArgument $error) {
            throw $error;
        } catch (\Throwable $error) {
            (new Log())->say('error', "nothing is traced: {$error->getMessage()}");
            return;
        }
        if (self::$recorder === null) {
            Ending::watch();
        }
    }

    /** The tracer, which starts now if it waits; null if nothing is traced. */
    private static function tracer(): ?Tracer
    {
        if (self::$tracer === null && self::$waiting !== null) {
            [$settings, self::$waiting] = [self::$waiting, null];
            self::$tracer = $settings->tracer(self::$recorder?->memory());
            if (self::$recorder === null && PHP_SAPI === 'cli') {
                self::$tracer?->deliverAtSignals();
            }
        }
        return self::$tracer;
    }

    /** Whether spans are kept. */
    public static function isOn(): bool
    {
        return self::tracer()?->isOn() ?? false;
    }

    /**
     * A span that you end yourself, with `finish` or `fail`. It is not made current: `$span->run(…)` runs a function
     * where it is, and `parent:` names it for others.
     */
    public static function startSpan(
        Kind $kind,
        ?string $name = null,
        ?string $model = null,
        ?string $provider = null,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): Span {
        $tracer = self::tracer();
        if ($tracer === null) {
            return new Span(null, 0, null);
        }
        $context = Context::here();
        $number = $kind->number();
        return $tracer->start($number, $name, $model, $provider, $session, $mlApp, $parent, $start, $context);
    }

    /** The span that is current here: in this fiber, or outside of all fibers. */
    public static function current(): ?Span
    {
        $current = self::$tracer === null ? null : Context::here()->current;
        return $current instanceof Span ? $current : null;
    }

    /** Says something of the current span; see `Span::annotate`. Without one it is counted and logged once. */
    public static function annotate(mixed ...$members): void
    {
        $span = self::current();
        if ($span !== null) {
            $span->annotate(...$members);
        } else {
            self::$tracer?->misplaced('an annotation was dropped: no span is current here');
        }
    }

    /**
     * Says something of every span that starts while a function runs, in this fiber. `name` is the spans' name; the
     * others are as for `Span::annotate`. Contexts inside each other merge; what a span says itself wins.
     *
     * @return mixed what the function gives
     * @throws InvalidArgument for a wrong argument
     */
    public static function annotationContext(
        callable $do,
        mixed $tags = null,
        mixed $prompt = null,
        mixed $name = null,
        mixed $costTags = null,
        mixed $agent = null,
        mixed ...$more,
    ): mixed {
        $tracer = self::tracer();
        if ($tracer === null) {
            return $do();
        }
        $json = $tracer->writer->members(Span::objects($more + [
            'tags' => $tags,
            'prompt' => $prompt,
            'name' => $name,
            'cost_tags' => $costTags,
            'agent' => $agent,
        ]));
        $tracer->checkContext($json);
        $context = Context::here();
        $before = $context->annotations;
        $context->annotations[] = $json;
        try {
            return $do();
        } finally {
            $context->annotations = $before;
        }
    }

    /**
     * A function that does what the given one does, where all is current that is so here: for fibers, which begin with
     * nothing, and for callbacks that run later.
     */
    public static function propagate(callable $do): \Closure
    {
        $context = Context::here();
        [$current, $annotations] = [$context->current, $context->annotations];
        return static fn (mixed ...$arguments): mixed
            => Context::here()->with($current, $annotations, $do, ...$arguments);
    }

    /**
     * The items of a stream as they come. The span gets them as its output, and ends with the stream: as an error if
     * that throws, with what came if nobody reads on. While the stream is asked for an item, the span is current.
     *
     * @template K
     * @template V
     * @param iterable<K, V> $items
     * @return \Generator<K, V>
     */
    public static function stream(Span $span, iterable $items): \Generator
    {
        return StreamText::of($span, self::$tracer, $items);
    }

    /**
     * Headers with those set that let their receiver continue the trace of a span, by default the current one.
     *
     * @template T of array|object
     * @param T $headers names and values (also lists of values), lines as curl takes them, or a message like PSR-7's
     * @return T
     */
    public static function inject(array|object $headers = [], ?Span $span = null): array|object
    {
        $span ??= self::current();
        if (self::$tracer === null || $span === null) {
            return $headers;
        }
        return Headers::put($headers, self::$tracer->inject($span->number, Headers::text($headers)));
    }

    /**
     * The place in a trace that a request's headers name; null if they name none.
     *
     * @param array<array-key, mixed>|object $headers as for `inject`, or `$_SERVER`
     */
    public static function extract(array|object $headers): ?Remote
    {
        try {
            return self::tracer()?->extract(Headers::text($headers));
        } catch (InvalidArgument) {
            // Another service's doing, not the programmer's.
            return null;
        }
    }

    /** Has spans that start here from now on belong to a span or a remote place; null: to nothing. */
    public static function activate(Span|Remote|null $parent): void
    {
        Context::here()->current = $parent;
    }

    /**
     * Records a span that is over.
     *
     * @param array<string, mixed> $span `kind`, `start_ns` and `end_ns`; also `name`, `parent` (a span, a remote place
     *     or ids), `error` and `annotation`, as `record-span` in wit/tracing.wit says
     * @return Span which can be a parent
     * @throws InvalidArgument for a wrong argument
     */
    public static function record(array $span): Span
    {
        $tracer = self::tracer();
        if ($tracer === null) {
            return new Span(null, 0, null);
        }
        $parent = $span['parent'] ?? null;
        if ($parent instanceof Span) {
            $parent = $tracer->remoteOf($parent->number);
            $span['parent'] = null;
        }
        if ($parent instanceof Remote) {
            $span['parent'] = ['remote' => $parent->text];
        }
        if (is_array($span['annotation'] ?? null)) {
            $span['annotation'] = (object) Span::objects($span['annotation']);
        }
        return $tracer->record($tracer->writer->members($span));
    }

    /**
     * Has a function see every span before it is sent. It gets the event as an array, and gives it back, changed or
     * not, or null to drop the span. If it throws, gives something else or takes longer than a second, the span is
     * sent without its content.
     *
     * @param callable(array<string, mixed>): ?array<string, mixed>|null $processor null removes it
     */
    public static function processor(?callable $processor): void
    {
        $processor = Settings::callable($processor, 'processor');
        if (self::$waiting !== null) {
            self::$waiting->processor = $processor;
        }
        self::$tracer?->process($processor, Settings::PROCESSOR_NS);
    }

    /** Sends what has finished, and waits for it. @param float|null $seconds null: as `flush_timeout` says */
    public static function flush(?float $seconds = null): Flushed
    {
        return self::$tracer?->flush(self::ns($seconds)) ?? new Flushed(true, 0, 0);
    }

    /**
     * Sends what has finished, waits for it, and turns tracing off. At the end of a program or a request it happens by
     * itself. Spans that are still open are not sent.
     *
     * @param float|null $seconds null: as `exit_timeout` says
     */
    public static function shutdown(?float $seconds = null): Flushed
    {
        [$tracer, self::$tracer, self::$waiting] = [self::$tracer, null, null];
        return $tracer?->shutdown(self::ns($seconds)) ?? new Flushed(true, 0, 0);
    }

    private static function ns(?float $seconds): ?int
    {
        return $seconds === null ? null : (int) min(max($seconds, 0.0) * 1e9, 9e18);
    }

    /** @return array<string, mixed> every counter: `accepted`, `open`, `delivered`, `dropped` by reason, and so on */
    public static function statistics(): array
    {
        return self::$tracer?->statistics() ?? [];
    }

    /** @internal Whether there is something that the end of the program has to deliver. */
    public static function isWatching(): bool
    {
        return self::$tracer !== null && self::$recorder === null;
    }

    /** @internal Only the conformance suite makes tracers of its own. */
    public static function use(?Tracer $tracer): void
    {
        [self::$tracer, self::$waiting] = [$tracer, null];
    }

    /** @internal Has a recorder get all spans; gives what puts everything back. */
    public static function lend(?Recorder $recorder, Settings $settings): \Closure
    {
        $before = [self::$tracer, self::$waiting, self::$recorder];
        $back = Context::away();
        [self::$tracer, self::$waiting, self::$recorder] = [null, $settings, $recorder];
        return static function () use ($before, $back): void {
            [self::$tracer, self::$waiting, self::$recorder] = $before;
            $back();
        };
    }
}
