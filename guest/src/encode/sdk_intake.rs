//! What Datadog's own SDKs send, `POST /api/v2/llmobs`: one envelope a span.
//!
//! Source: requests of ddtrace 4.16 captured on loopback. Where a field goes is the order of
//! [`write_event`]; the ML app, service, env and version have no fields here, only tags.

use super::common::{apm_trace_id, closing_members, meta_members, name_and_parent};
use super::extra;
use crate::span::Ended;
use witspan_json::{append, put, put_integer as integer, put_string as text};
use witspan_setup::Format;

/// What begins each span's envelope; the version is this crate's.
const START: &str = concat!(
    "{\"_dd.stage\":\"raw\",\"_dd.tracer_version\":\"",
    env!("CARGO_PKG_VERSION"),
    "\",\"event_type\":\"span\",\"spans\":[{\"_dd\":{\"apm_trace_id\":"
);

pub(super) fn write_event(ended: &Ended, out: &mut Vec<u8>) {
    let Ended { frame, record, .. } = ended;
    append(out, START.as_bytes());
    apm_trace_id(out, "", frame);
    if let Some(Some(decision)) = frame.trace.decision.get() {
        text(out, ",\"sample_rate\":", &decision.rate);
        put(out, ",\"sampling_decision\":");
        put(out, if decision.sampled { "\"1\"" } else { "\"0\"" });
    }
    integer(out, ",\"span_id\":\"", frame.span_id);
    apm_trace_id(out, "\",\"trace_id\":", frame);
    put(out, "}");
    if ended.io_dropped {
        put(out, ",\"collection_errors\":[\"dropped_io\"]");
    }
    integer(out, ",\"duration\":", ended.duration_ns);
    put(out, ",\"meta\":{");
    if let Some(agent) = &frame.agent {
        put(out, "\"agent_attribution\":{");
        if !agent.name.is_empty() {
            text(out, "\"pagent_name\":", &agent.name);
            out.push(b',');
        }
        integer(out, "\"pagent_span_id\":\"", agent.span_id);
        put(out, "\"},");
    }
    meta_members(ended, Format::SdkIntake, out);
    put(out, ",\"span\":{\"kind\":\"");
    append(out, record.kind.name().as_bytes());
    put(out, "\"}");
    if let Some(version) = &ended.tool_version {
        text(out, ",\"tool\":{\"version\":", version);
        out.push(b'}');
    }
    extra::write_tools(ended, out);
    put(out, "},\"metrics\":");
    record.annotations.metrics.write_object(out);
    name_and_parent(ended, out);
    closing_members(ended, Format::SdkIntake, out);
    put(out, "]}");
}
