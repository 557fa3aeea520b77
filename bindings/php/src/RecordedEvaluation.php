<?php
// One evaluation or feedback as a test sees it.

declare(strict_types=1);

namespace Witspan;

final class RecordedEvaluation
{
    public readonly string $label;
    /** `categorical`, `score`, `boolean`, `json`, or of feedback also `text`. */
    public readonly string $metricType;
    /** Null for an evaluator that has skipped or failed. */
    public readonly mixed $value;
    /** The ids of the span or trace that is judged; null where something else names it. */
    public readonly ?string $spanId;
    public readonly ?string $traceId;
    public readonly ?string $sessionId;
    /** @var array{id?: string, type?: string}|null of feedback only */
    public readonly ?array $submitter;
    public readonly ?string $assessment;
    public readonly ?string $reasoning;
    /** @var array<string, string> */
    public readonly array $tags;

    /** @internal @param array<string, mixed> $event the whole event, with what has no name here */
    public function __construct(public readonly array $event)
    {
        $joined = $event['join_on']['span'] ?? [];
        $this->label = $event['label'];
        $this->metricType = $event['metric_type'];
        $this->value = $event["{$this->metricType}_value"] ?? null;
        $this->spanId = $joined['span_id'] ?? $event['span_id'] ?? null;
        $this->traceId = $joined['trace_id'] ?? $event['trace_id'] ?? null;
        $this->sessionId = $event['session_id'] ?? null;
        $this->submitter = $event['submitter'] ?? null;
        $this->assessment = $event['assessment'] ?? null;
        $this->reasoning = $event['reasoning'] ?? null;
        $this->tags = RecordedSpan::tags($event['tags'] ?? []);
    }
}
