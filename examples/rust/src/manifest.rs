//! The program's own record of the spans it made, for checking what arrived.
//!
//! Where a span is made, the program says what it is and under which span it means it to be. That
//! parent is stated here by hand and never read back from the library, so a checker can compare two
//! independent accounts. With WITSPAN_DEMO_MANIFEST unset, nothing is recorded.

use anyhow::Result;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use witspan::Span;

#[derive(Default)]
struct Manifest {
    spans: Vec<Value>,
    id_of: HashMap<String, String>,
}

static PATH: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("WITSPAN_DEMO_MANIFEST").ok());
static MANIFEST: LazyLock<Mutex<Manifest>> = LazyLock::new(Mutex::default);

/// Notes a span. `label` names it for its children's `under`; the root is under nothing.
pub(crate) fn made(span: &Span, name: &str, kind: &str, under: Option<&str>, label: &str) {
    // With tracing off a span has no ids, and there is nothing to check.
    let (Some(_), Ok(ids)) = (&*PATH, span.context()) else { return };
    let mut manifest = MANIFEST.lock().unwrap_or_else(PoisonError::into_inner);
    // A parent that was never noted has no id, which the checker will tell.
    let known = |label| manifest.id_of.get(label).map_or("", String::as_str);
    let parent_id = under.map_or("undefined", known).to_owned();
    manifest.spans.push(json!({
        "span_id": ids.span_id,
        "trace_id": ids.trace_id,
        "parent_id": parent_id,
        "name": name,
        "kind": kind,
    }));
    manifest.id_of.insert(label.to_owned(), ids.span_id);
}

/// Writes what was noted to the file that WITSPAN_DEMO_MANIFEST names.
pub(crate) fn write() -> Result<()> {
    if let Some(path) = &*PATH {
        let manifest = MANIFEST.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::write(path, serde_json::to_string_pretty(&manifest.spans)?)?;
    }
    Ok(())
}
