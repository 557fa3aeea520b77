//! The filter of the list of traces, and a page of the result.

use serde::Serialize;

use super::summary::Summary;

/// Conditions for the list; a trace must meet all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) app: Option<String>,
    pub(crate) session: Option<String>,
    /// Of the root span.
    pub(crate) kind: Option<String>,
    /// Whether any span failed.
    pub(crate) failed: Option<bool>,
    /// `key:value`; each must be on some span.
    pub(crate) tags: Vec<String>,
    pub(crate) model: Option<String>,
    /// Words that one span contains.
    pub(crate) text: Option<String>,
    /// Limits of the start, in ms since the Unix epoch.
    pub(crate) from: Option<f64>,
    pub(crate) to: Option<f64>,
    /// The `next` of the previous page.
    pub(crate) before: Option<String>,
    pub(crate) limit: usize,
}

/// A page of the list of traces.
#[derive(Serialize)]
pub(crate) struct Page {
    pub(crate) traces: Vec<Summary>,
    pub(crate) next: Option<String>,
    /// For a search: spans that are too new to be in the text index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unsearched_spans: Option<i64>,
}
