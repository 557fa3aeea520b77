//! Reads a span that is over from one text, `record-span`'s; `wit/tracing.wit` describes it.

use crate::texts::{KINDS as NAMES, Refusal};
use witspan_json::{Canonicalizer, Number, Reader, SyntaxError, Value};

/// A trace by an id from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceId {
    /// The number.
    pub number: u128,
    /// As it is sent, if that is not the number in hexadecimal digits.
    pub text: Option<String>,
}

/// What a recorded span is below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RecordedParent {
    /// Nothing: it begins a trace.
    #[default]
    Root,
    /// A span of the instance.
    Span(u64),
    /// A remote context.
    Remote(String),
    /// A span that has this id elsewhere.
    Id(u64),
}

/// What a text says of a span that is over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// Its kind, by its place in [`crate::KINDS`].
    pub kind: usize,
    /// Its name.
    pub name: Option<String>,
    /// What it is below.
    pub parent: RecordedParent,
    /// The id of its trace, if it is from elsewhere.
    pub trace: Option<TraceId>,
    /// Its own id; 0 for a new one.
    pub span_id: u64,
    /// When it began, in ns since the Unix epoch.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// Its session.
    pub session_id: Option<String>,
    /// Its ML app.
    pub ml_app: Option<String>,
    /// The model.
    pub model_name: Option<String>,
    /// Who serves the model.
    pub model_provider: Option<String>,
    /// Message, type and stack of the error that it ended with.
    pub error: Option<[String; 3]>,
    /// What `annotate` takes.
    pub annotation: Option<String>,
}

fn refused(field: &str, is: &str, accepted: &str) -> Refusal {
    Refusal::new(field, is, accepted)
}

const KINDS: &str = "llm, workflow, agent, tool, task, embedding or retrieval";
const WHOLE_NUMBER: &str = "a whole number from 0 to 2^64-1";

/// Reads the text.
///
/// # Errors
/// An unknown member, a member of a wrong type or value, and an absent one that is required.
#[inline(never)]
pub fn read_recording(text: &str) -> Result<Recording, Refusal> {
    let mut said = Recording::default();
    let (mut kind, mut start, mut end, mut own_trace) = (None, None, None, None);
    object("span", text, &mut |key, value, reader| {
        match key {
            "kind" => {
                let name = text_of(key, value, KINDS)?;
                let known = NAMES.iter().position(|kind| *kind == name);
                kind = Some(known.ok_or_else(|| refused(key, "unknown", KINDS))?);
            }
            "name" => said.name = Some(text_of(key, value, "text")?),
            "session_id" => said.session_id = Some(text_of(key, value, "text")?),
            "ml_app" => said.ml_app = Some(text_of(key, value, "text")?),
            "model_name" => said.model_name = Some(text_of(key, value, "text")?),
            "model_provider" => said.model_provider = Some(text_of(key, value, "text")?),
            "span_id" => said.span_id = id_of(key, value)?,
            "trace_id" => own_trace = Some(trace_id_of(key, value)?),
            "start_ns" => start = Some(number_of(key, value)?),
            "end_ns" => end = Some(number_of(key, value)?),
            "parent" => parent_of(&raw(value, reader)?, &mut said)?,
            "error" => said.error = Some(failure_of(&raw(value, reader)?)?),
            "annotation" => said.annotation = Some(raw(value, reader)?),
            other => {
                let accepted = "kind, name, parent, span_id, trace_id, start_ns, end_ns, \
                                session_id, ml_app, model_name, model_provider, error or annotation";
                return Err(unknown("", other, accepted));
            }
        }
        Ok(())
    })?;
    if said.parent == RecordedParent::Root {
        said.trace = own_trace;
    }
    said.kind = kind.ok_or_else(|| refused("kind", "absent", KINDS))?;
    said.start_ns = start.ok_or_else(|| refused("start_ns", "absent", WHOLE_NUMBER))?;
    said.end_ns = end.ok_or_else(|| refused("end_ns", "absent", WHOLE_NUMBER))?;
    Ok(said)
}

/// The error that the object at `path` has an unknown member.
#[cold]
fn unknown(path: &str, member: &str, accepted: &str) -> Refusal {
    refused(&[path, member].concat(), "unknown", accepted)
}

/// `{"span"}`, `{"remote"}`, or `{"trace_id", "span_id"}`.
fn parent_of(text: &str, said: &mut Recording) -> Result<(), Refusal> {
    let accepted = "span, remote, or trace_id with span_id";
    let (mut trace, mut parent_id) = (None, 0);
    object("parent", text, &mut |key, value, _| {
        match key {
            "span" => said.parent = RecordedParent::Span(number_of("parent.span", value)?),
            "remote" => {
                let remote = text_of("parent.remote", value, "a remote context")?;
                said.parent = RecordedParent::Remote(remote);
            }
            "trace_id" => trace = Some(trace_id_of("parent.trace_id", value)?),
            "span_id" => parent_id = id_of("parent.span_id", value)?,
            other => return Err(unknown("parent.", other, accepted)),
        }
        Ok(())
    })?;
    if said.parent == RecordedParent::Root {
        if trace.is_none() || parent_id == 0 {
            return Err(refused("parent", "incomplete", accepted));
        }
        said.trace = trace;
        said.parent = RecordedParent::Id(parent_id);
    }
    Ok(())
}

fn failure_of(text: &str) -> Result<[String; 3], Refusal> {
    let mut failure: [String; 3] = Default::default();
    object("error", text, &mut |key, value, _| {
        let [message, error_type, stack] = &mut failure;
        let place = match key {
            "message" => message,
            "type" => error_type,
            "stack" => stack,
            other => return Err(unknown("error.", other, "message, type or stack")),
        };
        *place = text_of("error", value, "text")?;
        Ok(())
    })?;
    Ok(failure)
}

/// Reads an object; `each` is given the members that are not `null`.
fn object(
    name: &str,
    text: &str,
    each: &mut dyn FnMut(&str, Value<'_>, &mut Reader<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let broken = |error: SyntaxError| refused(name, &error.to_string(), "a JSON object");
    let mut reader = Reader::new(text);
    let begun = reader.value().map_err(broken)?;
    if !matches!(begun, Value::Object) {
        return Err(refused(name, begun.describe(), "a JSON object"));
    }
    let mut first = true;
    while let Some(key) = reader.member(first).map_err(broken)? {
        first = false;
        let value = reader.value().map_err(broken)?;
        if !matches!(value, Value::Null) {
            let mut at = reader;
            each(&key.decode(), value, &mut at)?;
        }
        reader.skip(value).map_err(broken)?;
    }
    reader.end().map_err(broken)
}

/// A nested value as its own text.
fn raw(value: Value<'_>, reader: &mut Reader<'_>) -> Result<String, Refusal> {
    let mut json = Vec::new();
    let written = Canonicalizer::default().write(&mut reader.clone(), value, &mut json);
    written.map_err(|error| refused("span", &error.to_string(), "a JSON object"))?;
    Ok(String::from_utf8(json).unwrap_or_default())
}

fn text_of(field: &str, value: Value<'_>, accepted: &str) -> Result<String, Refusal> {
    match value {
        Value::Text(text) => Ok(text.decode()),
        Value::Number(Number::Integer(text) | Number::Float(text)) => Ok(text.to_owned()),
        other => Err(refused(field, other.describe(), accepted)),
    }
}

/// A whole number, also as text: not all languages have 64 bits.
fn number_of(field: &str, value: Value<'_>) -> Result<u64, Refusal> {
    let text = text_of(field, value, WHOLE_NUMBER)?;
    text.parse().map_err(|_| refused(field, "invalid", WHOLE_NUMBER))
}

fn id_of(field: &str, value: Value<'_>) -> Result<u64, Refusal> {
    match number_of(field, value)? {
        0 => Err(refused(field, "0", "an id from 1 to 2^64-1")),
        id => Ok(id),
    }
}

/// 32 hexadecimal digits, or a decimal number.
fn trace_id_of(field: &str, value: Value<'_>) -> Result<TraceId, Refusal> {
    let accepted = "32 hexadecimal digits, or a decimal number from 1 to 2^128-1";
    let text = text_of(field, value, accepted)?;
    let is_hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = match is_hexadecimal {
        true => u128::from_str_radix(&text, 16).ok(),
        false => text.parse().ok(),
    };
    match number {
        None | Some(0) => Err(refused(field, "invalid", accepted)),
        Some(number) if is_hexadecimal => Ok(TraceId { number, text: None }),
        Some(number) => Ok(TraceId { number, text: Some(text) }),
    }
}
