//! Input and output of an OpenTelemetry span: messages, documents or a value.

use opentelemetry_proto::tonic::trace::v1::span::Event;
use serde_json::{Map, Value, json};
use witspan_semconv::attributes as names;
use witspan_semconv::messages::{in_text, read as message};
use witspan_semconv::{as_text, documents as document, events as event_names, list, parsed};

use super::attributes::Attributes;
use super::otlp::attributes;
use crate::model::Kind;

/// Input, output, and why a model stopped: one word for each of its answers.
pub(super) struct Sides {
    pub(super) input: Map<String, Value>,
    pub(super) output: Map<String, Value>,
    pub(super) finish_reasons: Vec<Value>,
}

impl Sides {
    pub(super) fn new(kind: &Kind, own: &mut Attributes, events: &[&Event]) -> Self {
        let (mut input, mut output) = (Map::new(), Map::new());
        let prompt = prompt(own);
        let asked = messages(own, names::INPUT_MESSAGES.read, names::INPUT_MESSAGES_BELOW);
        let mut asked: Vec<Value> = asked.iter().map(|each| message(each, "user")).collect();
        let mut answers = messages(own, names::OUTPUT_MESSAGES.read, names::OUTPUT_MESSAGES_BELOW);
        if let Some(instructions) = own.first(&[names::INSTRUCTIONS]) {
            let parts = json!({ "parts": list(instructions) });
            asked.insert(0, message(&parts, "system"));
        }
        for event in events {
            let content = Value::Object(attributes(&event.attributes));
            if let Some((_, role)) =
                event_names::MESSAGES.iter().find(|(name, _)| *name == event.name)
            {
                asked.push(message(&with_parsed_parts(content), role));
            } else if event.name == event_names::CHOICE {
                answers.push(with_parsed_parts(content));
            }
        }
        let said: Vec<Value> = answers.iter().map(|each| message(each, "assistant")).collect();
        let finish_reasons = own.first(&[names::FINISH_REASON]).map_or_else(
            || {
                let reason = |each: &Value| each["finish_reason"].as_str().map(Value::from);
                answers.iter().filter_map(reason).collect()
            },
            |reason| vec![reason],
        );
        for (side, messages) in [(&mut input, asked), (&mut output, said)] {
            if !messages.is_empty() {
                side.insert("messages".to_owned(), messages.into());
            }
        }
        documents(own, &mut input, &mut output);
        for (side, names, role) in [
            (&mut input, names::INPUT.read, "user"),
            (&mut output, names::OUTPUT.read, "assistant"),
        ] {
            // Messages and documents say the same in a better shape.
            let Some(text) = own.text(names).filter(|_| side.is_empty()) else { continue };
            if *kind == Kind::Llm {
                let messages = in_text(&text).unwrap_or_else(|| vec![text.into()]);
                let messages = messages.iter().map(|each| message(each, role)).collect();
                side.insert("messages".to_owned(), messages);
            } else {
                side.insert("value".to_owned(), text.into());
            }
        }
        if !prompt.is_empty() {
            input.insert("prompt".to_owned(), Value::Object(prompt));
        }
        Self { input, output, finish_reasons }
    }
}

/// Events keep lists as JSON text, since their attributes hold no maps.
fn with_parsed_parts(mut content: Value) -> Value {
    for name in ["message", "tool_calls", "parts"] {
        if let Some(value) = content.get_mut(name) {
            *value = parsed(value.take());
        }
    }
    content
}

fn messages(own: &mut Attributes, names: &[&str], below: &[&str]) -> Vec<Value> {
    let mut found = own.first(names).map(list).unwrap_or_default();
    for prefix in below {
        let tree = own.below(prefix);
        if found.is_empty() {
            found = tree.map(list).unwrap_or_default();
        }
    }
    found.retain(|each| !each.is_null());
    found
}

fn documents(
    own: &mut Attributes,
    input: &mut Map<String, Value>,
    output: &mut Map<String, Value>,
) {
    let mut found = own.first(&[names::DOCUMENTS]).map(list).unwrap_or_default();
    for prefix in names::DOCUMENTS_BELOW {
        let tree = own.below(prefix);
        if found.is_empty() {
            found = tree.map(list).unwrap_or_default();
        }
    }
    if !found.is_empty() {
        let found: Vec<Value> = found.iter().map(document::read).collect();
        output.insert("documents".to_owned(), found.into());
    }
    let embedded = own.below(names::EMBEDDINGS_BELOW).map(list).unwrap_or_default();
    let texts = embedded.iter().filter_map(document::embedded);
    let texts: Vec<Value> = texts.map(|text| json!({ "text": text })).collect();
    if !texts.is_empty() {
        input.insert("documents".to_owned(), texts.into());
    }
}

fn prompt(own: &mut Attributes) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, attribute) in names::PROMPT {
        if let Some(value) = own.first(attribute.read) {
            let value = if *name == "variables" { parsed(value) } else { as_text(&value).into() };
            out.insert((*name).to_owned(), value);
        }
    }
    out
}
