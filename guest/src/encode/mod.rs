//! From a finished span to the bytes of an intake: one encoder a format, side by side.
//!
//! Members are written in canonical order by hand; what an annotation said is in wire form
//! already and is copied.

mod cut;
mod event;
mod extra;
mod public_api;
mod sdk_intake;
mod tags;

use crate::json::{
    Members, add, add_string, append, put, put_integer as integer, put_string as text,
};
use crate::span::{Failure, Frame, Record, Shape};
use witspan_setup::{Format, Settings};

pub(crate) use cut::{SLACK, cut, cut_down, empty_the_largest, was_cut};
pub(crate) use event::write_processor_event;
pub(crate) use tags::{prepare_tags, root_tags};

/// Bytes that an ended span takes besides what it says, about.
const SPAN_BYTES: usize = 512;

/// A span that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) frame: Frame,
    pub(crate) record: Box<Record>,
    pub(crate) failure: Option<Failure>,
    pub(crate) duration_ns: u64,
    /// The prompt of the parent, for an llm span that has none of its own.
    pub(crate) parents_prompt: Option<Members>,
    /// The version of the tool that was called, as the calling span defined it.
    pub(crate) tool_version: Option<String>,
    /// What became of its content on the way, as tags that nobody may forge.
    pub(crate) marks: Vec<(&'static str, String)>,
    /// Input or output was left out because the span was too long with it.
    pub(crate) io_dropped: bool,
}

impl Ended {
    /// The session that is sent: an annotation's, else the frame's.
    fn session(&self) -> Option<&str> {
        self.record.notes.session.as_deref().or(self.frame.session.as_deref())
    }

    /// Bytes that it holds until it is encoded, about.
    pub(crate) fn size(&self) -> usize {
        let failure = self
            .failure
            .as_ref()
            .map_or(0, |f| f.message.len() + f.error_type.len() + f.stack.len());
        let prompt = self.parents_prompt.as_ref().map_or(0, Members::size);
        self.record.size() + failure + prompt + SPAN_BYTES
    }
}

/// An input or output of this shape that says `text` alone, which needs no escape.
pub(crate) fn stand_in(shape: Shape, text: &str) -> String {
    match shape {
        Shape::Messages => format!(r#"{{"messages":[{{"content":"{text}","role":""}}]}}"#),
        Shape::Documents => format!(r#"{{"documents":[{{"text":"{text}"}}]}}"#),
        Shape::Value => format!(r#"{{"value":"{text}"}}"#),
    }
}

/// Appends one span, with what belongs to it alone.
pub(crate) fn write_event(format: Format, ended: &Ended, settings: &Settings, out: &mut Vec<u8>) {
    match format {
        Format::PublicApi => public_api::write_event(ended, settings, out),
        Format::SdkIntake => sdk_intake::write_event(ended, out),
    }
}

/// What begins and ends a body.
pub(crate) fn envelope(format: Format, settings: &Settings) -> (Vec<u8>, &'static [u8]) {
    match format {
        Format::PublicApi => public_api::envelope(settings),
        Format::SdkIntake => (b"[".to_vec(), b"]"),
    }
}

// Keys are written as literals with their commas: a span has two dozen, and putting each
// together from its parts was a third of what encoding one cost.

/// Appends the id of the trace, with quotes.
#[inline(always)]
fn trace_id(out: &mut Vec<u8>, literal: &str, frame: &Frame) {
    put(out, literal);
    out.push(b'"');
    match frame.trace.has_own_id() {
        // An id from elsewhere may hold anything.
        true => crate::json::write_escaped(out, frame.trace.id()),
        false => append(out, frame.trace.apm()),
    }
    out.push(b'"');
}

/// Appends the id of the APM trace, with quotes.
#[inline(always)]
fn apm_trace_id(out: &mut Vec<u8>, literal: &str, frame: &Frame) {
    put(out, literal);
    out.push(b'"');
    append(out, frame.trace.apm());
    out.push(b'"');
}

/// Appends the members of `meta` from `error` to `output`, in which the formats agree but for
/// the kind and for whether empty metadata is sent.
fn meta_members(ended: &Ended, format: Format, out: &mut Vec<u8>) {
    let Ended { record, failure, .. } = ended;
    let notes = &record.notes;
    if let Some(failure) = failure {
        add_string(out, "\"error\":{\"message\":", &failure.message);
        add_string(out, ",\"stack\":", &failure.stack);
        add_string(out, ",\"type\":", &failure.error_type);
        add(out, "},");
    }
    match extra::prompt(ended) {
        Some(prompt) => extra::write_input(ended, prompt, format, out),
        None if !notes.input.is_empty() => {
            put(out, "\"input\":");
            append(out, &notes.input);
            out.push(b',');
        }
        None => {}
    }
    let own = extra::own_metadata(ended, format);
    let metadata = own.as_ref().unwrap_or(&notes.metadata);
    match format {
        Format::PublicApi => {
            put(out, "\"kind\":\"");
            append(out, record.kind.name().as_bytes());
            out.push(b'"');
            if !metadata.is_empty() {
                put(out, ",\"metadata\":");
                metadata.write_object(out);
            }
        }
        Format::SdkIntake => {
            if let Some(extra) = notes.extra.as_deref()
                && !extra.intent.is_empty()
            {
                put(out, "\"intent\":\"");
                append(out, &extra.intent);
                put(out, "\",");
            }
            put(out, "\"metadata\":");
            metadata.write_object(out);
        }
    }
    if record.kind.has_model() {
        model(record, out);
    }
    if !notes.output.is_empty() {
        put(out, ",\"output\":");
        append(out, &notes.output);
    }
}

/// Appends the model's name and provider.
fn model(record: &Record, out: &mut Vec<u8>) {
    text(out, ",\"model_name\":", or_unknown(record.model_name.as_deref()));
    let provider = or_unknown(record.model_provider.as_deref());
    if provider.bytes().any(|b| b.is_ascii_uppercase()) {
        text(out, ",\"model_provider\":", &provider.to_ascii_lowercase());
    } else {
        text(out, ",\"model_provider\":", provider);
    }
}

fn or_unknown(name: Option<&str>) -> &str {
    name.filter(|name| !name.is_empty()).unwrap_or("unknown")
}

/// Appends the members from `name` to `parent_id`, in which the formats agree.
fn name_and_parent(ended: &Ended, out: &mut Vec<u8>) {
    name(ended, out);
    parent(ended, out);
}

fn name(ended: &Ended, out: &mut Vec<u8>) {
    text(out, ",\"name\":", ended.record.shown_name());
}

fn parent(ended: &Ended, out: &mut Vec<u8>) {
    if ended.frame.parent_id == 0 {
        put(out, ",\"parent_id\":\"undefined\"");
    } else {
        integer(out, ",\"parent_id\":\"", ended.frame.parent_id);
        out.push(b'"');
    }
}

/// Appends the members from `session_id` to the end of a span, in which the formats agree but for
/// where links go.
fn closing_members(ended: &Ended, format: Format, out: &mut Vec<u8>) {
    let Ended { frame, record, .. } = ended;
    if let Some(session) = ended.session() {
        text(out, ",\"session_id\":", session);
    }
    integer(out, ",\"span_id\":\"", frame.span_id);
    out.push(b'"');
    if let Some(links) = extra::links(ended)
        && format == Format::SdkIntake
    {
        put(out, ",\"span_links\":[");
        append(out, links);
        out.push(b']');
    }
    integer(out, ",\"start_ns\":", record.start_ns);
    match ended.failure {
        Some(_) => put(out, ",\"status\":\"error\""),
        None => put(out, ",\"status\":\"ok\""),
    }
    put(out, ",\"tags\":");
    tags::write_tags(ended, out);
    trace_id(out, ",\"trace_id\":", frame);
    out.push(b'}');
}
