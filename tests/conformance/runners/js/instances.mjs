// The core as the JavaScript package runs it, in both ways: by the table, and by the calls by hand.
//
// Nothing here is Node's own: a browser runs it too.

const PARENTS = ["root", "current", "child-of", "remote"];

/** What makes instances of a compiled core module with the package's own glue. */
export function makers({ Instance, SpanKind, FINISH_PROCESS }, module) {
  const byTable = (clock) => new Instance(module, clock).calls;
  /** The frequent calls are made by hand; all others by the table. */
  const byHand = (clock) => {
    const core = new Instance(module, clock);
    const tracing = {
      ...core.calls.tracing,
      startSpan(kind, { tag, val }, name, options) {
        const [span, remote] = tag === "remote" ? [0n, val] : [val ?? 0n, undefined];
        const [of, is] = [SpanKind.indexOf(kind), PARENTS.indexOf(tag)];
        const given = options?.length ? options : undefined;
        return core.startSpan(of, is, span, remote, name, given, clock.monotonic());
      },
      annotate: (span, json) => core.annotate(span, json),
      // It does not tell the span that is current again.
      finish: (span, failure, end) => ({
        process: (core.finish(span, failure, end, clock.monotonic()) & FINISH_PROCESS) !== 0,
      }),
    };
    return { ...core.calls, tracing };
  };
  return [byTable, byHand];
}
