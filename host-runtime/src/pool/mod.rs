//! The instances of the component, and what happens when one fails.
//!
//! An instance serves one call at a time. A trace lives in the instance of its root span, so that a
//! span and its parent are together. A root span goes to an instance that is free. When an instance
//! traps, a new one replaces it, and the spans that it held are counted as lost. The host keeps its
//! own counters for that, because a dead instance cannot be asked.

mod delivery;
mod evaluations;
mod processing;
mod propagation;
mod span_ref;
mod spans;

pub(crate) use delivery::{Polled, Sent, Ticket};
pub(crate) use evaluations::Submission;
pub(crate) use processing::Limited;
pub use processing::{Processed, Processor};
pub(crate) use span_ref::MOST_SHARDS;
pub use span_ref::{Parent, SpanRef};

use crate::clock::Clock;
use crate::error::Error;
use crate::fork::held_off;
use crate::instance::types::{DropReason, Warning};
use crate::instance::{Called, Instance, Program};
use crate::lock;
use crate::notices::{Notices, Topic};
use crate::statistics::Statistics;
use span_ref::next_epoch;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use witspan_setup::{Event, Load, Settings, settings_text};

struct Shard {
    instance: Option<Instance>,
    epoch: u32,
    /// The host's own counters for the live instance.
    counts: Statistics,
}

impl Shard {
    fn new() -> Mutex<Shard> {
        let counts = Statistics::default();
        Mutex::new(Shard { instance: None, epoch: next_epoch(), counts })
    }
}

pub(crate) struct Pool {
    program: Program,
    clock: Clock,
    /// The settings of each new instance, and the same as text.
    settings: Mutex<(Settings, String)>,
    processor: Mutex<Option<Arc<Limited>>>,
    shards: Vec<Mutex<Shard>>,
    /// Counters of instances that are gone, and of responses that came too late for them.
    past: Mutex<Statistics>,
    closed: AtomicBool,
    notices: Notices,
}

/// The result of a call of an instance.
type Reply<T> = Result<T, Error>;

impl Pool {
    /// Also returns warnings about settings that the core had to change.
    pub(crate) fn new(
        program: Program,
        clock: Clock,
        settings: Settings,
        shards: usize,
        notices: Notices,
    ) -> Result<(Pool, Vec<Warning>), Error> {
        let text = settings_text(&settings);
        let pool = Pool {
            program,
            clock,
            settings: Mutex::new((settings, text)),
            processor: Mutex::default(),
            shards: (0..shards.clamp(1, MOST_SHARDS)).map(|_| Shard::new()).collect(),
            past: Mutex::default(),
            closed: AtomicBool::new(false),
            notices,
        };
        // The first instance is created now, so that the caller learns of wrong settings.
        let (first, warnings) = pool.fresh_instance()?;
        pool.shard(0).instance = Some(first);
        Ok((pool, warnings))
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
        self.closed.load(Ordering::Acquire)
    }

    /// A new instance with the settings and the processor of the others.
    fn fresh_instance(&self) -> Reply<(Instance, Vec<Warning>)> {
        let failed = |error: wasmtime::Error| Error::Internal(error.to_string());
        let instantiate = || self.program.instantiate(self.clock.clone());
        let mut fresh = held_off(instantiate).map_err(failed)?;
        let settings = lock(&self.settings).1.clone();
        let warnings = fresh.configure(&settings).map_err(failed)??;
        if let Some(processor) = &*lock(&self.processor) {
            fresh.set_processor(Some(processor.limit_ns())).map_err(failed)?;
        }
        Ok((fresh, warnings))
    }

    /// The live instance of a shard, which is created if needed.
    fn instance<'s>(&self, shard: &'s mut Shard) -> Reply<&'s mut Instance> {
        if shard.instance.is_none() {
            // The first instance has given the same warnings.
            let (fresh, _) = self.fresh_instance()?;
            shard.instance = Some(fresh);
            shard.counts = Statistics::default();
        }
        shard.instance.as_mut().ok_or(Error::Off)
    }

    /// A shard for a call that any instance can serve: this thread's own, or another one that is
    /// free. Each thread prefers its own, so that a single-threaded program fills one instance
    /// only.
    fn any_shard(&self) -> (usize, MutexGuard<'_, Shard>) {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local!(static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed));
        let own = OWN.with(|own| *own);
        for step in 0..self.shards.len() {
            let at = own.wrapping_add(step) % self.shards.len();
            match self.shards[at].try_lock() {
                Ok(guard) => return (at, guard),
                Err(TryLockError::Poisoned(poisoned)) => return (at, poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let at = own % self.shards.len();
        (at, self.shard(at))
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

    /// Runs a call on a shard's instance. A trap ends the instance and is counted.
    fn call<T, E: Into<Error>>(
        &self,
        shard: &mut Shard,
        call: impl FnOnce(&mut Instance) -> Called<T, E>,
    ) -> Reply<T> {
        match call(self.instance(shard)?) {
            Ok(result) => result.map_err(Into::into),
            Err(trap) => {
                self.bury(shard, &trap);
                Err(Error::Lost)
            }
        }
    }

    /// The same, for a call that has no error of its own.
    fn ask<T>(
        &self,
        shard: &mut Shard,
        call: impl FnOnce(&mut Instance) -> wasmtime::Result<T>,
    ) -> Reply<T> {
        self.call(shard, |instance| call(instance).map(Ok::<T, Error>))
    }

    /// Counts the spans and evaluations of a dead instance as lost.
    fn bury(&self, shard: &mut Shard, trap: &wasmtime::Error) {
        shard.instance = None;
        shard.epoch = next_epoch();
        let mut dead = std::mem::take(&mut shard.counts);
        let (spans, evaluations) = dead.end(DropReason::Trap, DropReason::Trap);
        lock(&self.past).add(&dead);
        let load = Load { spans, evaluations };
        self.notices.tell(Topic::Trap, || Event::Trapped(format!("{trap:#}"), load));
    }

    /// Logs a drop whose reason is a memory limit.
    fn tell_dropped(&self, reason: DropReason) {
        if matches!(reason, DropReason::TooLarge | DropReason::QueueFull | DropReason::OpenFull) {
            let reason = witspan_setup::DropReason::ALL[reason as usize];
            self.notices.tell(Topic::Full, || Event::Dropped(reason));
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        // All shards are locked at once, in order, so that the sum is of one moment.
        let mut shards: Vec<_> = (0..self.shards()).map(|at| self.shard(at)).collect();
        let mut total = Statistics::default();
        for shard in &mut shards {
            total.add(&self.counters(shard).unwrap_or_default());
        }
        total.add(&lock(&self.past));
        total
    }

    /// The counters of a shard's live instance, if it has one.
    fn counters(&self, shard: &mut Shard) -> Option<Statistics> {
        shard.instance.as_ref()?;
        self.ask(shard, |instance| instance.statistics()).ok().map(Statistics::from)
    }

    /// Ends all instances, and counts the spans and evaluations that they still held.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for at in 0..self.shards() {
            let mut shard = self.shard(at);
            let Some(mut last) = self.counters(&mut shard) else { continue };
            shard.instance = None;
            shard.epoch = next_epoch();
            last.end(DropReason::Shutdown, DropReason::Unfinished);
            lock(&self.past).add(&last);
        }
        let mut past = lock(&self.past);
        let (spans, evaluations) = (past.in_flight, past.evaluations.in_flight);
        past.arrive(spans, evaluations, Some(DropReason::Shutdown));
    }
}
