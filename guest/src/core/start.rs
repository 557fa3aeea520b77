//! How a span starts: its parent, and what it inherits from there and from the annotation contexts
//! around it.

use super::Core;
use super::propagation::{remote_agent, remote_trace};
use crate::annotation;
use crate::encode;
use crate::error::{Error, SpanError, Warning};
use crate::ids::Handle;
use crate::limits::{NAME_BYTES, SPAN_BYTES, cut_text};
use crate::platform::Platform;
use crate::span::{Agent, Frame, Record, SpanKind, Trace};
use std::rc::Rc;
use witspan_propagation::Remote;
use witspan_setup::DropReason;

/// What a new span belongs to; see `wit/tracing.wit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// Nothing.
    Root,
    /// The span that is current where the call was made.
    Current(Handle),
    /// Exactly this span.
    ChildOf(Handle),
    /// A remote context, as [`Core::extract`] returns it.
    Remote(String),
}

/// What may be given for a span when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpanOption {
    /// The session.
    SessionId(String),
    /// The ML app.
    MlApp(String),
    /// The model.
    ModelName(String),
    /// Who serves the model.
    ModelProvider(String),
    /// The start, in nanoseconds since the Unix epoch.
    StartNs(u64),
    /// What an annotation context around it says.
    Context(String),
    /// Reserved: where the span is sent.
    Target(String),
}

impl<P: Platform> Core<P> {
    /// Starts a span; 0 if there is no room for it.
    #[inline(never)]
    pub fn start_span(
        &mut self,
        kind: SpanKind,
        parent: Parent,
        name: Option<String>,
        options: Vec<SpanOption>,
        now_ns: Option<u64>,
    ) -> Result<Handle, SpanError> {
        let (parent, remote) = self.resolve(parent)?;
        let started = self.now(now_ns);
        let mut record = Box::new(Record {
            kind,
            name: name.filter(|name| !name.is_empty()),
            start_ns: self.anchor.wall_at(started),
            started: Some(started),
            ..Record::default()
        });
        let (mut session, mut around, mut app) = (None, None, None);
        for option in options {
            match option {
                SpanOption::SessionId(text) => session = Some(text).filter(|text| !text.is_empty()),
                SpanOption::MlApp(text) => app = Some(text).filter(|text| !text.is_empty()),
                SpanOption::ModelName(text) => record.model_name = Some(text),
                SpanOption::ModelProvider(text) => record.model_provider = Some(text),
                SpanOption::StartNs(at) => {
                    record.start_ns = at;
                    record.started = None;
                }
                SpanOption::Target(_) => {}
                SpanOption::Context(text) => {
                    if let Some(given) = self.read_context(&text, &mut record)? {
                        around = Some(given);
                    }
                }
            }
        }
        if session.is_some() && around.is_some() {
            // The session of the span itself wins over the contexts around it.
            record.annotations.tags.remove(b"session_id");
            record.annotations.session = None;
        }
        let mut session = session.or(around);
        self.counters.accepted += 1;
        let size = SPAN_BYTES + record.size();
        let no_room = self.open_bytes + size > self.settings.limits.open_bytes as usize;
        if parent == Some(0) || no_room {
            self.counters.drop_spans(DropReason::OpenFull, 1);
            return Ok(0);
        }
        let above = parent.and_then(|parent| self.spans.get(parent));
        let late = above.is_some_and(|slot| !slot.is_open());
        let above = above.map(|slot| &slot.frame);
        let remote = remote.as_ref();
        for text in [&mut session, &mut app].into_iter().flatten() {
            cut_text(text, NAME_BYTES);
        }
        let app = app.as_deref().or(remote.and_then(|remote| remote.ml_app.as_deref()));
        let session = session.as_deref().or(remote.and_then(|remote| remote.session_id.as_deref()));
        let trace = match above {
            Some(frame) => frame.trace.clone(),
            None => Rc::new(self.new_trace(remote, record.start_ns)),
        };
        let span_id = self.ids.span_id();
        let above = parent.and_then(|parent| self.spans.get(parent)).map(|slot| &slot.frame);
        let frame = Frame {
            kind,
            parent: parent.unwrap_or(0),
            late,
            parent_id: match (above, remote) {
                (Some(frame), _) => frame.span_id,
                (None, Some(remote)) => remote.parent_id,
                (None, None) => 0,
            },
            app: match (app, above) {
                (Some(name), _) if name == self.app.name => self.app.clone(),
                (Some(name), Some(frame)) if name == frame.app.name => frame.app.clone(),
                (Some(name), _) => Rc::new(encode::app(name, &self.settings)),
                (None, Some(frame)) => frame.app.clone(),
                (None, None) => self.app.clone(),
            },
            session: match session {
                Some(session) => Some(session.into()),
                None => above.and_then(|frame| frame.session.clone()),
            },
            agent: match (above, remote) {
                (Some(frame), _) => frame.as_agent.as_ref().or(frame.agent.as_ref()).cloned(),
                (None, Some(remote)) => remote_agent(remote).map(Rc::new),
                (None, None) => None,
            },
            as_agent: (kind == SpanKind::Agent).then(|| {
                let mut name = record.shown_name().to_owned();
                cut_text(&mut name, NAME_BYTES);
                Rc::new(Agent { name, span_id })
            }),
            trace,
            span_id,
            start_ns: record.start_ns,
            duration_ns: None,
        };
        let trace = frame.trace.clone();
        self.open_bytes += size;
        let handle = self.spans.insert(frame, record);
        // Only the first span of a trace sets it.
        let _ = trace.root.set(handle);
        Ok(handle)
    }

    /// A trace that begins here, or continues here.
    fn new_trace(&mut self, remote: Option<&Remote>, start_ns: u64) -> Trace {
        let own = self.ids.trace_id(start_ns);
        let trace = match remote {
            None => Trace::begun(own),
            Some(remote) => remote_trace(remote, own),
        };
        if !self.sampler.has_rules() && trace.decision.get().is_none() {
            let _ = trace.decision.set(Some(self.sampler.decide(&trace, &[])));
        }
        trace
    }

    /// Adds an annotation context to a span that starts. Returns the session that it names.
    fn read_context(
        &mut self,
        text: &str,
        record: &mut Record,
    ) -> Result<Option<String>, SpanError> {
        self.draft.clear();
        let mut name = None;
        let canonicalizer = &mut self.canonicalizer;
        let kind = Some(record.kind);
        annotation::parse_context(kind, text, &mut self.draft, &mut name, canonicalizer)
            .map_err(|_| SpanError::InvalidContext)?;
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            record.name = Some(name);
        }
        let session = self.draft.session.take();
        // A cost tag is kept if its tag is there when the span starts.
        if let Some(extra) = &mut self.draft.extra {
            let (tags, here) = (&self.draft.tags, &record.annotations.tags);
            let app = &self.app;
            extra.cost_tags.retain(&mut |key| {
                tags.get(key).is_some() || here.get(key).is_some() || app.has_tag(key)
            });
        }
        record.annotations.merge(&mut self.draft);
        Ok(session.map(|session| session.as_ref().to_owned()))
    }

    /// Checks an annotation context.
    pub fn check_context(&mut self, text: &str) -> Result<Vec<Warning>, Error> {
        self.draft.clear();
        let canonicalizer = &mut self.canonicalizer;
        let read = annotation::parse_context(None, text, &mut self.draft, &mut None, canonicalizer);
        match &read {
            Ok(warnings) => self.counters.warnings += warnings.len() as u64,
            Err(_) => self.counters.annotations_rejected += 1,
        }
        Ok(read?)
    }

    /// The span to be the parent (`Some(0)` if that one is not kept, `None` for a root), or the
    /// remote context.
    fn resolve(&self, parent: Parent) -> Result<(Option<Handle>, Option<Remote>), SpanError> {
        let handle = match parent {
            Parent::Root => None,
            Parent::Remote(remote) => {
                return Ok((None, Some(Remote::read(&remote).ok_or(SpanError::InvalidRemote)?)));
            }
            Parent::Current(0) | Parent::ChildOf(0) => Some(0),
            Parent::Current(handle) => {
                let known = self.spans.get(handle).map(|_| handle);
                self.spans.nearest_open(handle).or(known)
            }
            Parent::ChildOf(handle) => match self.spans.get(handle) {
                Some(_) => Some(handle),
                None => return Err(SpanError::UnknownSpan),
            },
        };
        Ok((handle, None))
    }
}
