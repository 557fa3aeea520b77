//! Spans as a receiver got them, whichever the format.

use serde_json::Value;
use std::collections::HashMap;

/// A span in a request's body.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) span_id: String,
    pub(crate) trace_id: String,
    /// `undefined` for a root.
    pub(crate) parent_id: String,
    /// All of it.
    pub(crate) event: Value,
}

impl Sent {
    pub(crate) fn is_root(&self) -> bool {
        self.parent_id == "undefined"
    }

    pub(crate) fn is_child_of(&self, parent: &Sent) -> bool {
        self.parent_id == parent.span_id && self.trace_id == parent.trace_id
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.event["tags"].as_array().is_some_and(|tags| tags.iter().any(|t| t == tag))
    }

    fn from(event: &Value) -> Sent {
        let text = |name: &str| event[name].as_str().expect(name).to_owned();
        Sent {
            name: text("name"),
            span_id: text("span_id"),
            trace_id: text("trace_id"),
            parent_id: text("parent_id"),
            event: event.clone(),
        }
    }
}

/// The spans of a body of either format.
pub(crate) fn in_body(body: &[u8]) -> Vec<Sent> {
    let body: Value = serde_json::from_slice(body).expect("a body is JSON");
    match &body {
        Value::Array(envelopes) => envelopes
            .iter()
            .flat_map(|envelope| envelope["spans"].as_array().expect("spans"))
            .map(Sent::from)
            .collect(),
        _ => body["data"]["attributes"]["spans"]
            .as_array()
            .expect("spans")
            .iter()
            .map(Sent::from)
            .collect(),
    }
}

/// Spans by name, which must be unique: so nothing came twice.
#[track_caller]
pub(crate) fn by_name(spans: &[Sent]) -> HashMap<&str, &Sent> {
    let map: HashMap<&str, &Sent> = spans.iter().map(|span| (span.name.as_str(), span)).collect();
    assert_eq!(map.len(), spans.len(), "a span came twice");
    map
}

/// The one span of a name.
#[track_caller]
pub(crate) fn named<'a>(spans: &'a [Sent], name: &str) -> &'a Sent {
    let found: Vec<&Sent> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "`{name}` came {} times", found.len());
    found[0]
}
