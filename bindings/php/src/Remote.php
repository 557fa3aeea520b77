<?php
// A place in a trace of another service, as the headers of a request name it.

declare(strict_types=1);

namespace Witspan;

/** From `LLMObs::extract`; it may be a `parent:`, or be made current by `LLMObs::activate`. */
final class Remote
{
    /** @internal What is in the text is the library's business. */
    public function __construct(public readonly string $text)
    {
    }
}
