//! A place in a trace, as it travels between services and between instances.

use crate::json::write_string;
use crate::json::{Reader, Value};
use crate::sampling::Decision;
use crate::span::{Agent, Frame};
use crate::trace::{Trace, Upstream, number};
use std::rc::Rc;

/// A place in a trace. Without a parent, what starts there begins an LLM trace of its own inside
/// the APM trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The number of the APM trace; 0 if there is none.
    pub(crate) apm: u128,
    /// The span of the APM trace to be continued.
    pub(crate) apm_parent: u64,
    /// The LLM span to be continued; 0 if there is none.
    pub(crate) parent_id: u64,
    /// The id of the LLM trace, as it is sent; empty: that of the APM trace.
    pub(crate) trace_id: String,
    pub(crate) ml_app: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) agent_span_id: u64,
    pub(crate) agent_name: Option<String>,
    /// The rate and the decision of the sampling of the LLM trace.
    pub(crate) sample_rate: Option<String>,
    pub(crate) sampled: Option<bool>,
    pub(crate) upstream: Upstream,
}

impl Remote {
    /// The place of a span.
    pub(crate) fn of(frame: &Frame) -> Self {
        let decision = frame.trace.decision.get().and_then(Option::as_ref);
        let agent = frame.as_agent.as_ref().or(frame.agent.as_ref());
        Remote {
            apm: frame.trace.apm_number(),
            apm_parent: frame.span_id,
            parent_id: frame.span_id,
            trace_id: String::from_utf8_lossy(frame.trace.id()).into_owned(),
            ml_app: Some(frame.app.name.clone()),
            session_id: frame.session.as_deref().map(str::to_owned),
            agent_span_id: agent.map_or(0, |agent| agent.span_id),
            agent_name: agent.map(|agent| agent.name.clone()),
            sample_rate: decision.map(|decision| decision.rate.as_ref().to_owned()),
            sampled: decision.map(|decision| decision.sampled),
            upstream: frame.trace.upstream.as_deref().cloned().unwrap_or_default(),
        }
    }

    /// The trace of what starts there; `own` numbers one that begins.
    pub(crate) fn trace(&self, own: u128) -> Trace {
        let apm = if self.apm == 0 { own } else { self.apm };
        let mut trace = match self.parent_id {
            0 => {
                let begun = Trace::begun(own);
                let id = String::from_utf8_lossy(begun.id()).into_owned();
                Trace::continued(apm, Some(&id))
            }
            _ => Trace::continued(apm, Some(self.trace_id.as_str()).filter(|id| !id.is_empty())),
        };
        if self.upstream != Upstream::default() {
            trace.upstream = Some(Rc::new(self.upstream.clone()));
        }
        let decision = match (&self.sample_rate, self.sampled) {
            (Some(rate), Some(sampled)) => {
                Some(Some(Decision { rate: rate.as_str().into(), sampled }))
            }
            // Whoever began the trace said nothing, and it is not for us to say.
            _ if self.parent_id != 0 => Some(None),
            _ => None,
        };
        if let Some(decision) = decision {
            let _ = trace.decision.set(decision);
        }
        trace
    }

    /// The agent above.
    pub(crate) fn agent(&self) -> Option<Agent> {
        if self.agent_span_id == 0 {
            return None;
        }
        let name = self.agent_name.clone().unwrap_or_default();
        Some(Agent { name, span_id: self.agent_span_id })
    }

    /// As text for [`Remote::read`].
    pub(crate) fn write(&self) -> String {
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
    pub(crate) fn read(text: &str) -> Option<Self> {
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
