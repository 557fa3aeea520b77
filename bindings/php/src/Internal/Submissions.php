<?php
// What is said of spans afterwards: evaluations, and the feedback of users and agents.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\InvalidArgument;
use Witspan\Span;

trait Submissions
{
    /**
     * Submits a judgement about a span, a trace or a session.
     *
     * @param mixed $metricType `categorical`, `score`, `boolean` or `json`; the value is by it
     * @param mixed $span the span, or what `export` gave; instead of it `spanWithTagValue` or `sessionId`
     * @param mixed ...$more `evalScope`, `tags`, `mlApp`, `timestampMs`, `metadata`, `assessment` (`pass` or `fail`),
     *     `reasoning`, `status` and `error`, as `submit` in wit/evaluations.wit says
     * @throws InvalidArgument for a wrong argument, which is also counted
     */
    public static function submitEvaluation(
        mixed $label = null,
        mixed $metricType = null,
        mixed $value = null,
        mixed $span = null,
        mixed $sessionId = null,
        mixed ...$more,
    ): void {
        self::submit(false, $more + [
            'label' => $label,
            'metric_type' => $metricType,
            'value' => $value,
            'span' => $span,
            'session_id' => $sessionId,
        ]);
    }

    /**
     * Submits what a user or agent says of what they got. As `submitEvaluation`, but the type may also be `text`.
     *
     * @param mixed $submitter who says it: `id`, and a `type` such as `user` or `agent`
     * @param mixed $span instead of it `spanId`, `traceId`, `sessionId` or `feedbackJoinKey`
     * @throws InvalidArgument for a wrong argument, which is also counted
     */
    public static function submitFeedback(
        mixed $label = null,
        mixed $metricType = null,
        mixed $value = null,
        mixed $submitter = null,
        mixed $span = null,
        mixed ...$more,
    ): void {
        self::submit(true, $more + [
            'label' => $label,
            'metric_type' => $metricType,
            'value' => $value,
            'submitter' => $submitter,
            'span' => $span,
        ]);
    }

    /** @param array<string|int, mixed> $members */
    private static function submit(bool $feedback, array $members): void
    {
        $tracer = self::tracer();
        if ($tracer === null || (($members['span'] ?? null) instanceof Span && $members['span']->number === 0)) {
            return;
        }
        // Objects, which an empty array would not be; the value only where its type says so.
        foreach (['tags', 'metadata', 'submitter', 'error'] as $name) {
            if (($members[$name] ?? null) === []) {
                $members[$name] = new \stdClass();
            }
        }
        if ($members['metric_type'] === 'json' && $members['value'] === []) {
            $members['value'] = new \stdClass();
        }
        $tracer->submit($feedback, $tracer->writer->members($members));
    }
}
