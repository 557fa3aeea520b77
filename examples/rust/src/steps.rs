//! Two small helpers around spans, so that the rest of the program reads as what it does.

use anyhow::Result;
use serde_json::Value;
use witspan::{Span, SpanBuilder};

/// Does `work` inside a span, which ends with it. An error of the work is the span's error, too.
pub(crate) fn within<T>(
    builder: SpanBuilder<'_>,
    work: impl FnOnce(&Span) -> Result<T>,
) -> Result<T> {
    let span = builder.start()?;
    let result = work(&span);
    match &result {
        Ok(_) => span.finish(),
        // The trace shows an error's type, which `anyhow` gives back to those who ask for it.
        Err(error) => match error.downcast_ref::<std::io::Error>() {
            Some(error) => span.fail(error),
            None => span.fail(&**error),
        },
    }
    result
}

/// Adds to a span what a trace should show of it. `wit/tracing.wit` has all members, at `annotate`.
pub(crate) fn note(span: &Span, annotation: Value) {
    // A span that lost a note is no reason to fail; tracing never decides what the program does.
    if let Err(error) = span.annotate(&annotation) {
        eprintln!("not in the trace: {error}");
    }
}
