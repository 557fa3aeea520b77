//! A remote context, as it is sent between services and between instances.

use crate::ids::number;
use witspan_json::{Reader, Value, write_string};

/// The values of other tracers, which must not be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upstream {
    /// Members of `tracestate` but Datadog's and ours.
    pub members: String,
    /// Fields of Datadog's member of `tracestate` but those that we write.
    pub fields: String,
    /// Tags of `x-datadog-tags` but those that we write.
    pub tags: String,
    /// Whether and why the APM trace is kept, a number; positive to keep it.
    pub priority: String,
}

/// A remote context. Without a parent, a span that starts from it begins its own LLM trace inside the
/// APM trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// The number of the APM trace; 0 if there is none.
    pub apm: u128,
    /// The span of the APM trace to be continued.
    pub apm_parent: u64,
    /// The LLM span to be continued; 0 if there is none.
    pub parent_id: u64,
    /// The id of the LLM trace, as it is sent; empty: that of the APM trace.
    pub trace_id: String,
    /// The ML app of the span above.
    pub ml_app: Option<String>,
    /// The session of the span above.
    pub session_id: Option<String>,
    /// The nearest agent above; 0 if there is none.
    pub agent_span_id: u64,
    /// The name of that agent.
    pub agent_name: Option<String>,
    /// The rate that the LLM trace was sampled with, as it is sent.
    pub sample_rate: Option<String>,
    /// Whether it was sampled.
    pub sampled: Option<bool>,
    /// The values of other tracers.
    pub upstream: Upstream,
}

impl Remote {
    /// As text for [`Remote::read`].
    #[inline(never)]
    pub fn write(&self) -> String {
        let mut out = Vec::new();
        let mut member = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                out.extend_from_slice(if out.is_empty() { b"{" } else { b"," });
                write_string(&mut out, name);
                out.push(b':');
                write_string(&mut out, value);
            }
        };
        let decimal = |id: u64| (id != 0).then(|| id.to_string());
        member("agent_name", self.agent_name.as_deref());
        member("agent_span_id", decimal(self.agent_span_id).as_deref());
        member("apm_parent", decimal(self.apm_parent).as_deref());
        member("apm_trace_id", Some(&format!("{:032x}", self.apm)));
        member("ml_app", self.ml_app.as_deref());
        member("fields", said(&self.upstream.fields));
        member("members", said(&self.upstream.members));
        member("parent_id", decimal(self.parent_id).as_deref());
        member("priority", said(&self.upstream.priority));
        member("sample_rate", self.sample_rate.as_deref());
        member("sampled", self.sampled.map(|sampled| if sampled { "1" } else { "0" }));
        member("session_id", self.session_id.as_deref());
        member("tags", said(&self.upstream.tags));
        member("trace_id", Some(&self.trace_id));
        out.push(b'}');
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Reads what [`Remote::write`] wrote; `None` for anything else.
    #[inline(never)]
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::new(text);
        let Value::Object = reader.value().ok()? else { return None };
        let mut remote = Remote::default();
        let mut first = true;
        while let Some(key) = reader.member(first).ok()? {
            first = false;
            let Value::Text(value) = reader.value().ok()? else { return None };
            let value = value.decode();
            match key.decode().as_str() {
                "agent_name" => remote.agent_name = Some(value),
                "agent_span_id" => remote.agent_span_id = value.parse().ok()?,
                "apm_parent" => remote.apm_parent = value.parse().ok()?,
                "apm_trace_id" => remote.apm = number(value.as_bytes())?,
                "ml_app" => remote.ml_app = Some(value),
                "members" => remote.upstream.members = value,
                "fields" => remote.upstream.fields = value,
                "priority" => remote.upstream.priority = value,
                "tags" => remote.upstream.tags = value,
                "parent_id" => remote.parent_id = value.parse().ok()?,
                "sample_rate" => remote.sample_rate = Some(value),
                "sampled" => remote.sampled = Some(value == "1"),
                "session_id" => remote.session_id = Some(value),
                "trace_id" => remote.trace_id = value,
                _ => return None,
            }
        }
        reader.end().ok()?;
        Some(remote)
    }
}

/// A text, unless it is empty.
fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
