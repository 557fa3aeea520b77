//! Reads the headers of a request.

use crate::Header;
use crate::header;
use crate::ids::{id_text, number};
use crate::remote::Remote;
use crate::remote::Upstream;

/// The remote context in the headers; `None` if they contain no trace context.
#[inline(never)]
pub fn place(headers: &[Header]) -> Option<Remote> {
    let tags = Keys::of(header(headers, "x-datadog-tags"), ',', '=', "_dd.p.");
    let state = header(headers, "tracestate").unwrap_or_default();
    let member = |name: &str| {
        state.split(',').find_map(|member| member.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let fields = Keys::of(member("dd"), ';', ':', "t.");
    let own = Keys::of(member("witspan"), ';', ':', "");
    let datadog = datadog_ids(headers, &tags);
    let w3c = header(headers, "traceparent").and_then(w3c_ids);
    let (mut apm, apm_parent) = datadog.or(w3c)?;
    if let Some((whole, _)) = w3c
        && apm <= u128::from(u64::MAX)
        && whole as u64 == apm as u64
    {
        // The tag with the upper half is lost more often than `traceparent`.
        apm = whole;
    }
    let (first, second) = if datadog.is_some() { (&tags, &fields) } else { (&fields, &tags) };
    let said = |key: &str| first.get(key).or_else(|| second.get(key)).map(str::to_owned);

    let parent_id = said("llmobs_parent_id").and_then(|id| id.parse().ok()).unwrap_or(0);
    // Our `tracestate` member is valid only if its `p` is the parent id; otherwise another tracer has moved
    // the parent, and the values are stale.
    let ours = own.get("p").is_some_and(|p| p.parse() == Ok(parent_id));
    let exact = |key: &str| {
        let value = own.get(key.strip_prefix("llmobs_").unwrap_or(key)).filter(|_| ours);
        value.and_then(decoded).or_else(|| said(key))
    };
    Some(Remote {
        apm,
        apm_parent,
        parent_id,
        trace_id: trace_id(exact("llmobs_trace_id"), apm),
        ml_app: exact("llmobs_ml_app"),
        session_id: exact("llmobs_sid"),
        agent_span_id: exact("llmobs_pagent_span_id").and_then(|id| id.parse().ok()).unwrap_or(0),
        agent_name: exact("llmobs_pagent_name"),
        sample_rate: exact("llmobs_sr"),
        sampled: said("llmobs_sd").map(|decision| decision == "1"),
        upstream: upstream(headers, state, member("dd")),
    })
}

/// The values of other tracers, which are passed on unchanged.
#[inline(never)]
fn upstream(headers: &[Header], state: &str, dd: Option<&str>) -> Upstream {
    let kept = |text: &str, between: char, ours: &[&str]| {
        let parts = text.split(between).map(str::trim);
        let parts =
            parts.filter(|part| !part.is_empty() && !ours.iter().any(|o| part.starts_with(o)));
        parts.collect::<Vec<_>>().join(if between == ',' { "," } else { ";" })
    };
    let flag = header(headers, "traceparent").and_then(|value| value.get(53..55));
    let flag =
        flag.map(
            |flag| if flag.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']) { "1" } else { "0" },
        );
    let priority =
        header(headers, "x-datadog-sampling-priority").filter(|p| p.parse::<i8>().is_ok());
    let field = dd.and_then(|dd| dd.split(';').find_map(|field| field.strip_prefix("s:")));
    let field = field.filter(|p| p.parse::<i8>().is_ok());
    Upstream {
        members: kept(state, ',', &["dd=", "witspan="]),
        fields: kept(dd.unwrap_or_default(), ';', &["p:", "s:", "t.tid:", "t.llmobs_"]),
        tags: kept(
            header(headers, "x-datadog-tags").unwrap_or_default(),
            ',',
            &["_dd.p.tid=", "_dd.p.llmobs_"],
        ),
        priority: priority.or(field).or(flag).unwrap_or_default().to_owned(),
    }
}

/// `key value` pairs of one header.
struct Keys<'h> {
    pairs: Vec<(&'h str, &'h str)>,
}

impl<'h> Keys<'h> {
    fn of(text: Option<&'h str>, between: char, inside: char, prefix: &str) -> Self {
        let pairs = text.unwrap_or_default().split(between).filter_map(|pair| {
            let (key, value) = pair.split_once(inside)?;
            let key = key.trim().strip_prefix(prefix)?;
            (!value.is_empty()).then_some((key, value))
        });
        Keys { pairs: pairs.collect() }
    }

    fn get(&self, key: &str) -> Option<&'h str> {
        self.pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }
}

/// Datadog's ids: the lower half of the trace's number and the span's in decimal, the upper half
/// of the trace's in hexadecimal among the tags.
#[inline(never)]
fn datadog_ids(headers: &[Header], tags: &Keys<'_>) -> Option<(u128, u64)> {
    let low: u64 = header(headers, "x-datadog-trace-id")?.parse().ok()?;
    let parent = header(headers, "x-datadog-parent-id").and_then(|id| id.parse().ok()).unwrap_or(0);
    let high = tags.get("tid").and_then(|tid| number(tid.as_bytes())).unwrap_or(0);
    let trace = (high << 64) | u128::from(low);
    (low != 0).then_some((trace, parent))
}

/// The ids of `traceparent`, version 00 or one that begins alike.
#[inline(never)]
fn w3c_ids(value: &str) -> Option<(u128, u64)> {
    let mut parts = value.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 {
        return None;
    }
    let (trace, span) = (number(trace.as_bytes())?, number(span.as_bytes())?);
    (trace != 0 && span != 0).then_some((trace, span as u64))
}

/// The id of the LLM trace as it is sent: a decimal number in hexadecimal, unless it is small, as
/// ddtrace has it; anything else as it came; that of the APM trace if none came.
#[inline(never)]
fn trace_id(given: Option<String>, apm: u128) -> String {
    let Some(given) = given else { return id_text(apm) };
    if given.len() == 32 && number(given.as_bytes()).is_some() {
        return given;
    }
    match given.parse::<u128>() {
        Ok(decimal) => id_text(decimal),
        Err(_) => given,
    }
}

/// Decodes percent-encoding; `None` if it is invalid.
#[inline(never)]
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            bytes.push(u8::try_from(number(after.get(..2)?)?).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
