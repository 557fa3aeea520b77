//! The event that the application's processor is given; `wit/processing.wit` describes it.

use super::{Ended, extra, integer, model, put, text, trace_id};
use crate::members::Members;

fn object(out: &mut Vec<u8>, literal: &str, members: &Members) {
    if !members.is_empty() {
        put(out, literal);
        members.write_object(out);
    }
}

/// Writes the event.
pub(crate) fn write_processor_event(ended: &Ended, out: &mut Vec<u8>) {
    let notes = &ended.record.notes;
    let extra = notes.extra.as_deref();
    out.push(b'{');
    if let Some(extra) = extra
        && !extra.agent.is_empty()
    {
        object(out, "\"agent\":", &extra.agent);
        out.push(b',');
    }
    if let Some(failure) = &ended.failure {
        text(out, "\"error\":{\"message\":", &failure.message);
        text(out, ",\"stack\":", &failure.stack);
        text(out, ",\"type\":", &failure.error_type);
        put(out, "},");
    }
    let prompt = extra::prompt(ended);
    if !notes.input.is_empty() || prompt.is_some() {
        put(out, "\"input\":");
        match (prompt, notes.input.split_last()) {
            (None, _) => out.extend_from_slice(&notes.input),
            (Some(prompt), open) => {
                match open {
                    Some((_, open)) => {
                        out.extend_from_slice(open);
                        out.push(b',');
                    }
                    None => out.push(b'{'),
                }
                object(out, "\"prompt\":", prompt);
                out.push(b'}');
            }
        }
        out.push(b',');
    }
    put(out, "\"kind\":\"");
    put(out, ended.record.kind.name());
    out.push(b'"');
    if let Some(links) = extra::links(ended) {
        put(out, ",\"links\":[");
        out.extend_from_slice(links);
        out.push(b']');
    }
    object(out, ",\"metadata\":", &notes.metadata);
    object(out, ",\"metrics\":", &notes.metrics);
    if ended.record.kind.has_model() {
        model(&ended.record, out);
    }
    super::name(ended, out);
    if !notes.output.is_empty() {
        put(out, ",\"output\":");
        out.extend_from_slice(&notes.output);
    }
    super::parent(ended, out);
    if let Some(session) = ended.session() {
        text(out, ",\"session_id\":", session);
    }
    integer(out, ",\"span_id\":\"", ended.frame.span_id);
    put(
        out,
        if ended.failure.is_some() { "\",\"status\":\"error\"" } else { "\",\"status\":\"ok\"" },
    );
    if !notes.tags.is_empty() {
        put(out, ",\"tags\":{");
        for (n, (key, value)) in notes.tags.iter().enumerate() {
            put(out, if n > 0 { ",\"" } else { "\"" });
            out.extend_from_slice(key);
            put(out, "\":\"");
            // A tag is kept as `key:value`.
            out.extend_from_slice(value.get(1..).unwrap_or_default());
            out.push(b'"');
        }
        out.push(b'}');
    }
    extra::write_tools(ended, out);
    trace_id(out, ",\"trace_id\":", &ended.frame);
    out.push(b'}');
}
