//! The members that are the same in both formats, and in the event of the processor.

use super::{extra, tags};
use crate::span::{Ended, Frame, Record};
use witspan_json::{
    add, add_string, append, put, put_integer as integer, put_string as text, write_escaped,
};
use witspan_setup::Format;

// Keys are written as literals with their commas. A span has two dozen of them; to put each together
// from parts took a third of the time of encoding.

/// Appends the id of the trace, with quotes.
#[inline(always)]
pub(super) fn trace_id(out: &mut Vec<u8>, literal: &str, frame: &Frame) {
    put(out, literal);
    out.push(b'"');
    match frame.trace.has_own_id() {
        // An id from elsewhere may hold anything.
        true => write_escaped(out, frame.trace.id()),
        false => append(out, frame.trace.apm()),
    }
    out.push(b'"');
}

/// Appends the id of the APM trace, with quotes.
#[inline(always)]
pub(super) fn apm_trace_id(out: &mut Vec<u8>, literal: &str, frame: &Frame) {
    put(out, literal);
    out.push(b'"');
    append(out, frame.trace.apm());
    out.push(b'"');
}

/// Appends the members of `meta` from `error` to `output`. The formats differ there only in the kind,
/// in the intent, and in whether empty metadata is sent.
pub(super) fn meta_members(ended: &Ended, format: Format, out: &mut Vec<u8>) {
    let Ended { record, failure, .. } = ended;
    let annotations = &record.annotations;
    if let Some(failure) = failure {
        add_string(out, "\"error\":{\"message\":", &failure.message);
        add_string(out, ",\"stack\":", &failure.stack);
        add_string(out, ",\"type\":", &failure.error_type);
        add(out, "},");
    }
    match extra::prompt(ended) {
        Some(prompt) => extra::write_input(ended, prompt, format, out),
        None if !annotations.input.is_empty() => {
            put(out, "\"input\":");
            append(out, &annotations.input);
            out.push(b',');
        }
        None => {}
    }
    let own = extra::own_metadata(ended, format);
    let metadata = own.as_ref().unwrap_or(&annotations.metadata);
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
            if let Some(extra) = annotations.extra.as_deref()
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
    if !annotations.output.is_empty() {
        put(out, ",\"output\":");
        append(out, &annotations.output);
    }
}

/// Appends the model's name and provider.
pub(super) fn model(record: &Record, out: &mut Vec<u8>) {
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

/// Appends the members from `name` to `parent_id`, which both formats have alike.
pub(super) fn name_and_parent(ended: &Ended, out: &mut Vec<u8>) {
    name(ended, out);
    parent(ended, out);
}

pub(super) fn name(ended: &Ended, out: &mut Vec<u8>) {
    text(out, ",\"name\":", ended.record.shown_name());
}

pub(super) fn parent(ended: &Ended, out: &mut Vec<u8>) {
    if ended.frame.parent_id == 0 {
        put(out, ",\"parent_id\":\"undefined\"");
    } else {
        integer(out, ",\"parent_id\":\"", ended.frame.parent_id);
        out.push(b'"');
    }
}

/// Appends the members from `session_id` to the end of a span. The formats differ there only in where
/// links go.
pub(super) fn closing_members(ended: &Ended, format: Format, out: &mut Vec<u8>) {
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
