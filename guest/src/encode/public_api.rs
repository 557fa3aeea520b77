//! The documented HTTP API, `POST /api/intake/llm-obs/v1/trace/spans`.
//!
//! Source: Datadog's LLM Observability HTTP API reference: a `SpansPayload` of `Span`s. Where a
//! field goes is the order of [`write_event`].

use super::common::{apm_trace_id, closing_members, meta_members, name_and_parent};
use super::extra;
use crate::span::Ended;
use witspan_json::{put, put_integer as integer, put_string as text, write_string};
use witspan_setup::{Format, Settings};

/// The part of the body that the whole batch shares.
pub(super) fn envelope(settings: &Settings) -> (Vec<u8>, &'static [u8]) {
    let mut start = b"{\"data\":{\"attributes\":{\"ml_app\":".to_vec();
    write_string(&mut start, &settings.ml_app);
    start.extend_from_slice(b",\"spans\":[");
    (start, b"]},\"type\":\"span\"}}")
}

pub(super) fn write_event(ended: &Ended, settings: &Settings, out: &mut Vec<u8>) {
    let Ended { frame, record, .. } = ended;
    out.push(b'{');
    if frame.trace.has_own_id() {
        apm_trace_id(out, "\"apm_trace_id\":", frame);
        out.push(b',');
    }
    integer(out, "\"duration\":", ended.duration_ns);
    put(out, ",\"meta\":{");
    meta_members(ended, Format::PublicApi, out);
    extra::write_tools(ended, out);
    put(out, "}");
    if !record.annotations.metrics.is_empty() {
        put(out, ",\"metrics\":");
        record.annotations.metrics.write_object(out);
    }
    if frame.app.is_another {
        text(out, ",\"ml_app\":", &frame.app.name);
    }
    name_and_parent(ended, out);
    if !settings.service.is_empty() {
        text(out, ",\"service\":", &settings.service);
    }
    closing_members(ended, Format::PublicApi, out);
}
