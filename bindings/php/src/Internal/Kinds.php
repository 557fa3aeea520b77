<?php
// The seven kinds as functions: each runs a function inside a span, and ends the span with it.

declare(strict_types=1);

namespace Witspan\Internal;

use Witspan\Remote;
use Witspan\Span;

/**
 * All take the span's name (null: that of the kind) and the function, which gets the span. They give what the function
 * gives. What it throws ends the span as an error, and goes on unchanged. Arguments after those are by name:
 * `model` and `provider` of a model, the `session`, the `mlApp`, a `parent` instead of the current span, and the
 * `start`, in nanoseconds since the Unix epoch or as a date.
 */
trait Kinds
{
    /** A call of a model. */
    public static function llm(
        ?string $name,
        callable $do,
        ?string $model = null,
        ?string $provider = null,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): mixed {
        return self::inside(0, $name, $do, $model, $provider, $session, $mlApp, $parent, $start);
    }

    /** A fixed sequence of steps. */
    public static function workflow(
        ?string $name,
        callable $do,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): mixed {
        return self::inside(1, $name, $do, null, null, $session, $mlApp, $parent, $start);
    }

    /** Steps that a model chooses. */
    public static function agent(
        ?string $name,
        callable $do,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): mixed {
        return self::inside(2, $name, $do, null, null, $session, $mlApp, $parent, $start);
    }

    /** A call of a program or service outside. */
    public static function tool(
        ?string $name,
        callable $do,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): mixed {
        return self::inside(3, $name, $do, null, null, $session, $mlApp, $parent, $start);
    }

    /** One step inside the application. */
    public static function task(
        ?string $name,
        callable $do,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): mixed {
        return self::inside(4, $name, $do, null, null, $session, $mlApp, $parent, $start);
    }

    /** A text that becomes a vector. */
    public static function embedding(
        ?string $name,
        callable $do,
        ?string $model = null,
        ?string $provider = null,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): mixed {
        return self::inside(5, $name, $do, $model, $provider, $session, $mlApp, $parent, $start);
    }

    /** A search in a knowledge base. */
    public static function retrieval(
        ?string $name,
        callable $do,
        ?string $session = null,
        ?string $mlApp = null,
        Span|Remote|null $parent = null,
        int|\DateTimeInterface|null $start = null,
    ): mixed {
        return self::inside(6, $name, $do, null, null, $session, $mlApp, $parent, $start);
    }

    /** Starts a span, runs the function where it is current, and ends it. */
    private static function inside(
        int $kind,
        ?string $name,
        callable $do,
        ?string $model,
        ?string $provider,
        ?string $session,
        ?string $mlApp,
        Span|Remote|null $parent,
        int|\DateTimeInterface|null $start,
    ): mixed {
        $tracer = self::$tracer ?? self::tracer();
        if ($tracer === null) {
            return $do(new Span(null, 0, null));
        }
        $context = Context::here();
        $before = $context->current;
        $span = $tracer->start($kind, $name, $model, $provider, $session, $mlApp, $parent, $start, $context);
        $context->current = $span;
        try {
            return $do($span);
        } catch (\Throwable $error) {
            $span->fail($error);
            throw $error;
        } finally {
            $span->finish();
            $context->back($before);
        }
    }
}
