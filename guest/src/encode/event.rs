//! The event that the application's processor is given; `wit/processing.wit` describes it.

use super::common::{model, name, parent, trace_id};
use super::extra;
use crate::span::Ended;
use witspan_json::{Members, add, add_string, append, write_integer};

fn object(out: &mut Vec<u8>, literal: &str, members: &Members) {
    if !members.is_empty() {
        append(out, literal.as_bytes());
        members.write_object(out);
    }
}

/// Writes the event.
pub(crate) fn write_processor_event(ended: &Ended, out: &mut Vec<u8>) {
    let annotations = &ended.record.annotations;
    let extra = annotations.extra.as_deref();
    out.push(b'{');
    if let Some(extra) = extra
        && !(extra.agent.is_empty() && extra.agent_version.is_empty())
    {
        let mut agent = extra.agent.clone();
        if !extra.agent_version.is_empty() {
            agent.set(b"version", &[b"\"", extra.agent_version.as_slice(), b"\""].concat());
        }
        object(out, "\"agent\":", &agent);
        out.push(b',');
    }
    if let Some(agent) = &ended.frame.agent {
        add_string(out, "\"agent_attribution\":{\"name\":", &agent.name);
        add(out, ",\"span_id\":\"");
        write_integer(out, agent.span_id);
        add(out, "\"},");
    }
    if let Some(failure) = &ended.failure {
        add_string(out, "\"error\":{\"message\":", &failure.message);
        add_string(out, ",\"stack\":", &failure.stack);
        add_string(out, ",\"type\":", &failure.error_type);
        add(out, "},");
    }
    // Also a prompt that is only for children: it would count as removed if the event did not have it.
    let own = extra.map(|extra| &extra.prompt).filter(|prompt| !prompt.is_empty());
    let prompt = extra::prompt(ended).or(own);
    if !annotations.input.is_empty() || prompt.is_some() {
        add(out, "\"input\":");
        match (prompt, annotations.input.split_last()) {
            (None, _) => append(out, &annotations.input),
            (Some(prompt), open) => {
                match open {
                    Some((_, open)) => {
                        append(out, open);
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
    if let Some(extra) = extra
        && !extra.intent.is_empty()
    {
        add(out, "\"intent\":\"");
        append(out, &extra.intent);
        add(out, "\",");
    }
    add(out, "\"kind\":\"");
    append(out, ended.record.kind.name().as_bytes());
    out.push(b'"');
    if let Some(links) = extra::links(ended) {
        add(out, ",\"links\":[");
        append(out, links);
        out.push(b']');
    }
    object(out, ",\"metadata\":", &annotations.metadata);
    object(out, ",\"metrics\":", &annotations.metrics);
    if ended.record.kind.has_model() {
        model(&ended.record, out);
    }
    name(ended, out);
    if !annotations.output.is_empty() {
        add(out, ",\"output\":");
        append(out, &annotations.output);
    }
    parent(ended, out);
    if let Some(session) = ended.session() {
        add_string(out, ",\"session_id\":", session);
    }
    add(out, ",\"span_id\":\"");
    write_integer(out, ended.frame.span_id);
    match ended.failure {
        Some(_) => add(out, "\",\"status\":\"error\""),
        None => add(out, "\",\"status\":\"ok\""),
    }
    if !annotations.tags.is_empty() {
        add(out, ",\"tags\":{");
        for (n, (key, value)) in annotations.tags.iter().enumerate() {
            append(out, if n > 0 { b",\"" } else { b"\"" });
            append(out, key);
            add(out, "\":\"");
            // A tag is kept as `key:value`.
            append(out, value.get(1..).unwrap_or_default());
            out.push(b'"');
        }
        out.push(b'}');
    }
    extra::write_tools(ended, out);
    if let Some(version) = &ended.tool_version {
        add_string(out, ",\"tool_version\":", version);
    }
    trace_id(out, ",\"trace_id\":", &ended.frame);
    out.push(b'}');
}
