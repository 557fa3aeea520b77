//! The core itself: the calls of the contract about a span's life, on plain Rust values.

use crate::annotation::{self, Warning};
use crate::encode::{Ended, SLACK, cut_down, root_tags};
use crate::error::{Error, SpanError};
use crate::ids::{Ids, SpanContext, SpanInfo, SpanTimes};
use crate::json::Canonicalizer;
use crate::notes::Notes;
use crate::platform::Platform;
use crate::processing::Processing;
use crate::sampling::Sampler;
use crate::sending::Sending;
use crate::slots::{Handle, Slot, Slots};
use crate::span::{App, Failure, Frame, Record, SpanKind};
use crate::statistics::Statistics;
use std::rc::Rc;
use witspan_setup::DropReason;
use witspan_setup::{Settings, Target};

/// What finishing a span leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The span that is current again.
    pub current: Option<Handle>,
    /// The worker should poll now.
    pub should_poll: bool,
    /// The span waits for the application's processor.
    pub process: bool,
    /// Why the span was not kept, if it was not.
    pub dropped: Option<DropReason>,
}

/// Bytes that an open span takes besides its texts, about.
pub(crate) const SPAN_BYTES: usize = 512;

/// A wall-clock reading and the monotonic reading of the same moment, in ns.
#[derive(Clone, Copy)]
pub(crate) struct Anchor {
    wall: u64,
    pub(crate) monotonic: u64,
}

impl Anchor {
    pub(crate) fn read(platform: &mut impl Platform) -> Self {
        Anchor { wall: platform.wall_ns(), monotonic: platform.monotonic_ns() }
    }

    pub(crate) fn wall_at(self, monotonic: u64) -> u64 {
        self.wall.wrapping_add(monotonic.wrapping_sub(self.monotonic))
    }
}

/// The brain of a tracer; see `wit/` for what each call means.
pub struct Core<P> {
    pub(crate) platform: P,
    pub(crate) settings: Settings,
    configured: bool,
    pub(crate) sampler: Sampler,
    pub(crate) app: Rc<App>,
    pub(crate) ids: Ids,
    pub(crate) anchor: Anchor,
    pub(crate) slots: Slots,
    pub(crate) open_bytes: usize,
    pub(crate) canonicalizer: Canonicalizer,
    /// What an annotation is read into, before any of it is kept; its buffers are used again.
    pub(crate) draft: Notes,
    pub(crate) sending: Sending,
    pub(crate) processing: Processing,
    pub(crate) counts: Statistics,
}

/// An annotation of more bytes leaves no buffers behind.
const LARGE: usize = 1 << 20;

impl<P: Platform> Core<P> {
    /// A core with default settings.
    pub fn new(mut platform: P) -> Self {
        let settings = Settings::default();
        let anchor = Anchor::read(&mut platform);
        let ids = Ids::new(&mut platform);
        let app = Rc::new(App::new(&settings.ml_app, &settings));
        let (sampler, _) = Sampler::new(&settings.sampling);
        Core {
            platform,
            configured: false,
            sampler,
            app,
            ids,
            anchor,
            slots: Slots::default(),
            open_bytes: 0,
            canonicalizer: Canonicalizer::default(),
            draft: Notes::default(),
            sending: Sending::new(&settings),
            processing: Processing::default(),
            counts: Statistics::default(),
            settings,
        }
    }

    /// Sets what all spans share; once, before the first span.
    pub fn configure(&mut self, settings: Settings) -> Result<Vec<Warning>, Error> {
        if self.configured || self.counts.accepted > 0 {
            return Err(Error::AlreadyConfigured);
        }
        settings.check()?;
        let (sampler, warnings) = Sampler::new(&settings.sampling);
        self.configured = true;
        self.app = Rc::new(App::new(&settings.ml_app, &settings));
        self.sending = Sending::new(&settings);
        self.sampler = sampler;
        self.settings = settings;
        self.counts.warnings += warnings.len() as u64;
        Ok(warnings)
    }

    /// Says where spans go, once it is known.
    pub fn set_targets(&mut self, targets: Vec<Target>) -> Result<(), Error> {
        if self.sending.target.is_some() {
            return Err(Error::AlreadyConfigured);
        }
        let mut known = self.settings.clone();
        known.targets = Some(targets);
        known.check()?;
        self.sending.adopt(&known);
        self.settings = known;
        Ok(())
    }

    /// Adds what a JSON text says to an open span.
    pub fn annotate(&mut self, span: Handle, text: &str) -> Result<Vec<Warning>, Error> {
        let result = self.note(span, text);
        match &result {
            Ok(warnings) => self.counts.warnings += warnings.len() as u64,
            Err(_) => self.counts.annotations_rejected += 1,
        }
        if text.len() > LARGE {
            // Buffers that grew with it are of no use to the next.
            self.draft = Notes::default();
            self.canonicalizer = Canonicalizer::default();
        }
        result
    }

    pub(crate) fn note(&mut self, span: Handle, text: &str) -> Result<Vec<Warning>, Error> {
        if span == 0 {
            return Ok(Vec::new());
        }
        #[cfg(feature = "trap")]
        crate::core::trap_on_demand(text);
        let slot = self.slots.get_mut(span).ok_or(Error::UnknownSpan(span))?;
        let Slot { frame, record: Some(record), .. } = slot else {
            return Err(Error::SpanFinished(span));
        };
        let room = (self.settings.limits.open_bytes as usize).saturating_sub(self.open_bytes);
        if text.len() > room {
            return Err(Error::MemoryFull);
        }
        self.draft.clear();
        let kind = record.kind;
        let mut warnings = annotation::parse(kind, text, &mut self.draft, &mut self.canonicalizer)?;
        if let Some(extra) = &mut self.draft.extra
            && !extra.cost_tags.is_empty()
        {
            let tags = &self.draft.tags;
            extra.cost_tags.retain(&mut |key| {
                let known = tags.get(key).is_some() || has_tag(frame, record, key);
                if !known {
                    let key = String::from_utf8_lossy(key);
                    let what =
                        format_args!("names `{key}`, which is no tag of the span: it was left out");
                    warnings.push(Warning::of(&"cost_tags", what));
                }
                known
            });
        }
        // Canonical form may be longer than what was given.
        if self.draft.size() > room {
            return Err(Error::MemoryFull);
        }
        let before = record.notes.size();
        if let Some(session) = &self.draft.session {
            frame.session = Some(session.clone());
        }
        record.notes.merge(&mut self.draft);
        self.open_bytes = (self.open_bytes + record.notes.size()).saturating_sub(before);
        Ok(warnings)
    }

    /// Ends a span and queues it.
    #[inline(never)]
    pub fn finish(
        &mut self,
        span: Handle,
        failure: Option<Failure>,
        end_ns: Option<u64>,
        now_ns: Option<u64>,
    ) -> Result<Finished, SpanError> {
        let mut finished =
            Finished { current: None, should_poll: false, process: false, dropped: None };
        if span == 0 {
            return Ok(finished);
        }
        let now = self.now(now_ns);
        let Some((frame, record)) = self.slots.close(span) else {
            self.slots.get(span).ok_or(SpanError::UnknownSpan)?;
            finished.current = self.slots.nearest_open(span);
            return Ok(finished);
        };
        let mut ended = Ended {
            frame: frame.clone(),
            record,
            failure: failure.map(Failure::within_limits),
            duration_ns: 0,
            parents_prompt: None,
            tool_version: None,
            marks: Vec::new(),
            io_dropped: false,
        };
        let (frame, record) = (&ended.frame, &ended.record);
        let size = SPAN_BYTES + record.size();
        self.open_bytes = self.open_bytes.saturating_sub(size);
        // Work that outlives its parent goes on belonging to it, not only its first span.
        let late_parent = frame.late.then_some(frame.parent);
        finished.current = self.slots.nearest_open(frame.parent).or(late_parent);
        ended.duration_ns = match (end_ns, record.started) {
            (Some(end), _) => end.saturating_sub(record.start_ns),
            (None, Some(started)) => now.saturating_sub(started),
            (None, None) => self.anchor.wall_at(now).saturating_sub(record.start_ns),
        };
        if let Some(slot) = self.slots.get_mut(span) {
            slot.frame.duration_ns = Some(ended.duration_ns);
        }
        self.take_from_parent(&mut ended);
        let longest = self.settings.limits.event_bytes as usize + SLACK;
        // Texts of a failure, and a prompt of the parent, are bounded on their own.
        if size > longest || ended.failure.is_some() || ended.parents_prompt.is_some() {
            cut_down(&mut ended, longest);
        }
        self.decide(span, &ended.frame, Some(&ended.record));
        let decision = ended.frame.trace.decision.get().and_then(Option::as_ref);
        let sampled = decision.is_none_or(|decision| decision.sampled);
        let handed = if self.sampler.drop && !sampled {
            Err(DropReason::NotSampled)
        } else if self.processing.is_on() {
            finished.process = true;
            self.await_processor(ended, now).map(|()| true)
        } else if let Some(format) = self.sending.format() {
            self.encode(format, &mut ended, now)
        } else {
            self.await_target(ended).map(|()| false)
        };
        match handed {
            Ok(should_poll) => finished.should_poll = should_poll,
            Err(reason) => {
                self.counts.drop_spans(reason, 1);
                finished.process = false;
                finished.dropped = Some(reason);
            }
        }
        Ok(finished)
    }

    /// Sees that it is decided whether a trace is sampled. The first span of a trace that finishes,
    /// or whose ids are asked for by another service, decides for all.
    pub(crate) fn decide(&self, span: Handle, frame: &Frame, record: Option<&Record>) {
        let trace = &frame.trace;
        if trace.decision.get().is_some() {
            return;
        }
        let root = trace.root.get().copied().filter(|root| *root != span);
        let root = root.and_then(|root| self.slots.get(root));
        let root = root.and_then(|root| Some((&root.frame, Some(root.record.as_deref()?))));
        let (frame, record) = root.unwrap_or((frame, record));
        let decision = self.sampler.decide(trace, &root_tags(frame, record));
        let _ = trace.decision.set(Some(decision));
    }

    /// What a span has from its parent as that is now: an llm span its prompt, a tool span the
    /// version with which it was defined.
    fn take_from_parent(&self, ended: &mut Ended) {
        let kind = ended.record.kind;
        if !matches!(kind, SpanKind::Llm | SpanKind::Tool) || ended.frame.parent == 0 {
            return;
        }
        let parent = self.slots.get(ended.frame.parent);
        let Some(parent) = parent.and_then(|slot| slot.record.as_deref()) else { return };
        let Some(extra) = &parent.notes.extra else { return };
        if kind == SpanKind::Llm && !extra.prompt.is_empty() {
            ended.parents_prompt = Some(extra.prompt.clone());
        } else if kind == SpanKind::Tool && parent.kind == SpanKind::Llm {
            let name = ended.record.shown_name();
            ended.tool_version = annotation::version_of(&extra.tools, name);
        }
    }

    /// Gives up an open span; false if it had finished.
    pub fn abandon(&mut self, span: Handle) -> Result<bool, SpanError> {
        if span == 0 {
            return Ok(false);
        }
        let Some((_, record)) = self.slots.close(span) else {
            return self.slots.get(span).map(|_| false).ok_or(SpanError::UnknownSpan);
        };
        self.open_bytes = self.open_bytes.saturating_sub(SPAN_BYTES + record.size());
        self.counts.drop_spans(DropReason::Unfinished, 1);
        Ok(true)
    }

    /// The ids of a span, open or finished.
    pub fn export_span(&self, span: Handle) -> Result<SpanContext, SpanError> {
        let frame = &self.slots.get(span).ok_or(SpanError::UnknownSpan)?.frame;
        Ok(SpanContext {
            span_id: frame.span_id.to_string(),
            trace_id: String::from_utf8_lossy(frame.trace.id()).into_owned(),
        })
    }

    /// What is known of a span, open or finished.
    pub fn span_info(&self, span: Handle) -> Result<SpanInfo, SpanError> {
        let slot = self.slots.get(span).ok_or(SpanError::UnknownSpan)?;
        let frame = &slot.frame;
        let name = slot.record.as_ref().map(|record| record.shown_name().to_owned());
        Ok(SpanInfo {
            kind: frame.kind,
            name,
            span_id: frame.span_id.to_string(),
            trace_id: String::from_utf8_lossy(frame.trace.id()).into_owned(),
            parent_id: Some(frame.parent_id).filter(|id| *id != 0).map(|id| id.to_string()),
        })
    }

    /// When a span was, open or finished.
    pub fn times(&self, span: Handle) -> Result<SpanTimes, SpanError> {
        let frame = &self.slots.get(span).ok_or(SpanError::UnknownSpan)?.frame;
        Ok(SpanTimes { start_ns: frame.start_ns, duration_ns: frame.duration_ns })
    }

    /// The monotonic clock: as the host read it, else as it reads now.
    pub(crate) fn now(&mut self, given: Option<u64>) -> u64 {
        given.unwrap_or_else(|| self.platform.monotonic_ns())
    }

    /// The counters.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            open: self.slots.open() as u64,
            bytes: (self.open_bytes + self.queue_bytes()) as u64,
            ..self.counts.clone()
        }
    }
}

/// Whether an open span has a tag of this key, escaped.
fn has_tag(frame: &Frame, record: &Record, key: &[u8]) -> bool {
    let session = key == b"session_id" && frame.session.is_some();
    session || record.notes.tags.get(key).is_some() || frame.app.has_tag(key)
}

/// Ends this instance as a defect would, for tests of what a host does then.
#[cfg(feature = "trap")]
fn trap_on_demand(text: &str) {
    if text.contains("witspan.test.trap") {
        std::process::abort();
    }
}
