<?php
// The seven kinds of span.

declare(strict_types=1);

namespace Witspan;

enum Kind: string
{
    case Llm = 'llm';
    case Workflow = 'workflow';
    case Agent = 'agent';
    case Tool = 'tool';
    case Task = 'task';
    case Embedding = 'embedding';
    case Retrieval = 'retrieval';

    /** @internal Its number in the C interface: the cases stand in that order. */
    public function number(): int
    {
        return (int) array_search($this, self::cases(), true);
    }
}
