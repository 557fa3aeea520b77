<?php
// Reads recorded spans and evaluations from bodies of the format `sdk-intake`; wit/types.wit says what that is.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\RecordedEvaluation;
use Witspan\RecordedSpan;

/** @internal */
final class Bodies
{
    /**
     * @param list<string> $bodies
     * @return array{list<RecordedSpan>, list<RecordedEvaluation>} spans by their start, parents and children joined
     */
    public static function read(array $bodies): array
    {
        [$spans, $evaluations] = [[], []];
        foreach ($bodies as $body) {
            $sent = json_decode($body, true, 512, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
            foreach (array_is_list($sent) ? $sent : [] as $batch) {
                foreach ($batch['spans'] as $event) {
                    $spans[$event['span_id']] = new RecordedSpan($event);
                }
            }
            foreach ($sent['data']['attributes']['metrics'] ?? [] as $event) {
                $evaluations[] = new RecordedEvaluation($event);
            }
        }
        uasort($spans, static fn (RecordedSpan $a, RecordedSpan $b): int => $a->startNs <=> $b->startNs);
        foreach ($spans as $span) {
            $parent = $spans[$span->parentId ?? ''] ?? null;
            if ($parent !== null) {
                $span->below($parent);
            }
        }
        return [array_values($spans), $evaluations];
    }
}
