//! Writes the headers of a request.

use crate::Header;
use crate::header;
use crate::ids::number;
use crate::remote::Remote;

/// Bytes of `x-datadog-tags` that Datadog's SDKs take.
const TAGS_BYTES: usize = 512;
/// Bytes of one member's value that W3C Trace Context lets through.
const MEMBER_BYTES: usize = 256;

/// The headers to set, of a request that has `given`.
#[inline(never)]
pub fn headers(place: &Remote, given: &[Header]) -> Vec<Header> {
    let has_datadog = header(given, "x-datadog-trace-id").is_some();
    let has_w3c = header(given, "traceparent").is_some();
    let fresh = !has_datadog && !has_w3c;
    let mut set = Vec::new();
    let mut put = |name: &str, value: String| {
        set.push(Header { name: name.to_owned(), value });
    };
    if fresh {
        let flags = if priority(place).starts_with(['-', '0']) { "00" } else { "01" };
        put("traceparent", format!("00-{:032x}-{:016x}-{flags}", place.apm, place.parent_id));
    }
    if fresh || has_w3c {
        put("tracestate", tracestate(place, header(given, "tracestate"), fresh));
    }
    if fresh {
        put("x-datadog-parent-id", place.parent_id.to_string());
        put("x-datadog-sampling-priority", priority(place).to_owned());
    }
    if fresh || has_datadog {
        put("x-datadog-tags", tags(place, header(given, "x-datadog-tags"), fresh));
    }
    if fresh {
        put("x-datadog-trace-id", (place.apm as u64).to_string());
    }
    set
}

/// The sampling priority of the APM trace, as it was received; by default it is kept.
fn priority(place: &Remote) -> &str {
    let given = place.upstream.priority.as_str();
    if given.is_empty() { "1" } else { given }
}

/// The LLM keys and their values, the most important first.
#[inline(never)]
fn keys(place: &Remote) -> Vec<(&'static str, String)> {
    // The number of a trace goes in decimal, as Datadog's SDKs have it.
    let digits = place.trace_id.as_bytes();
    let trace_id = match number(digits).filter(|_| digits.len() == 32) {
        Some(number) => number.to_string(),
        None => place.trace_id.clone(),
    };
    let mut keys = vec![
        ("llmobs_parent_id", Some(place.parent_id.to_string())),
        ("llmobs_trace_id", Some(trace_id)),
        ("llmobs_sd", place.sampled.map(|sampled| if sampled { "1" } else { "0" }.to_owned())),
        ("llmobs_sr", place.sample_rate.clone()),
        ("llmobs_ml_app", place.ml_app.clone()),
        ("llmobs_sid", place.session_id.clone()),
    ];
    if place.agent_span_id != 0 {
        keys.push(("llmobs_pagent_span_id", Some(place.agent_span_id.to_string())));
        keys.push(("llmobs_pagent_name", place.agent_name.clone()));
    }
    keys.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// A value in visible ASCII, without the characters that a form uses itself.
#[inline(never)]
fn fitted(value: &str, reserved: &str) -> String {
    let fit = |c: char| match c {
        '=' if reserved.contains('=') => '~',
        ' '..='~' if !reserved.contains(c) => c,
        _ => '_',
    };
    value.chars().map(fit).collect()
}

/// `x-datadog-tags`: the tags of others, then ours, as far as there is room.
#[inline(never)]
fn tags(place: &Remote, given: Option<&str>, fresh: bool) -> String {
    let before = if fresh { place.upstream.tags.as_str() } else { given.unwrap_or_default() };
    let theirs = before.split(',').filter(|tag| !tag.is_empty());
    let mut all: Vec<String> = theirs
        .filter(|tag| !tag.trim_start().starts_with("_dd.p.llmobs_"))
        .map(str::to_owned)
        .collect();
    if fresh {
        if all.is_empty() {
            all.push("_dd.p.dm=-0".to_owned());
        }
        all.push(format!("_dd.p.tid={:016x}", (place.apm >> 64) as u64));
    }
    let mut length: usize = all.iter().map(|tag| tag.len() + 1).sum();
    let mut has_agent = false;
    for (key, value) in keys(place) {
        if key == "llmobs_pagent_name" && !has_agent {
            continue;
        }
        let mut tag = format!("_dd.p.{key}={}", fitted(&value, ","));
        if key == "llmobs_pagent_name" {
            // The name of an agent is for people: a truncated name is better than none.
            tag.truncate(TAGS_BYTES.saturating_sub(length));
        }
        // Of the others, one that does not fit is left out, and the next is tried.
        if length + tag.len() <= TAGS_BYTES && tag.contains('=') {
            has_agent |= key == "llmobs_pagent_span_id";
            length += tag.len() + 1;
            all.push(tag);
        }
    }
    all.join(",")
}

/// `tracestate`: Datadog's member, ours if it has more than that, and those of others.
#[inline(never)]
fn tracestate(place: &Remote, given: Option<&str>, fresh: bool) -> String {
    let given = given.unwrap_or(&place.upstream.members);
    let members: Vec<&str> =
        given.split(',').map(str::trim).filter(|member| !member.is_empty()).collect();
    let theirs = members.iter().find_map(|member| member.strip_prefix("dd="));
    let mut fields: Vec<String> = match theirs {
        Some(theirs) if !fresh => {
            let kept = theirs.split(';').filter(|field| !field.starts_with("t.llmobs_"));
            kept.map(str::to_owned).collect()
        }
        _ => {
            let kept = Some(place.upstream.fields.as_str()).filter(|kept| !kept.is_empty());
            let own = [format!("p:{:016x}", place.parent_id), format!("s:{}", priority(place))];
            own.into_iter().chain(kept.unwrap_or("t.dm:-0").split(';').map(str::to_owned)).collect()
        }
    };
    if fresh {
        fields.push(format!("t.tid:{:016x}", (place.apm >> 64) as u64));
    }
    let mut length: usize = fields.iter().map(|field| field.len() + 1).sum();
    let mut exact = Vec::new();
    let mut has_agent = false;
    for (key, value) in keys(place) {
        let fitted = fitted(&value, ",;=~");
        let field = format!("t.{key}:{fitted}");
        let named = key != "llmobs_pagent_name" || has_agent;
        let has_room = named && length + field.len() <= MEMBER_BYTES;
        if has_room {
            has_agent |= key == "llmobs_pagent_span_id";
            length += field.len() + 1;
            fields.push(field);
        }
        if !has_room || fitted != value {
            exact.push((key, value));
        }
    }
    let mut all = vec![format!("dd={}", fields.join(";"))];
    if let Some(own) = own_member(place, &exact) {
        all.push(own);
    }
    let others = members.iter().filter(|m| !m.starts_with("dd=") && !m.starts_with("witspan="));
    // 32 members is all that Trace Context allows.
    all.extend(others.take(30).map(|member| (*member).to_owned()));
    all.join(",")
}

/// Our own member of `tracestate`. It names the span, and has the exact values of those keys that
/// Datadog's member has changed or had no room for.
#[inline(never)]
fn own_member(place: &Remote, exact: &[(&'static str, String)]) -> Option<String> {
    let mut member = format!("witspan=p:{}", place.parent_id);
    let empty = member.len();
    for (key, value) in exact {
        let field = format!(";{}:{}", key.strip_prefix("llmobs_").unwrap_or(key), encoded(value));
        if member.len() + field.len() <= MEMBER_BYTES {
            member.push_str(&field);
        }
    }
    (member.len() > empty).then_some(member)
}

/// Percent-encodes all but letters, digits, `-`, `_` and `.`.
#[inline(never)]
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
