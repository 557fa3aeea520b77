<?php
// The PHP package as a subject of the suite: runs the steps of a case.

declare(strict_types=1);

use Witspan\Internal\Context;
use Witspan\Internal\Settings;
use Witspan\Internal\Tracer;
use Witspan\InvalidArgument;
use Witspan\Kind;
use Witspan\LLMObs;
use Witspan\Remote;
use Witspan\Span;

final class Subject
{
    private const START_NS = 1_700_000_000_000_000_000;
    private const LATE_NS = 2_000_000_000;

    private readonly Tracer $tracer;
    /** @var array<string, Span> */
    private array $spans = [];
    /** @var array<string, Remote> */
    private array $remotes = [];
    private mixed $event = null;

    public function __construct(private readonly stdClass $case, string $form, string $receiver)
    {
        $given = (array) ($case->settings ?? []);
        $sampling = $given['sampling'] ?? null;
        $settings = new Settings([
            'ml_app' => $given['ml_app'] ?? 'conformance',
            ...array_intersect_key($given, ['service' => 1, 'env' => 1, 'version' => 1]),
            ...(array) ($given['limits'] ?? []),
            'tags' => (array) ($given['tags'] ?? []),
            'api_key' => 'key',
            'agentless_enabled' => $form === 'public-api',
            'intake' => $form === 'public-api' ? 'public' : 'sdk',
            'override_origin' => $receiver,
            'sample_rate' => $sampling?->rate,
            'sampling_rules' => $sampling->rules ?? null,
            'drop_unsampled' => $sampling->drop ?? false,
            'logger' => new Silent(),
        ], false);
        $settings->language($given['language'] ?? 'python');
        $settings->fixClock(self::START_NS);
        $this->tracer = $settings->tracer();
        LLMObs::use($this->tracer);
    }

    /** @return array<string, mixed> what went wrong, and the counters */
    public function run(): array
    {
        try {
            foreach ($this->case->program as $at => $step) {
                try {
                    $this->{$step->do}($step);
                } catch (Throwable $error) {
                    return ['error' => "step $at ({$step->do}): " . $error::class . ": {$error->getMessage()}"];
                }
            }
            $settled = LLMObs::flush(20)->settled;
            return ['error' => $settled ? null : 'the flush has not settled', 'statistics' => LLMObs::statistics()];
        } finally {
            [$this->spans, $this->remotes] = [[], []];
            LLMObs::activate(null);
            LLMObs::shutdown(0);
        }
    }

    private function start(stdClass $step): void
    {
        $start = fn (): Span => LLMObs::startSpan(
            Kind::from($step->kind),
            $step->name ?? null,
            model: $step->model_name ?? null,
            provider: $step->model_provider ?? null,
            session: $step->session_id ?? null,
            mlApp: $step->ml_app ?? null,
            parent: isset($step->child_of) ? $this->spans[$step->child_of] : null,
            start: $step->start_ns ?? null,
        );
        foreach (array_reverse($step->contexts ?? []) as $context) {
            $start = static fn (): Span => LLMObs::annotationContext($start, ...self::members($context));
        }
        $current = isset($step->current) ? $this->spans[$step->current] : null;
        LLMObs::activate(isset($step->remote) ? $this->remotes[$step->remote] : $current);
        $this->spans[$step->span] = $start();
    }

    private function annotate(stdClass $step): void
    {
        $before = $this->tracer->counter('annotations_rejected');
        $values = self::members($step->json);
        self::refused($step, fn () => $this->spans[$step->span]->annotate(...$values));
        $rejected = $this->tracer->counter('annotations_rejected') - $before;
        same($rejected, (int) (isset($step->refused) || ($step->dropped ?? false)));
    }

    private function context(stdClass $step): void
    {
        $values = self::members($step->json);
        self::refused($step, static fn () => LLMObs::annotationContext(static fn () => null, ...$values));
    }

    private function advance(stdClass $step): void
    {
        $this->tracer->advance($step->ns);
    }

    private function finish(stdClass $step): void
    {
        $span = $this->spans[$step->span];
        LLMObs::activate($span);
        $failure = $step->failure ?? null;
        if ($failure !== null) {
            $texts = [$failure->message ?? '', $step->end_ns ?? null, $failure->error_type ?? ''];
            $span->fail(...[...$texts, $failure->stack ?? '']);
        } else {
            $span->finish($step->end_ns ?? null);
        }
        $again = isset($step->current_again) ? $this->spans[$step->current_again] : null;
        // A span that had finished before leaves the context as it is; one that was not kept makes current again
        // what was, which only the package knows.
        $now = Context::here()->current;
        same($now === $again || $now === $span || $span->number === 0, true);
        if (isset($step->event)) {
            same(json_encode($this->event), json_encode(json_decode($step->event)));
        }
    }

    private function abandon(stdClass $step): void
    {
        // A span that nobody holds any more is given up.
        LLMObs::activate(null);
        unset($this->spans[$step->span]);
    }

    private function export(stdClass $step): void
    {
        $ids = ['span_id' => $step->span_id, 'trace_id' => $step->trace_id];
        same($this->spans[$step->span]->export(), $ids);
    }

    private function record(stdClass $step): void
    {
        $record = fn () => $this->spans[$step->span] = LLMObs::record(self::members($step->json));
        self::refused($step, $record);
    }

    private function info(stdClass $step): void
    {
        $known = (array) $step;
        unset($known['do'], $known['span']);
        $info = $this->spans[$step->span]->info();
        ksort($known);
        ksort($info);
        same($info, $known);
    }

    private function inject(stdClass $step): void
    {
        $before = (array) ($step->headers ?? []);
        $after = LLMObs::inject($before, $this->spans[$step->span]);
        $set = array_filter($after, static fn ($value, $name) => ($before[$name] ?? null) !== $value, ARRAY_FILTER_USE_BOTH);
        $gives = (array) $step->gives;
        ksort($set);
        ksort($gives);
        same($set, $gives);
    }

    private function extract(stdClass $step): void
    {
        // The public call is silent where another service's headers name no trace.
        $headers = Witspan\Internal\Headers::text((array) $step->headers);
        self::refused($step, fn () => $this->remotes[$step->remote] = $this->tracer->extract($headers));
    }

    private function evaluate(stdClass $step): void
    {
        $values = self::members($step->json);
        self::refused($step, static fn () => LLMObs::submitEvaluation(...$values));
    }

    private function feedback(stdClass $step): void
    {
        $values = self::members($step->json);
        self::refused($step, static fn () => LLMObs::submitFeedback(...$values));
    }

    private function processor(stdClass $step): void
    {
        $does = $step->does;
        LLMObs::processor($does === 'off' ? null : function (array $event) use ($does): mixed {
            $this->event = $event;
            if ($does === 'late') {
                $this->tracer->advance(self::LATE_NS);
            }
            return match (true) {
                $does === 'raise' => throw new RuntimeException('as the case says'),
                $does === 'drop' => null,
                $does === 'nonsense' => 'nonsense',
                isset($does->replace) => replaced($event, ...$does->replace),
                isset($does->remove) => array_diff_key($event, [$does->remove => 1]),
                isset($does->merge) => merged($event, $does->merge),
                default => $event,
            };
        });
    }

    private function poll(stdClass $step): void
    {
        throw new RuntimeException('the worker polls by itself');
    }

    /**
     * The members of a JSON object as named arguments.
     *
     * @return array<string, mixed>
     */
    private static function members(string $json): array
    {
        $value = Json::read($json);
        if (!$value instanceof stdClass) {
            throw new RuntimeException('no named arguments');
        }
        return (array) $value;
    }

    private static function refused(stdClass $step, Closure $call): void
    {
        try {
            $call();
            $said = null;
        } catch (InvalidArgument $error) {
            $said = $error->getMessage();
        }
        same($said, $step->refused ?? null);
    }
}

/** A logger for diagnostics that nobody reads. */
final class Silent
{
    public function error(): void
    {
    }

    public function warning(): void
    {
    }
}

function same(mixed $is, mixed $wanted): void
{
    if ($is !== $wanted) {
        $texts = array_map(static fn ($value) => json_encode($value, JSON_PARTIAL_OUTPUT_ON_ERROR), [$is, $wanted]);
        throw new RuntimeException("is $texts[0], not $texts[1]");
    }
}

function replaced(mixed $value, string $old, string $new): mixed
{
    if (is_array($value)) {
        return array_map(static fn ($item) => replaced($item, $old, $new), $value);
    }
    return is_string($value) ? str_replace($old, $new, $value) : $value;
}

/** A JSON merge patch (RFC 7386). */
function merged(mixed $value, mixed $patch): mixed
{
    if (!$patch instanceof stdClass) {
        return $patch;
    }
    $kept = is_array($value) && ($value === [] || !array_is_list($value)) ? $value : [];
    foreach ((array) $patch as $key => $item) {
        $kept[$key] = merged($kept[$key] ?? null, $item);
        if ($item === null) {
            unset($kept[$key]);
        }
    }
    return $kept === [] ? new stdClass() : $kept;
}
