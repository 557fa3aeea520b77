<?php
// One tracer of the library: every call that is not about one span, and the start of spans.

declare(strict_types=1);

namespace Witspan\Internal;

use FFI\CData;
use Witspan\Flushed;
use Witspan\InvalidArgument;
use Witspan\Remote;
use Witspan\Span;

/** @internal */
final class Tracer
{
    private const ROOT = 0;
    private const CURRENT = 1;
    private const CHILD_OF = 2;
    private const SESSION_ID = 1;
    private const ML_APP = 2;
    private const MODEL_NAME = 3;
    private const MODEL_PROVIDER = 4;
    private const START_NS = 5;
    private const CONTEXT = 6;
    private const REMOTE = 7;
    /** What a processor returns. */
    private const KEEP = 0;
    private const REPLACE = 1;
    private const DROP = 2;
    private const REJECT = 3;
    /** Mistakes of the caller are codes from 1 to this; all others are counted, and never raised. */
    private const LAST_MISTAKE = 3;
    /** Diagnostics are fetched each time so many spans have started. */
    private const DIAGNOSE_EACH = 1024;

    public readonly Writer $writer;
    /** Places for results: making them takes longer than the calls. */
    private readonly CData $message;
    private readonly CData $place;
    private readonly CData $number;
    private int $started = 0;
    /** The one that the library calls; also former ones stay, since it may still use them. @var list<\Closure> */
    private array $processors = [];

    /** @param CData|null $handle null once it is freed: the library does nothing then */
    public function __construct(public readonly \FFI $ffi, public ?CData $handle, private readonly Log $log)
    {
        $this->writer = new Writer();
        $this->message = $ffi->new('witspan_text *[1]');
        $this->place = $ffi->new('witspan_text *[1]');
        $this->number = $ffi->new('uint64_t[2]');
    }

    public function __destruct()
    {
        // At the end of a program PHP calls destructors in any order: spans may come after this.
        [$handle, $this->handle] = [$this->handle, null];
        $this->ffi->witspan_tracer_free($handle);
    }

    public function isOn(): bool
    {
        return $this->ffi->witspan_is_on($this->handle) === 1;
    }

    /** Starts a span below the given parent, else below what is current in the context. */
    public function start(
        int $kind,
        ?string $name,
        ?string $model,
        ?string $provider,
        ?string $session,
        ?string $mlApp,
        Span|Remote|null $parent,
        int|\DateTimeInterface|null $start,
        Context $context,
    ): Span {
        if ((++$this->started % self::DIAGNOSE_EACH) === 0) {
            $this->diagnose();
        }
        $above = $parent ?? $context->current;
        $belongs = self::ROOT;
        $number = 0;
        if ($above instanceof Span) {
            $belongs = $parent === null ? self::CURRENT : self::CHILD_OF;
            $number = $above->number;
        }
        $length = $name === null ? 0 : strlen($name);
        $texts = [];
        if ($model !== null || $provider !== null || $session !== null || $mlApp !== null) {
            $texts = [self::SESSION_ID => $session, self::ML_APP => $mlApp];
            $texts += [self::MODEL_NAME => $model, self::MODEL_PROVIDER => $provider];
        }
        if ($above instanceof Remote) {
            $texts[self::REMOTE] = $above->text;
        }
        if ($texts === [] && $start === null && $context->annotations === []) {
            $id = $this->ffi->witspan_start($this->handle, $kind, $belongs, $number, $name, $length);
        } else {
            $options = $this->options($texts, $context->annotations, $start);
            $this->check($this->ffi->witspan_start_with(
                $this->handle,
                $kind,
                $belongs,
                $number,
                $name,
                $length,
                $options[0],
                intdiv(strlen($options[0]), 24),
                $this->number,
                $this->message,
            ));
            $id = $this->number[0];
        }
        return new Span($this, $id, $above instanceof Span ? $above : null);
    }

    /**
     * Options as the library reads them, and the text that they point into, which must live as long.
     *
     * @param array<int, string|null> $texts
     * @param list<string> $contexts
     * @return array{string, string}
     */
    private function options(array $texts, array $contexts, int|\DateTimeInterface|null $start): array
    {
        $all = implode('', $texts) . implode('', $contexts);
        // Where PHP has it: what moves nothing gives back the address.
        $at = $this->ffi->memmove($all, $all, 0);
        $packed = $start === null ? '' : pack('QQQ', self::START_NS, 0, self::nanoseconds($start));
        foreach ($texts as $option => $text) {
            if ($text === null) {
                continue;
            }
            $packed .= pack('QQQ', $option, $at, strlen($text));
            $at += strlen($text);
        }
        foreach ($contexts as $context) {
            $packed .= pack('QQQ', self::CONTEXT, $at, strlen($context));
            $at += strlen($context);
        }
        return [$packed, $all];
    }

    /** Nanoseconds since the Unix epoch. */
    public static function nanoseconds(int|\DateTimeInterface $time): int
    {
        if (is_int($time)) {
            return $time;
        }
        return $time->getTimestamp() * 1_000_000_000 + (int) $time->format('u') * 1000;
    }

    /**
     * Raises what is a mistake of the caller.
     *
     * @throws InvalidArgument
     */
    private function check(int $code): void
    {
        if ($code === 0) {
            return;
        }
        [$message, $this->message[0]] = [$this->message[0], null];
        $text = Library::taken($message);
        if ($code <= self::LAST_MISTAKE) {
            throw new InvalidArgument($text ?? 'a remote context is not one that `extract` gave');
        }
    }

    public function annotate(int $span, string $json): void
    {
        $this->check($this->ffi->witspan_annotate($this->handle, $span, $json, strlen($json), $this->message));
    }

    /** Counts an annotation that has no open span to go to. */
    public function misplaced(string $why): void
    {
        $this->ffi->witspan_misplaced($this->handle, $why, strlen($why));
    }

    public function checkContext(string $json): void
    {
        $this->check($this->ffi->witspan_check_context($this->handle, $json, strlen($json), $this->message));
    }

    public function record(string $json): Span
    {
        $message = $this->message;
        $this->check($this->ffi->witspan_record($this->handle, $json, strlen($json), $this->number, $message));
        $span = new Span($this, $this->number[0], null);
        $span->finished = true;
        return $span;
    }

    /** @param bool $feedback what a user says, instead of an evaluation */
    public function submit(bool $feedback, string $json): void
    {
        $submit = $feedback ? 'witspan_feedback' : 'witspan_evaluate';
        $this->check($this->ffi->$submit($this->handle, $json, strlen($json), $this->message));
    }

    /** @return array{string, string}|null span id and trace id as they are sent */
    public function ids(int $span): ?array
    {
        $trace = $this->ffi->new('witspan_text *[1]');
        if ($this->ffi->witspan_ids($this->handle, $span, $this->place, $trace) !== 0) {
            return null;
        }
        return [(string) Library::taken($this->place[0]), (string) Library::taken($trace[0])];
    }

    /** @return array<string, string>|null */
    public function info(int $span): ?array
    {
        $code = $this->ffi->witspan_info($this->handle, $span, $this->place);
        return $code === 0 ? json_decode((string) Library::taken($this->place[0]), true) : null;
    }

    /** The headers to set, as HTTP writes them. */
    public function inject(int $span, string $headers): string
    {
        $code = $this->ffi->witspan_inject($this->handle, $span, $headers, strlen($headers), $this->place);
        return $code === 0 ? (string) Library::taken($this->place[0]) : '';
    }

    /** @throws InvalidArgument if they name no trace */
    public function extract(string $headers): ?Remote
    {
        [$place, $message] = [$this->place, $this->message];
        $code = $this->ffi->witspan_extract($this->handle, $headers, strlen($headers), $place, $message);
        $this->check($code);
        return $code === 0 ? new Remote((string) Library::taken($place[0])) : null;
    }

    /** A span as a remote place; null if it is not kept. */
    public function remoteOf(int $span): ?Remote
    {
        $code = $this->ffi->witspan_remote_of($this->handle, $span, $this->place);
        return $code === 0 ? new Remote((string) Library::taken($this->place[0])) : null;
    }

    /** @param int|null $timeout nanoseconds; null: as the settings say */
    public function flush(?int $timeout): Flushed
    {
        $timeout ??= $this->plan()['flush_timeout_ns'] ?? 0;
        $number = $this->number;
        $code = $this->ffi->witspan_flush($this->handle, $timeout, $number, \FFI::addr($number[1]));
        $this->diagnose();
        return new Flushed($code === 0, $number[0], $number[1]);
    }

    /** @param int|null $timeout nanoseconds; null: as the settings say */
    public function shutdown(?int $timeout): Flushed
    {
        $timeout ??= $this->plan()['exit_timeout_ns'] ?? 0;
        $number = $this->number;
        $code = $this->ffi->witspan_shutdown($this->handle, $timeout, $number, \FFI::addr($number[1]));
        $this->diagnose();
        return new Flushed($code === 0, $number[0], $number[1]);
    }

    /** @return array<string, mixed> */
    public function plan(): array
    {
        return json_decode(Library::taken($this->ffi->witspan_plan($this->handle)) ?? '{}', true);
    }

    /** Has signals that end the process deliver what has finished. */
    public function deliverAtSignals(): void
    {
        $plan = $this->plan();
        if ($plan['handle_signals'] ?? false) {
            Signals::giveUpPutOff();
            $this->ffi->witspan_deliver_at_signals($this->handle, $plan['exit_timeout_ns'], null);
        }
    }

    /** @return array<string, mixed> */
    public function statistics(): array
    {
        return json_decode(Library::taken($this->ffi->witspan_statistics($this->handle)) ?? '{}', true);
    }

    public function counter(string $name): int
    {
        $this->ffi->witspan_counter($this->handle, $name, strlen($name), $this->number);
        return $this->number[0];
    }

    /** Passes on what the library has to say; no other thread may call PHP. */
    public function diagnose(): void
    {
        $said = json_decode(Library::taken($this->ffi->witspan_diagnostics($this->handle)) ?? '[]', true);
        foreach ($said as ['level' => $level, 'message' => $message]) {
            $this->log->say($level === 'error' ? 'error' : 'warning', $message);
        }
    }

    /** Only for the conformance suite: lets its clock advance. */
    public function advance(int $ns): void
    {
        $this->ffi->witspan_advance($this->handle, $ns);
    }

    public function process(?\Closure $processor, int $limit): void
    {
        $inC = null;
        if ($processor !== null) {
            $inC = $this->processors[] = function ($data, $event, $length, $reply) use ($processor): int {
                // No exception may leave this.
                try {
                    return $this->processed($processor, $event, $reply);
                } catch (\Throwable $error) {
                    $why = Forms::className($error) . ': ' . $error->getMessage();
                    $this->ffi->witspan_reply_set($reply, $why, strlen($why));
                    return self::REJECT;
                }
            };
        }
        $this->ffi->witspan_set_processor($this->handle, $inC, null, $limit);
    }

    private function processed(\Closure $processor, string $text, CData $reply): int
    {
        $event = Events::read($text);
        $result = $processor($event);
        if ($result === null) {
            return self::DROP;
        }
        if ($result === $event) {
            return self::KEEP;
        }
        $json = is_array($result) ? $this->writer->json((object) $result) : '';
        $this->ffi->witspan_reply_set($reply, $json, strlen($json));
        return self::REPLACE;
    }
}
