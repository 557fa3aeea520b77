//! One LLM span event, in any of the dialects that Datadog's SDKs and the public API have, to the
//! model.
//!
//! `normalise` brings a dialect to the one form that the schema knows; then the event is checked; then
//! `span` takes it apart. dd-trace-js writes `meta["span.kind"]` and `meta["error.message"]`, ddtrace
//! nests both, the public API has `meta.kind`, and all but the last keep app, service and language in
//! tags only.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use witspan_semconv::as_text;

use super::json::{not_json, read, refused};
use super::scan;
use crate::model::{Kind, Refusal, Source, Span, Status};
use crate::schema::{Shape, check};

/// The envelope's values for spans that have none of their own.
#[derive(Default)]
pub(crate) struct Defaults {
    pub(crate) ml_app: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) feedback_join_key: Option<String>,
    pub(crate) tags: Vec<String>,
}

/// The span whose event is `text`; `pointer` is where the event stands in the body.
pub(crate) fn from_text(
    text: &str,
    pointer: &str,
    source: Source,
    defaults: &Defaults,
) -> Result<Span, Refusal> {
    let (mut event, raw) = read(text).map_err(|error| not_json(pointer, &error))?;
    let raw = raw.into_owned();
    checked(&mut event, pointer, source)?;
    Ok(span(event, source, defaults, raw))
}

/// Which span the text of an event is of, as far as it says so.
pub(crate) fn who(text: &str) -> String {
    let said = |name: &str| scan::own_text(scan::member(text, name)?);
    let [name, span, trace] = [said("name"), said("span_id"), said("trace_id")];
    super::taking::who([
        ("span", name.as_deref()),
        ("span_id", span.as_deref()),
        ("trace_id", trace.as_deref()),
    ])
}

/// Brings `event` to the form of the schema, and checks it.
pub(crate) fn checked(event: &mut Value, pointer: &str, source: Source) -> Result<(), Refusal> {
    let public = source == Source::Public;
    if let Value::Object(members) = event {
        normalise(members, public);
    }
    let shape = if public { Shape::PublicSpan } else { Shape::SdkSpan };
    check(shape, event).map_err(|problem| refused(pointer, problem))
}

/// Brings the dialects of SDKs to one form. Invalid values stay as they are, so that the check reports them.
pub(crate) fn normalise(event: &mut Map<String, Value>, public: bool) {
    event.retain(|_, value| !value.is_null());
    for name in ["name", "session_id", "ml_app"] {
        // dd-trace-js takes numbers here, and ddtrace takes one as a session.
        if let Some(value @ (Value::Number(_) | Value::Bool(_))) = event.get_mut(name) {
            *value = Value::String(value.to_string());
        }
    }
    let Some(Value::Object(meta)) = event.get_mut("meta") else { return };
    meta.retain(|_, value| !value.is_null());
    normalise_kind(meta, public);
    normalise_error(meta);
    let experiment = kind(meta, public) == Some("experiment");
    for side in ["input", "output", "expected_output"] {
        let Some(value) = meta.get_mut(side) else { continue };
        if experiment && !(value.is_object() && value.get("value").is_some_and(Value::is_string)) {
            // Experiments hold any JSON there.
            *value = json!({ "value": as_text(value) });
        }
        if let Value::Object(members) = value {
            members.retain(|_, value| !value.is_null());
        }
    }
}

fn normalise_kind(meta: &mut Map<String, Value>, public: bool) {
    let flat = meta.remove("span.kind");
    let nested = || Some(meta.get("span")?.get("kind")?.clone());
    let kind = flat.or_else(nested).or_else(|| meta.get("kind").cloned());
    let Some(kind) = kind else { return };
    if public {
        meta.insert("kind".to_owned(), kind);
    } else {
        meta.insert("span".to_owned(), json!({ "kind": kind }));
        meta.remove("kind");
    }
}

fn normalise_error(meta: &mut Map<String, Value>) {
    let mut error = Map::new();
    for (flat, name) in
        [("error.message", "message"), ("error.type", "type"), ("error.stack", "stack")]
    {
        if let Some(value) = meta.remove(flat) {
            error.insert(name.to_owned(), value);
        }
    }
    if !error.is_empty() {
        meta.insert("error".to_owned(), Value::Object(error));
    }
}

fn kind(meta: &Map<String, Value>, public: bool) -> Option<&str> {
    if public { meta.get("kind")?.as_str() } else { meta.get("span")?.get("kind")?.as_str() }
}

/// The span of a checked event.
pub(crate) fn span(event: Value, source: Source, defaults: &Defaults, raw: String) -> Span {
    let mut event = match event {
        Value::Object(event) => event,
        _ => Map::new(),
    };
    let mut meta = match event.remove("meta") {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    let kind = Kind::named(kind(&meta, source == Source::Public).unwrap_or_default());
    let mut tags = texts(event.remove("tags"));
    let own: HashSet<&str> = tags.iter().map(String::as_str).collect();
    let more = defaults.tags.iter().filter(|tag| !own.contains(tag.as_str()));
    let more: Vec<String> = more.cloned().collect();
    tags.extend(more);
    let tag = |key: &str| tagged(&tags, key);
    let failed = match event.get("status").and_then(Value::as_str) {
        Some(status) => status == "error",
        None => meta.contains_key("error") || tag("error").as_deref() == Some("1"),
    };
    let ml_app = text(&mut event, "ml_app")
        .or_else(|| tag("ml_app"))
        .or_else(|| defaults.ml_app.clone())
        .or_else(|| tag("service"))
        .unwrap_or_default();
    let links = event.remove("span_links");
    let errors = event.remove("collection_errors");
    Span {
        trace_id: text(&mut event, "trace_id").unwrap_or_default(),
        span_id: text(&mut event, "span_id").unwrap_or_default(),
        parent_id: parent(text(&mut event, "parent_id")),
        name: text(&mut event, "name").unwrap_or_default(),
        kind,
        start_ns: whole(event.get("start_ns")),
        duration_ns: whole(event.get("duration")).max(0),
        status: if failed { Status::Error } else { Status::Ok },
        ml_app,
        service: text(&mut event, "service")
            .or_else(|| tag("service"))
            .filter(|text| !text.is_empty()),
        env: tag("env").filter(|text| !text.is_empty()),
        version: tag("version").filter(|text| !text.is_empty()),
        session_id: text(&mut event, "session_id")
            .or_else(|| tag("session_id"))
            .or_else(|| defaults.session_id.clone())
            .filter(|text| !text.is_empty()),
        model: text(&mut meta, "model_name").filter(|text| !text.is_empty()),
        provider: text(&mut meta, "model_provider").filter(|text| !text.is_empty()),
        language: tag("language").filter(|text| !text.is_empty()),
        feedback_join_key: text(&mut event, "feedback_join_key")
            .or_else(|| defaults.feedback_join_key.clone()),
        metrics: numbers(event.remove("metrics")),
        meta: shown(meta, links, errors),
        tags,
        source,
        raw,
    }
}

/// The parts of `meta` that are shown, in the one shape that the model has.
fn shown(mut meta: Map<String, Value>, links: Option<Value>, errors: Option<Value>) -> Value {
    let mut out = Map::new();
    let mut links = links;
    if let Some(Value::Object(metadata)) = meta.get_mut("metadata")
        && let Some(Value::Object(own)) = metadata.get_mut("_dd")
    {
        links = links.or_else(|| own.remove("span_links"));
        if own.is_empty() {
            metadata.remove("_dd");
        }
    }
    for side in ["input", "output", "expected_output"] {
        let Some(Value::Object(mut members)) = meta.remove(side) else { continue };
        if let Some(Value::Object(prompt)) = members.get_mut("prompt") {
            // The SDKs' names for what the reference calls by the shorter ones.
            for name in ["context_variable_keys", "query_variable_keys"] {
                if let Some(keys) = prompt.remove(&format!("_dd_{name}")) {
                    prompt.insert(name.to_owned(), keys);
                }
            }
        }
        if !members.is_empty() {
            out.insert(side.to_owned(), Value::Object(members));
        }
    }
    let mut keep = |name: &str, value: Option<Value>| match value {
        Some(Value::Object(members)) if members.is_empty() => {}
        Some(Value::Array(items)) if items.is_empty() => {}
        Some(value) => {
            out.insert(name.to_owned(), value);
        }
        None => {}
    };
    for name in ["metadata", "error", "tool_definitions", "intent"] {
        let value = meta.remove(name);
        keep(name, value);
    }
    keep("links", links);
    keep("collection_errors", errors);
    Value::Object(out)
}

/// A root names no parent, or one of the texts that stand for none.
pub(crate) fn parent(id: Option<String>) -> Option<String> {
    id.filter(|id| !["", "0", "undefined"].contains(&id.as_str()))
}

/// The value of the first tag with this key.
pub(crate) fn tagged(tags: &[String], key: &str) -> Option<String> {
    let value = |tag: &String| Some(tag.strip_prefix(key)?.strip_prefix(':')?.to_owned());
    tags.iter().find_map(value)
}

fn text(members: &mut Map<String, Value>, name: &str) -> Option<String> {
    match members.get_mut(name) {
        Some(Value::String(text)) => Some(std::mem::take(text)),
        _ => None,
    }
}

fn texts(value: Option<Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn numbers(value: Option<Value>) -> Vec<(String, f64)> {
    match value {
        Some(Value::Object(members)) => {
            let number = |value: &Value| match value {
                // ddtrace takes booleans as metrics.
                Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
                other => other.as_f64(),
            };
            members.into_iter().filter_map(|(name, value)| Some((name, number(&value)?))).collect()
        }
        _ => Vec::new(),
    }
}

/// Nanoseconds, which JavaScript sends as a double.
pub(crate) fn whole(value: Option<&Value>) -> i64 {
    let Some(value) = value else { return 0 };
    // `as` saturates, and turns NaN into 0.
    value.as_i64().unwrap_or_else(|| value.as_f64().unwrap_or_default() as i64)
}
