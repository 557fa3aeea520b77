//! Remote contexts: a span here as its children in other services see it, and the other way round.
//! The crate witspan-propagation knows what they look like in headers.

use super::Core;
use crate::error::{Error, SpanError, refused_as};
use crate::ids::Handle;
use crate::platform::Platform;
use crate::span::{Agent, Decision, Frame, Trace};
use std::rc::Rc;
use witspan_propagation::{Header, Remote, Upstream};

impl<P: Platform> Core<P> {
    /// The headers to set so that the receiver continues the trace of `span`.
    pub fn inject(&mut self, span: Handle, headers: &[Header]) -> Result<Vec<Header>, SpanError> {
        match self.remote_context(span)? {
            Some(remote) => Ok(witspan_propagation::headers(&remote, headers)),
            None => Ok(Vec::new()),
        }
    }

    /// The remote context that headers hold.
    pub fn extract(&mut self, headers: &[Header]) -> Result<String, Error> {
        match witspan_propagation::place(headers) {
            Some(remote) => Ok(remote.write()),
            None => {
                let what = format_args!(
                    "has no trace; accepted: headers with `x-datadog-trace-id` and \
                     `x-datadog-parent-id`, or with `traceparent`"
                );
                Err(refused_as(&"headers", what).into())
            }
        }
    }

    /// The remote context of a span itself.
    pub fn remote_of(&mut self, span: Handle) -> Result<String, SpanError> {
        Ok(self.remote_context(span)?.ok_or(SpanError::UnknownSpan)?.write())
    }

    /// The remote context of a span; `None` for the one that is not kept.
    fn remote_context(&mut self, span: Handle) -> Result<Option<Remote>, SpanError> {
        if span == 0 {
            return Ok(None);
        }
        let slot = self.spans.get(span).ok_or(SpanError::UnknownSpan)?;
        self.decide(span, &slot.frame, slot.record.as_deref());
        Ok(Some(remote_context(&slot.frame)))
    }
}

/// The remote context that names this span as the parent.
fn remote_context(frame: &Frame) -> Remote {
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

/// The trace of a span that starts in a remote context; `own` numbers a trace that begins.
pub(super) fn remote_trace(remote: &Remote, own: u128) -> Trace {
    let apm = if remote.apm == 0 { own } else { remote.apm };
    let mut trace = match remote.parent_id {
        0 => {
            let begun = Trace::begun(own);
            let id = String::from_utf8_lossy(begun.id()).into_owned();
            Trace::continued(apm, Some(&id))
        }
        _ => Trace::continued(apm, Some(remote.trace_id.as_str()).filter(|id| !id.is_empty())),
    };
    if remote.upstream != Upstream::default() {
        trace.upstream = Some(Rc::new(remote.upstream.clone()));
    }
    let decision = match (&remote.sample_rate, remote.sampled) {
        (Some(rate), Some(sampled)) => Some(Some(Decision { rate: rate.as_str().into(), sampled })),
        // The service that began the trace decided nothing, and no other may.
        _ if remote.parent_id != 0 => Some(None),
        _ => None,
    };
    if let Some(decision) = decision {
        let _ = trace.decision.set(decision);
    }
    trace
}

/// The nearest agent above a remote context.
pub(super) fn remote_agent(remote: &Remote) -> Option<Agent> {
    if remote.agent_span_id == 0 {
        return None;
    }
    let name = remote.agent_name.clone().unwrap_or_default();
    Some(Agent { name, span_id: remote.agent_span_id })
}
