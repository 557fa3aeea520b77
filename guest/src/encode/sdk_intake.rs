//! What Datadog's own SDKs send, `POST /api/v2/llmobs`: one envelope a span.
//!
//! Source: requests of ddtrace 4.16 captured on loopback. Where a field goes is the order of
//! [`write_event`]; the ML app, service, env and version have no fields here, only tags.

use super::{
    Ended, closing_members, id, integer, key, meta_members, name_and_parent, text, trace_id,
};
use crate::settings::IntakeFormat;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn write_event(ended: &Ended, out: &mut Vec<u8>) {
    let Ended { frame, record, .. } = ended;
    out.push(b'{');
    text(out, "_dd.stage", "raw");
    text(out, "_dd.tracer_version", VERSION);
    text(out, "event_type", "span");
    key(out, "spans");
    out.extend_from_slice(b"[{");
    key(out, "_dd");
    out.push(b'{');
    trace_id(out, "apm_trace_id", frame);
    id(out, "span_id", frame.span_id);
    trace_id(out, "trace_id", frame);
    out.push(b'}');
    if ended.io_dropped {
        key(out, "collection_errors");
        out.extend_from_slice(b"[\"dropped_io\"]");
    }
    integer(out, "duration", ended.duration_ns);
    key(out, "meta");
    out.push(b'{');
    meta_members(ended, IntakeFormat::SdkIntake, out);
    key(out, "span");
    out.push(b'{');
    text(out, "kind", record.kind.name());
    out.extend_from_slice(b"}}");
    key(out, "metrics");
    record.notes.metrics.write_object(out);
    name_and_parent(ended, out);
    if let Some(session) = ended.session() {
        text(out, "session_id", session);
    }
    closing_members(ended, out);
    out.extend_from_slice(b"}]}");
}
