//! Parts of an event that most spans do not have: prompts, manifests, cost tags, links, tools.

use crate::span::{Ended, SpanKind};
use witspan_json::{Members, add, append, write_string};
use witspan_setup::Format;

/// The prompt that is sent with a span: of llm spans, their own or their parent's.
pub(super) fn prompt(ended: &Ended) -> Option<&Members> {
    if ended.record.kind != SpanKind::Llm {
        return None;
    }
    let own = ended.record.annotations.extra.as_ref().map(|extra| &extra.prompt);
    own.filter(|prompt| !prompt.is_empty()).or(ended.parents_prompt.as_ref())
}

/// Appends `"input":{…},` with the prompt at its end.
pub(super) fn write_input(ended: &Ended, prompt: &Members, format: Format, out: &mut Vec<u8>) {
    add(out, "\"input\":");
    match ended.record.annotations.input.split_last() {
        Some((_, open)) => {
            append(out, open);
            out.push(b',');
        }
        None => out.push(b'{'),
    }
    add(out, "\"prompt\":");
    write_prompt(ended, prompt, format, out);
    add(out, "},");
}

/// The names of a prompt's members in each format, in canonical order: ours, then theirs. A member
/// without a name of ours is not annotated: its value is made when it is written.
fn prompt_names(format: Format) -> &'static [(&'static str, &'static str)] {
    match format {
        Format::SdkIntake => &[
            ("context_variables", "_dd_context_variable_keys"),
            ("query_variables", "_dd_query_variable_keys"),
            ("chat_template", "chat_template"),
            ("id", "id"),
            ("label", "label"),
            ("", "ml_app"),
            ("prompt_uuid", "prompt_uuid"),
            ("prompt_version_uuid", "prompt_version_uuid"),
            ("tags", "tags"),
            ("template", "template"),
            ("variables", "variables"),
            ("version", "version"),
        ],
        Format::PublicApi => &[
            ("chat_template", "chat_template"),
            ("context_variables", "context_variable_keys"),
            ("id", "id"),
            ("label", "label"),
            ("prompt_uuid", "prompt_uuid"),
            ("prompt_version_uuid", "prompt_version_uuid"),
            ("query_variables", "query_variable_keys"),
            ("tags", "tags"),
            ("template", "template"),
            ("variables", "variables"),
            ("version", "version"),
        ],
    }
}

/// Appends a prompt, with defaults for the required members that it does not have.
fn write_prompt(ended: &Ended, prompt: &Members, format: Format, out: &mut Vec<u8>) {
    let app = &ended.frame.app.name;
    let mut first = b'{';
    for (ours, theirs) in prompt_names(format) {
        let given = prompt.get(ours.as_bytes());
        if given.is_none() && !matches!(*ours, "" | "id" | "context_variables" | "query_variables")
        {
            continue;
        }
        out.push(first);
        first = b',';
        out.push(b'"');
        append(out, theirs.as_bytes());
        add(out, "\":");
        match (given, *ours) {
            (Some(value), _) => append(out, value),
            (None, "id") => write_string(out, &format!("{app}_unnamed-prompt")),
            (None, "context_variables") => add(out, "[\"context\"]"),
            (None, "query_variables") => add(out, "[\"question\"]"),
            (None, _) => write_string(out, app),
        }
    }
    out.push(b'}');
}

/// The links of a span, with commas between them.
pub(super) fn links(ended: &Ended) -> Option<&[u8]> {
    let extra = ended.record.annotations.extra.as_ref()?;
    Some(extra.links.as_slice()).filter(|links| !links.is_empty())
}

/// The metadata with what is sent in its member `_dd`; `None` if there is nothing to add.
pub(super) fn own_metadata(ended: &Ended, format: Format) -> Option<Members> {
    let extra = ended.record.annotations.extra.as_ref()?;
    let mut own = Members::default();
    if !extra.agent.is_empty() {
        let mut manifest = extra.agent.clone();
        manifest.set(b"framework", b"\"manual\"");
        if manifest.get(b"name").is_none() {
            let mut name = Vec::new();
            write_string(&mut name, ended.record.shown_name());
            manifest.set(b"name", &name);
        }
        let mut written = Vec::new();
        manifest.write_object(&mut written);
        own.set(b"agent_manifest", &written);
    }
    if !extra.cost_tags.is_empty() {
        let mut written = Vec::new();
        for key in extra.cost_tags.iter() {
            let first = written.is_empty();
            append(&mut written, if first { b"[\"" } else { b",\"" });
            written.extend_from_slice(key);
            written.push(b'"');
        }
        written.push(b']');
        own.set(b"cost_tags", &written);
    }
    // The documented API has no place of its own for an intent, nor for links.
    if !extra.intent.is_empty() && format == Format::PublicApi {
        own.set(b"intent", &[b"\"", extra.intent.as_slice(), b"\""].concat());
    }
    if let Some(links) = links(ended)
        && format == Format::PublicApi
    {
        own.set(b"span_links", &[b"[", links, b"]"].concat());
    }
    if own.is_empty() {
        return None;
    }
    let mut written = Vec::new();
    own.write_object(&mut written);
    let mut metadata = ended.record.annotations.metadata.clone();
    metadata.set(b"_dd", &written);
    Some(metadata)
}

/// Appends `,"tool_definitions":[…]`.
pub(super) fn write_tools(ended: &Ended, out: &mut Vec<u8>) {
    let Some(extra) = &ended.record.annotations.extra else { return };
    if !extra.tools.is_empty() {
        add(out, ",\"tool_definitions\":");
        append(out, &extra.tools);
    }
}
