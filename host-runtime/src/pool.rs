//! The instances of the component, and what happens when one fails.
//!
//! An instance serves one call at a time. A trace lives in the instance of its root, so that a
//! span and its parent are together; a root takes an instance that nobody holds. When one
//! traps, a fresh one takes its place and what it held is counted: the host keeps its own count
//! of what went in and came out, because a dead instance cannot be asked.

use crate::clock::Clock;
use crate::error::Error;
use crate::instance::delivery::{Action, HeaderParam, Outcome, PollMode, Response, Verdict};
use crate::instance::tracing::{Failure, Finished, SpanContext, SpanOption, Warning};
use crate::instance::types::{Destination, DropReason, Limits, Settings, SpanKind, Tag};
use crate::instance::{Called, Instance, Program, tracing};
use crate::lock;
use crate::notices::{Notices, Topic};
use crate::statistics::Statistics;
use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, TryLockError};

/// A span of a tracer, as a value that may be copied freely. [`SpanRef::NONE`] is the span that
/// is not kept: every call takes it and does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanRef {
    shard: u32,
    epoch: u32,
    handle: u64,
}

impl SpanRef {
    /// The span that is not kept.
    pub const NONE: SpanRef = SpanRef { shard: 0, epoch: 0, handle: 0 };

    /// Whether it is the span that is not kept.
    pub fn is_none(self) -> bool {
        self.handle == 0
    }
}

/// What a new span belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// Nothing: it begins a trace.
    Root,
    /// The span that is current where the call is made; its nearest open ancestor if it has
    /// finished.
    Current(SpanRef),
    /// Exactly this span, finished or not.
    ChildOf(SpanRef),
}

/// Settings as the host owns them; lent to each new instance.
#[derive(Debug, Clone)]
pub(crate) struct OwnedSettings {
    pub(crate) ml_app: String,
    pub(crate) service: String,
    pub(crate) env: String,
    pub(crate) version: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) language: String,
    pub(crate) limits: Limits,
}

/// A request that an instance handed out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    shard: usize,
    epoch: u32,
    request: u64,
    pub(crate) spans: u32,
}

/// What an instance answered to a poll.
pub(crate) struct Polled {
    pub(crate) action: Action,
    pub(crate) ticket: Ticket,
    /// Finished spans that it still holds.
    pub(crate) queued: u64,
}

/// What the sender made of a request.
pub(crate) enum Sent {
    Answer { status: u16, headers: Vec<(&'static str, String)> },
    Failed,
    Not(DropReason),
}

#[derive(Default)]
struct Shard {
    instance: Option<Instance>,
    epoch: u32,
    /// The host's own count of the live instance.
    counts: Statistics,
}

pub(crate) struct Pool {
    program: Program,
    clock: Clock,
    settings: OwnedSettings,
    destination: Mutex<Option<Destination>>,
    shards: Vec<Mutex<Shard>>,
    /// Counts of instances that are gone, and of what came back too late for them.
    past: Mutex<Statistics>,
    closed: std::sync::atomic::AtomicBool,
    notices: Notices,
}

/// What a call of an instance came to.
type Reply<T> = Result<T, Error>;

impl Pool {
    pub(crate) fn new(
        program: Program,
        clock: Clock,
        settings: OwnedSettings,
        destination: Option<Destination>,
        shards: usize,
        notices: Notices,
    ) -> Result<Pool, Error> {
        let pool = Pool {
            program,
            clock,
            settings,
            destination: Mutex::new(destination),
            shards: (0..shards.max(1)).map(|_| Mutex::default()).collect(),
            past: Mutex::default(),
            closed: false.into(),
            notices,
        };
        // The first instance is made now, so that wrong settings are told to who gave them.
        let mut shard = pool.shard(0);
        pool.instance(&mut shard)?;
        drop(shard);
        Ok(pool)
    }

    pub(crate) fn notices(&self) -> &Notices {
        &self.notices
    }

    pub(crate) fn shards(&self) -> usize {
        self.shards.len()
    }

    fn shard(&self, at: usize) -> MutexGuard<'_, Shard> {
        // `at` comes from a `SpanRef` or `Ticket` of this pool, or is below its length.
        lock(&self.shards[at % self.shards.len()])
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(std::sync::atomic::Ordering::Acquire)
    }

    /// The live instance of a shard, made if there is none.
    fn instance<'s>(&self, shard: &'s mut Shard) -> Reply<&'s mut Instance> {
        if shard.instance.is_none() {
            let fresh = self.program.instantiate(self.clock.clone());
            let mut fresh = fresh.map_err(|error| Error::Internal(error.to_string()))?;
            let tags: Vec<Tag<'_>> =
                self.settings.tags.iter().map(|(key, value)| Tag { key, value }).collect();
            let settings = Settings {
                ml_app: &self.settings.ml_app,
                service: &self.settings.service,
                env: &self.settings.env,
                version: &self.settings.version,
                tags: &tags,
                language: &self.settings.language,
                destination: *lock(&self.destination),
                limits: Some(self.settings.limits),
            };
            let configured = fresh.configure(settings);
            configured.map_err(|error| Error::Internal(error.to_string()))??;
            shard.instance = Some(fresh);
            shard.counts = Statistics::default();
        }
        shard.instance.as_mut().ok_or(Error::Off)
    }

    /// An instance for a new trace: one that nobody holds, if there is any.
    fn any_shard(&self) -> (usize, MutexGuard<'_, Shard>) {
        thread_local!(static LAST: Cell<usize> = const { Cell::new(0) });
        let last = LAST.get();
        for step in 0..self.shards.len() {
            let at = (last + step) % self.shards.len();
            match self.shards[at].try_lock() {
                Ok(guard) => {
                    LAST.set(at);
                    return (at, guard);
                }
                Err(TryLockError::Poisoned(poisoned)) => return (at, poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let at = last % self.shards.len();
        (at, self.shard(at))
    }

    /// Runs a call on a shard's instance; a trap ends the instance and is counted.
    fn call<T>(
        &self,
        shard: &mut Shard,
        call: impl FnOnce(&mut Instance) -> Called<T>,
    ) -> Reply<T> {
        match call(self.instance(shard)?) {
            Ok(result) => Ok(result?),
            Err(trap) => {
                self.bury(shard, &trap);
                Err(Error::Lost)
            }
        }
    }

    /// Counts what a dead instance held.
    fn bury(&self, shard: &mut Shard, trap: &wasmtime::Error) {
        shard.instance = None;
        shard.epoch += 1;
        let mut dead = std::mem::take(&mut shard.counts);
        let left = dead.in_flight + dead.delivered + dead.dropped_total();
        let lost = dead.accepted.saturating_sub(left);
        (dead.open, dead.queued, dead.bytes) = (0, 0, 0);
        dead.drop_spans(DropReason::Trap, lost);
        lock(&self.past).add(&dead);
        self.notices.tell(Topic::Trap, || {
            format!(
                "the tracing core failed and was started again; {lost} spans were lost: {trap:#}"
            )
        });
    }

    /// The shard of a span, unless the instance that held it is gone.
    fn shard_of(&self, span: SpanRef) -> Reply<MutexGuard<'_, Shard>> {
        let shard = self.shard(span.shard as usize);
        if self.is_closed() {
            Err(Error::Off)
        } else if shard.epoch != span.epoch {
            Err(Error::Lost)
        } else {
            Ok(shard)
        }
    }

    pub(crate) fn start_span(
        &self,
        kind: SpanKind,
        parent: Parent,
        name: Option<&str>,
        options: &[SpanOption<'_>],
    ) -> Reply<SpanRef> {
        let above = match parent {
            Parent::Root => None,
            Parent::Current(span) | Parent::ChildOf(span) if span.is_none() => {
                self.drop_child_of_none();
                return Ok(SpanRef::NONE);
            }
            Parent::Current(span) | Parent::ChildOf(span) => Some(span),
        };
        let (at, mut shard) = match above {
            Some(span) => (span.shard as usize, self.shard(span.shard as usize)),
            None => self.any_shard(),
        };
        if self.is_closed() {
            return Ok(SpanRef::NONE);
        }
        // The parent of a lost span is lost: its child begins anew.
        let parent = match parent {
            Parent::Current(span) if span.epoch == shard.epoch => {
                tracing::Parent::Current(span.handle)
            }
            Parent::ChildOf(span) if span.epoch == shard.epoch => {
                tracing::Parent::ChildOf(span.handle)
            }
            _ => tracing::Parent::Root,
        };
        self.instance(&mut shard)?;
        shard.counts.accepted += 1;
        let started =
            self.call(&mut shard, |instance| instance.start_span(kind, parent, name, options));
        match started {
            Ok(0) => {
                shard.counts.drop_spans(DropReason::OpenFull, 1);
                self.tell_full("open spans hold too much memory");
                Ok(SpanRef::NONE)
            }
            Ok(handle) => Ok(SpanRef { shard: at as u32, epoch: shard.epoch, handle }),
            Err(Error::Lost) => Ok(SpanRef::NONE),
            Err(error) => {
                shard.counts.accepted -= 1;
                Err(error)
            }
        }
    }

    /// Counts a span whose parent is not kept, as the core does.
    fn drop_child_of_none(&self) {
        let mut past = lock(&self.past);
        if !self.is_closed() {
            past.accepted += 1;
            past.drop_spans(DropReason::OpenFull, 1);
        }
    }

    fn tell_full(&self, what: &str) {
        self.notices.tell(Topic::Full, || {
            format!("{what}: new spans are dropped and counted until there is room")
        });
    }

    fn tell_queue_full(&self) {
        self.tell_full("finished spans that wait to be sent hold too much memory");
    }

    pub(crate) fn annotate(&self, span: SpanRef, annotation: &str) -> Reply<Vec<Warning>> {
        if span.is_none() {
            return Ok(Vec::new());
        }
        let mut shard = match self.shard_of(span) {
            Ok(shard) => shard,
            Err(gone) => {
                lock(&self.past).annotations_rejected += 1;
                return Err(gone);
            }
        };
        let noted = self.call(&mut shard, |instance| instance.annotate(span.handle, annotation));
        match &noted {
            Ok(warnings) => {
                shard.counts.warnings += warnings.len() as u64;
                if let Some(warning) = warnings.first() {
                    self.notices.tell(Topic::Annotation, || warning.message.clone());
                }
            }
            // It trapped just now: its counts are in the past.
            Err(Error::Lost) => lock(&self.past).annotations_rejected += 1,
            Err(error) => {
                shard.counts.annotations_rejected += 1;
                let dropped = || format!("an annotation was dropped: {error}");
                match error {
                    Error::SpanFinished | Error::UnknownSpan => {
                        self.notices.tell(Topic::Misplaced, dropped);
                    }
                    Error::MemoryFull => self.notices.tell(Topic::Full, dropped),
                    _ => {}
                }
            }
        }
        noted
    }

    /// Counts an annotation that had no open span to go to.
    pub(crate) fn misplaced_annotation(&self, why: &str) {
        lock(&self.past).annotations_rejected += 1;
        self.notices.tell(Topic::Misplaced, || format!("an annotation was dropped: {why}"));
    }

    /// Ends a span: the span that is current again, and whether the worker should look.
    pub(crate) fn finish(
        &self,
        span: SpanRef,
        failure: Option<Failure<'_>>,
        end_ns: Option<u64>,
    ) -> Reply<(Option<SpanRef>, bool)> {
        if span.is_none() {
            return Ok((None, false));
        }
        let mut shard = self.shard_of(span)?;
        let finished: Finished =
            self.call(&mut shard, |instance| instance.finish(span.handle, failure, end_ns))?;
        if let Some(reason) = finished.dropped {
            shard.counts.drop_spans(reason, 1);
            match reason {
                DropReason::TooLarge => self.tell_full("a span is longer than one event may be"),
                _ => self.tell_queue_full(),
            }
        }
        Ok((finished.current.map(|handle| SpanRef { handle, ..span }), finished.attention))
    }

    pub(crate) fn abandon(&self, span: SpanRef) -> Reply<()> {
        if span.is_none() {
            return Ok(());
        }
        let mut shard = self.shard_of(span)?;
        if self.call(&mut shard, |instance| instance.abandon(span.handle))? {
            shard.counts.drop_spans(DropReason::Unfinished, 1);
        }
        Ok(())
    }

    pub(crate) fn export_span(&self, span: SpanRef) -> Reply<SpanContext> {
        if span.is_none() {
            return Err(Error::Off);
        }
        let mut shard = self.shard_of(span)?;
        self.call(&mut shard, |instance| instance.export_span(span.handle))
    }

    pub(crate) fn destination(&self) -> Option<Destination> {
        *lock(&self.destination)
    }

    /// Tells every instance, and every later one, where spans go.
    pub(crate) fn set_destination(&self, destination: Destination) {
        *lock(&self.destination) = Some(destination);
        for at in 0..self.shards() {
            let mut shard = self.shard(at);
            if shard.instance.is_some() {
                // An instance made meanwhile knows it already: that refusal is as good.
                let _ = self.call(&mut shard, |instance| instance.set_destination(destination));
            }
        }
    }

    /// What an instance wants done; `None` if there is nothing to ask.
    pub(crate) fn poll(&self, at: usize, mode: PollMode) -> Option<Polled> {
        let mut shard = self.shard(at);
        if shard.instance.is_none() || self.is_closed() {
            return None;
        }
        let action = self.call(&mut shard, |instance| Ok(Ok(instance.poll(mode)?))).ok()?;
        let mut ticket = Ticket { shard: at, epoch: shard.epoch, request: 0, spans: 0 };
        if let Action::Send(request) = &action {
            ticket.request = request.id;
            ticket.spans = request.spans;
            shard.counts.in_flight += u64::from(request.spans);
        }
        // What the poll itself dropped is only known to the instance.
        if let Some(counters) = self.counters(&mut shard) {
            let full = |counts: &Statistics| counts.dropped_for(DropReason::QueueFull);
            if full(&counters) > full(&shard.counts) {
                self.tell_queue_full();
            }
            shard.counts = counters;
        }
        Some(Polled { action, ticket, queued: shard.counts.queued })
    }

    /// Reports what came of a request; what follows for it.
    pub(crate) fn complete(&self, ticket: Ticket, sent: Sent) -> Verdict {
        let spans = u64::from(ticket.spans);
        let mut shard = self.shard(ticket.shard);
        if self.is_closed() {
            return Verdict::Dropped(DropReason::Shutdown);
        }
        if shard.epoch != ticket.epoch {
            return self.complete_for_the_dead(spans, &sent);
        }
        let verdict = self.call(&mut shard, |instance| match &sent {
            Sent::Failed => instance.complete(ticket.request, Outcome::TransportError),
            Sent::Not(reason) => instance.complete(ticket.request, Outcome::NotSent(*reason)),
            Sent::Answer { status, headers } => {
                let headers: Vec<HeaderParam<'_>> =
                    headers.iter().map(|(name, value)| HeaderParam { name, value }).collect();
                let response = Response { status: *status, headers: &headers };
                instance.complete(ticket.request, Outcome::Response(response))
            }
        });
        match verdict {
            Ok(Verdict::Retry(wait)) => Verdict::Retry(wait),
            Ok(verdict) => {
                shard.counts.in_flight = shard.counts.in_flight.saturating_sub(spans);
                match verdict {
                    Verdict::Dropped(reason) => shard.counts.drop_spans(reason, spans),
                    _ => shard.counts.delivered += spans,
                }
                verdict
            }
            // It trapped just now: its counts are in the past, this request among them.
            Err(_) => self.complete_for_the_dead(spans, &sent),
        }
    }

    fn complete_for_the_dead(&self, spans: u64, sent: &Sent) -> Verdict {
        let mut past = lock(&self.past);
        past.in_flight = past.in_flight.saturating_sub(spans);
        if matches!(sent, Sent::Answer { status: 200..300, .. }) {
            past.delivered += spans;
            Verdict::Delivered
        } else {
            past.drop_spans(DropReason::Trap, spans);
            Verdict::Dropped(DropReason::Trap)
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        // All are held at once, in order, so that nothing moves from one to another meanwhile.
        let mut shards: Vec<_> = (0..self.shards()).map(|at| self.shard(at)).collect();
        let mut total = Statistics::default();
        for shard in &mut shards {
            total.add(&self.counters(shard).unwrap_or_default());
        }
        total.add(&lock(&self.past));
        total
    }

    /// The counters of a shard's instance, if it has one that lives.
    fn counters(&self, shard: &mut Shard) -> Option<Statistics> {
        shard.instance.as_ref()?;
        let counters = self.call(shard, |instance| Ok(Ok(instance.statistics()?)));
        counters.ok().map(Statistics::from)
    }

    /// Ends all instances and counts what they still held.
    pub(crate) fn close(&self) {
        self.closed.store(true, std::sync::atomic::Ordering::Release);
        for at in 0..self.shards() {
            let mut shard = self.shard(at);
            let Some(mut last) = self.counters(&mut shard) else { continue };
            shard.instance = None;
            shard.epoch += 1;
            let waiting = last.queued + last.in_flight;
            let open = last.open;
            (last.open, last.queued, last.in_flight, last.bytes) = (0, 0, 0, 0);
            last.drop_spans(DropReason::Shutdown, waiting);
            last.drop_spans(DropReason::Unfinished, open);
            lock(&self.past).add(&last);
        }
        let mut past = lock(&self.past);
        let waiting = std::mem::take(&mut past.in_flight);
        past.drop_spans(DropReason::Shutdown, waiting);
    }
}
