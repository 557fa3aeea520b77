//! The core itself: every call of the contract, on plain Rust values.

use crate::annotation::{self, Warning};
use crate::delivery::{Action, Attempts, Outcome, PollMode, Request, Verdict, address, judge};
use crate::encode::{Ended, envelope, write_event};
use crate::error::{Error, SpanError};
use crate::ids::{Ids, SpanContext};
use crate::json::Canonicalizer;
use crate::platform::Platform;
use crate::queue::{Bounds, Pushed, Queue};
use crate::settings::{Destination, Settings};
use crate::slots::{Handle, Slots};
use crate::span::{App, Failure, Frame, Notes, Record, SpanKind};
use crate::statistics::{DropReason, Statistics};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a new span belongs to; see `wit/tracing.wit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// Nothing.
    Root,
    /// The span that is current where the call was made.
    Current(Handle),
    /// Exactly this span.
    ChildOf(Handle),
    /// A place in a trace of another service, as [`Core::extract`] gives it.
    Remote(String),
}

/// What may be said of a span when it starts.
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
}

/// What finishing a span leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The span that is current again.
    pub current: Option<Handle>,
    /// The worker should poll now.
    pub attention: bool,
    /// The span waits for the application's processor.
    pub process: bool,
    /// Why the span was not kept, if it was not.
    pub dropped: Option<DropReason>,
}

/// Bytes that an open span takes besides its texts, about.
const SPAN_BYTES: usize = 512;
/// How many ended spans one poll encodes at most, once their destination is known.
const ENCODED_A_POLL: usize = 64;

struct InFlight {
    id: u64,
    spans: u32,
    sent: u32,
    since: u64,
    waits: bool,
}

/// A wall-clock reading and the monotonic reading of the same moment, in ns.
#[derive(Clone, Copy)]
struct Anchor {
    wall: u64,
    monotonic: u64,
}

impl Anchor {
    fn read(platform: &mut impl Platform) -> Self {
        Anchor { wall: platform.wall_ns(), monotonic: platform.monotonic_ns() }
    }

    fn wall_at(self, monotonic: u64) -> u64 {
        self.wall.wrapping_add(monotonic.wrapping_sub(self.monotonic))
    }
}

/// The brain of a tracer; see `wit/` for what each call means.
pub struct Core<P> {
    platform: P,
    settings: Settings,
    configured: bool,
    destination: Option<Destination>,
    app: Arc<App>,
    ids: Ids,
    anchor: Anchor,
    slots: Slots,
    open_bytes: usize,
    canonicalizer: Canonicalizer,
    /// What an annotation is read into, before any of it is kept; its buffers are used again.
    draft: Notes,
    queue: Queue,
    /// Ended spans whose format is not known yet.
    waiting: VecDeque<Ended>,
    waiting_bytes: usize,
    in_flight: Vec<InFlight>,
    next_request: u64,
    /// The monotonic reading before which nothing is sent, after a failure.
    quiet_until: u64,
    counts: Statistics,
}

impl<P: Platform> Core<P> {
    /// A core with default settings.
    pub fn new(mut platform: P) -> Self {
        let settings = Settings::default();
        let anchor = Anchor::read(&mut platform);
        let ids = Ids::new(&mut platform);
        let app = Arc::new(App::new(&settings.ml_app, &settings));
        let mut core = Core {
            platform,
            destination: None,
            settings,
            configured: false,
            app,
            ids,
            anchor,
            slots: Slots::default(),
            open_bytes: 0,
            canonicalizer: Canonicalizer::default(),
            draft: Notes::default(),
            queue: Queue::default(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            in_flight: Vec::new(),
            next_request: 1,
            quiet_until: 0,
            counts: Statistics::default(),
        };
        core.adopt(core.settings.destination);
        core
    }

    /// Sets what all spans share; once, before the first span.
    pub fn configure(&mut self, settings: Settings) -> Result<Vec<Warning>, Error> {
        if self.configured || self.counts.accepted > 0 {
            return Err(Error::AlreadyConfigured);
        }
        settings.check()?;
        self.configured = true;
        self.app = Arc::new(App::new(&settings.ml_app, &settings));
        self.settings = settings;
        self.destination = None;
        self.adopt(self.settings.destination);
        Ok(Vec::new())
    }

    /// Says where spans go, once it is known.
    pub fn set_destination(&mut self, destination: Destination) -> Result<(), Error> {
        if self.destination.is_some() {
            return Err(Error::AlreadyConfigured);
        }
        self.adopt(Some(destination));
        Ok(())
    }

    fn adopt(&mut self, destination: Option<Destination>) {
        self.destination = destination;
        if let Some(destination) = destination {
            self.queue.set_envelope(envelope(destination.format, &self.settings));
        }
    }

    /// Starts a span; 0 if there is no room for it.
    pub fn start_span(
        &mut self,
        kind: SpanKind,
        parent: Parent,
        name: Option<String>,
        options: Vec<SpanOption>,
        now_ns: Option<u64>,
    ) -> Result<Handle, SpanError> {
        let parent = self.resolve(parent)?;
        self.counts.accepted += 1;
        if parent == Some(0) {
            self.counts.drop_spans(DropReason::OpenFull, 1);
            return Ok(0);
        }
        let started = self.now(now_ns);
        let mut record = Record {
            kind,
            name: name.filter(|name| !name.is_empty()),
            start_ns: self.anchor.wall_at(started),
            started: Some(started),
            ..Record::default()
        };
        let (mut session, mut app) = (None, None);
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
                SpanOption::Context(_) => {}
            }
        }
        let size = SPAN_BYTES + record.size();
        if self.open_bytes + size > self.settings.limits.open_bytes as usize {
            self.counts.drop_spans(DropReason::OpenFull, 1);
            return Ok(0);
        }
        let above = parent.and_then(|parent| self.slots.get(parent));
        let late = above.is_some_and(|slot| !slot.open);
        let above = above.map(|slot| &slot.frame);
        let frame = Frame {
            parent: parent.unwrap_or(0),
            late,
            parent_id: above.map_or(0, |frame| frame.span_id),
            app: match (app, above) {
                (Some(name), _) if name == self.app.name => self.app.clone(),
                (Some(name), Some(frame)) if name == frame.app.name => frame.app.clone(),
                (Some(name), _) => Arc::new(App::new(&name, &self.settings)),
                (None, Some(frame)) => frame.app.clone(),
                (None, None) => self.app.clone(),
            },
            session: match session {
                Some(session) => Some(session.into()),
                None => above.and_then(|frame| frame.session.clone()),
            },
            trace_id: match above {
                Some(frame) => frame.trace_id,
                None => self.ids.trace_id(record.start_ns),
            },
            span_id: self.ids.span_id(),
        };
        self.open_bytes += size;
        Ok(self.slots.insert(frame, record))
    }

    /// The span to be the parent; `Some(0)` if that one is not kept, `None` for a root.
    fn resolve(&self, parent: Parent) -> Result<Option<Handle>, SpanError> {
        match parent {
            Parent::Root | Parent::Remote(_) => Ok(None),
            Parent::Current(0) | Parent::ChildOf(0) => Ok(Some(0)),
            Parent::Current(handle) => {
                let known = self.slots.get(handle).map(|_| handle);
                Ok(self.slots.nearest_open(handle).or(known))
            }
            Parent::ChildOf(handle) => match self.slots.get(handle) {
                Some(_) => Ok(Some(handle)),
                None => Err(SpanError::UnknownSpan),
            },
        }
    }

    /// Adds what a JSON text says to an open span.
    pub fn annotate(&mut self, span: Handle, text: &str) -> Result<Vec<Warning>, Error> {
        let result = self.note(span, text);
        match &result {
            Ok(warnings) => self.counts.warnings += warnings.len() as u64,
            Err(_) => self.counts.annotations_rejected += 1,
        }
        result
    }

    fn note(&mut self, span: Handle, text: &str) -> Result<Vec<Warning>, Error> {
        if span == 0 {
            return Ok(Vec::new());
        }
        #[cfg(feature = "trap")]
        crate::core::trap_on_demand(text);
        let slot = self.slots.get_mut(span).ok_or(Error::UnknownSpan(span))?;
        if !slot.open {
            return Err(Error::SpanFinished(span));
        }
        let room = (self.settings.limits.open_bytes as usize).saturating_sub(self.open_bytes);
        if text.len() > room {
            return Err(Error::MemoryFull);
        }
        self.draft.clear();
        let kind = slot.record.kind;
        let warnings = annotation::parse(kind, text, &mut self.draft, &mut self.canonicalizer)?;
        // Canonical form may be longer than what was given.
        if self.draft.size() > room {
            return Err(Error::MemoryFull);
        }
        let before = slot.record.notes.size();
        if let Some(session) = &self.draft.session {
            slot.frame.session = Some(session.clone());
        }
        slot.record.notes.merge(&mut self.draft);
        self.open_bytes = (self.open_bytes + slot.record.notes.size()).saturating_sub(before);
        Ok(warnings)
    }

    /// Ends a span and queues it.
    pub fn finish(
        &mut self,
        span: Handle,
        failure: Option<Failure>,
        end_ns: Option<u64>,
        now_ns: Option<u64>,
    ) -> Result<Finished, SpanError> {
        let mut finished =
            Finished { current: None, attention: false, process: false, dropped: None };
        if span == 0 {
            return Ok(finished);
        }
        let now = self.now(now_ns);
        let Some((frame, record)) = self.close(span)? else {
            finished.current = self.slots.nearest_open(span);
            return Ok(finished);
        };
        // Work that outlives its parent goes on belonging to it, not only its first span.
        let late_parent = frame.late.then_some(frame.parent);
        finished.current = self.slots.nearest_open(frame.parent).or(late_parent);
        let duration_ns = match (end_ns, record.started) {
            (Some(end), _) => end.saturating_sub(record.start_ns),
            (None, Some(started)) => now.saturating_sub(started),
            (None, None) => self.anchor.wall_at(now).saturating_sub(record.start_ns),
        };
        let failure = failure.map(Failure::within_limits);
        let ended = Ended { frame, record, failure, duration_ns, io_dropped: false };
        match self.enqueue(ended, now) {
            Ok(attention) => finished.attention = attention,
            Err(reason) => {
                self.counts.drop_spans(reason, 1);
                finished.dropped = Some(reason);
            }
        }
        Ok(finished)
    }

    /// Gives up an open span; false if it had finished.
    pub fn abandon(&mut self, span: Handle) -> Result<bool, SpanError> {
        let was_open = span != 0 && self.close(span)?.is_some();
        if was_open {
            self.counts.drop_spans(DropReason::Unfinished, 1);
        }
        Ok(was_open)
    }

    /// Takes a span out of the open ones; `None` if it had finished.
    fn close(&mut self, span: Handle) -> Result<Option<(Frame, Record)>, SpanError> {
        if self.slots.get(span).is_none() {
            return Err(SpanError::UnknownSpan);
        }
        let Some((frame, record)) = self.slots.close(span) else { return Ok(None) };
        self.open_bytes = self.open_bytes.saturating_sub(SPAN_BYTES + record.size());
        Ok(Some((frame, record)))
    }

    /// Queues an ended span; whether the worker should look, or why it could not be kept.
    fn enqueue(&mut self, ended: Ended, now: u64) -> Result<bool, DropReason> {
        let Some(destination) = self.destination else {
            let size = ended.size();
            if self.queue_bytes() + size > self.settings.limits.queue_bytes as usize {
                return Err(DropReason::QueueFull);
            }
            self.waiting_bytes += size;
            self.waiting.push_back(ended);
            self.counts.queued += 1;
            return Ok(false);
        };
        self.encode(destination, ended, now)
    }

    fn encode(
        &mut self,
        destination: Destination,
        mut ended: Ended,
        now: u64,
    ) -> Result<bool, DropReason> {
        let limits = &self.settings.limits;
        let bounds = Bounds {
            batch_spans: limits.batch_spans,
            batch_bytes: limits.batch_bytes as usize,
            queue_bytes: (limits.queue_bytes as usize).saturating_sub(self.waiting_bytes),
        };
        let longest = limits.event_bytes as usize;
        let settings = &self.settings;
        let pushed = self.queue.push(bounds, now, |out| {
            let start = out.len();
            write_event(destination.format, &ended, settings, out);
            if out.len() - start > longest {
                out.truncate(start);
                ended.io_dropped = true;
                write_event(destination.format, &ended, settings, out);
            }
            out.len() - start <= longest
        });
        match pushed {
            Some(Pushed::Kept(attention)) => {
                self.counts.queued += 1;
                Ok(attention)
            }
            Some(Pushed::Full) => Err(DropReason::QueueFull),
            None => Err(DropReason::TooLarge),
        }
    }

    /// The ids of a span, open or finished.
    pub fn export_span(&self, span: Handle) -> Result<SpanContext, SpanError> {
        let frame = &self.slots.get(span).ok_or(SpanError::UnknownSpan)?.frame;
        Ok(SpanContext {
            span_id: frame.span_id.to_string(),
            trace_id: String::from_utf8_lossy(frame.trace_id.text()).into_owned(),
        })
    }

    /// What the worker should do next.
    pub fn poll(&mut self, mode: PollMode) -> Action {
        self.anchor = Anchor::read(&mut self.platform);
        let now = self.anchor.monotonic;
        let Some(destination) = self.destination else { return Action::Idle };
        for _ in 0..ENCODED_A_POLL {
            let Some(ended) = self.waiting.pop_front() else { break };
            self.waiting_bytes = self.waiting_bytes.saturating_sub(ended.size());
            self.counts.queued = self.counts.queued.saturating_sub(1);
            if let Err(reason) = self.encode(destination, ended, now) {
                self.counts.drop_spans(reason, 1);
            }
        }
        if !self.waiting.is_empty() {
            return Action::Wait(0);
        }
        let quiet = self.quiet_until.saturating_sub(now);
        if quiet > 0 {
            return Action::Wait(quiet);
        }
        let age = self.queue.growing_since().map(|since| now.saturating_sub(since));
        let batch_age = self.settings.limits.batch_age_ns;
        if age.is_some_and(|age| mode == PollMode::Everything || age >= batch_age) {
            self.queue.seal();
        }
        let Some(batch) = self.queue.take_sealed() else {
            return match age {
                Some(age) => Action::Wait(batch_age.saturating_sub(age)),
                None => Action::Idle,
            };
        };
        let id = self.next_request;
        self.next_request += 1;
        self.counts.queued = self.counts.queued.saturating_sub(u64::from(batch.spans));
        self.counts.in_flight += u64::from(batch.spans);
        self.in_flight.push(InFlight { id, spans: batch.spans, sent: 1, since: now, waits: false });
        let (host, path, headers) = address(destination);
        Action::Send(Request { id, host, path, headers, body: batch.body, spans: batch.spans, evaluations: 0 })
    }

    /// Takes in what came of a request.
    pub fn complete(&mut self, id: u64, outcome: &Outcome) -> Result<Verdict, Error> {
        let now = self.platform.monotonic_ns();
        let limits = &self.settings.limits;
        let at = self.in_flight.iter().position(|request| request.id == id);
        let Some((at, request)) = at.and_then(|at| Some((at, self.in_flight.get_mut(at)?))) else {
            return Err(Error::UnknownRequest(id));
        };
        let attempts =
            Attempts { made: request.sent, elapsed_ns: now.saturating_sub(request.since) };
        let verdict = judge(outcome, attempts, limits, |bound| self.ids.up_to(bound));
        let spans = u64::from(request.spans);
        match verdict {
            Verdict::Retry(wait) => {
                request.sent += 1;
                request.waits = true;
                // Whoever could not take this batch is spared the others for as long.
                self.quiet_until = self.quiet_until.max(now.saturating_add(wait));
                return Ok(verdict);
            }
            Verdict::Delivered => self.counts.delivered += spans,
            Verdict::Dropped(reason) => self.counts.drop_spans(reason, spans),
        }
        self.in_flight.swap_remove(at);
        self.counts.in_flight = self.counts.in_flight.saturating_sub(spans);
        if !self.in_flight.iter().any(|request| request.waits) {
            self.quiet_until = 0;
        }
        Ok(verdict)
    }

    /// The counters.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            open: self.slots.open() as u64,
            bytes: (self.open_bytes + self.queue_bytes()) as u64,
            ..self.counts.clone()
        }
    }

    /// The monotonic clock: as the host read it, else as it reads now.
    fn now(&mut self, given: Option<u64>) -> u64 {
        given.unwrap_or_else(|| self.platform.monotonic_ns())
    }

    fn queue_bytes(&self) -> usize {
        self.queue.bytes() + self.waiting_bytes
    }
}

/// Ends this instance as a defect would, for tests of what a host does then.
#[cfg(feature = "trap")]
fn trap_on_demand(text: &str) {
    if text.contains("witspan.test.trap") {
        std::process::abort();
    }
}
