//! The tracer that C holds: the host's, which a forked process starts anew.

use crate::config::Settings;
use crate::diagnostics::Kept;
use crate::outcome::{OK, TIMED_OUT, answer, give, guarded};
use crate::processor::{Callback, History, Set};
use crate::text::Text;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use witspan::fork::PerProcess;
use witspan::{Config, Error, Flushed, Tracer};

/// `witspan_tracer`.
pub(crate) struct Handle {
    tracer: PerProcess<Tracer>,
    /// What it is started anew with. Nothing here has a lock.
    config: Config,
    processors: History,
    /// For how long a signal delivers before it ends the process, plus 1; 0: it does not.
    signals: AtomicU64,
    ended: AtomicBool,
    kept: Option<Arc<Kept>>,
}

impl Handle {
    fn start(settings: &Settings) -> Result<Handle, Error> {
        let (config, kept) = settings.config();
        Ok(Handle {
            tracer: PerProcess::new(Tracer::start(config.clone())?),
            config,
            processors: History::default(),
            signals: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            kept,
        })
    }

    fn tracer(&self) -> &Tracer {
        self.tracer.get(|| self.again())
    }

    /// The tracer of a forked process.
    #[cold]
    fn again(&self) -> Tracer {
        if self.ended.load(Ordering::Acquire) {
            return Tracer::off();
        }
        let start = || Tracer::start(self.config.clone());
        let Ok(Ok(tracer)) = catch_unwind(AssertUnwindSafe(start)) else { return Tracer::off() };
        if let Some(set) = self.processors.last() {
            set.apply(&tracer);
        }
        if let Some(timeout_ns) = self.signals.load(Ordering::Acquire).checked_sub(1) {
            // In the parent the system has not refused.
            let _ = deliver_at_signals(&tracer, timeout_ns);
        }
        tracer
    }
}

/// Calls a tracer. NULL is one that is off.
#[inline]
pub(crate) unsafe fn on<T>(tracer: *const Handle, call: impl FnOnce(&Tracer) -> T) -> T {
    match tracer.as_ref() {
        Some(handle) => call(handle.tracer()),
        None => call(&Tracer::off()),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_tracer_start(
    config: *const Settings,
    message: *mut *mut Text,
) -> *mut Handle {
    let mut started = null_mut();
    answer(message, || {
        let handle = match config.as_ref() {
            Some(settings) => Handle::start(settings),
            None => Handle::start(&Settings::from_env()),
        };
        started = Box::into_raw(Box::new(handle?));
        Ok(())
    });
    started
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_tracer_free(tracer: *mut Handle) {
    if !tracer.is_null() {
        guarded((), || drop(Box::from_raw(tracer)));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_is_on(tracer: *const Handle) -> i32 {
    let ended = tracer.as_ref().is_some_and(|handle| handle.ended.load(Ordering::Acquire));
    guarded(0, || i32::from(!ended && on(tracer, Tracer::is_on)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_plan(tracer: *const Handle) -> *mut Text {
    guarded(null_mut(), || {
        on(tracer, |tracer| {
            tracer.plan().map_or(null_mut(), |plan| Text::give(witspan::setup::plan_text(plan)))
        })
    })
}

/// Gives what a flush came to.
unsafe fn settled(delivered: *mut u64, dropped: *mut u64, settle: impl FnOnce() -> Flushed) -> i32 {
    give(delivered, 0);
    give(dropped, 0);
    let mut settled = false;
    let code = answer(null_mut(), || {
        let flushed = settle();
        give(delivered, flushed.delivered);
        give(dropped, flushed.dropped);
        settled = flushed.settled;
        Ok(())
    });
    if code == OK && !settled { TIMED_OUT } else { code }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_flush(
    tracer: *const Handle,
    timeout_ns: u64,
    delivered: *mut u64,
    dropped: *mut u64,
) -> i32 {
    let timeout = Duration::from_nanos(timeout_ns);
    settled(delivered, dropped, || on(tracer, |tracer| tracer.flush(timeout)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_shutdown(
    tracer: *mut Handle,
    timeout_ns: u64,
    delivered: *mut u64,
    dropped: *mut u64,
) -> i32 {
    let timeout = Duration::from_nanos(timeout_ns);
    // First, so that a child that was forked meanwhile does not start anew.
    if let Some(handle) = tracer.as_ref() {
        handle.ended.store(true, Ordering::Release);
    }
    settled(delivered, dropped, || on(tracer, |tracer| tracer.shutdown(timeout)))
}

#[cfg(unix)]
fn deliver_at_signals(tracer: &Tracer, timeout_ns: u64) -> Result<(), Error> {
    let set = tracer.deliver_at_signals(Duration::from_nanos(timeout_ns), None);
    set.map_err(|error| Error::Internal(format!("no handler can be set: {error}")))
}

/// Windows has no such signals.
#[cfg(not(unix))]
fn deliver_at_signals(_: &Tracer, _: u64) -> Result<(), Error> {
    Ok(())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_deliver_at_signals(
    tracer: *mut Handle,
    timeout_ns: u64,
    message: *mut *mut Text,
) -> i32 {
    answer(message, || {
        on(tracer, |tracer| deliver_at_signals(tracer, timeout_ns))?;
        if let Some(handle) = tracer.as_ref() {
            handle.signals.store(timeout_ns.saturating_add(1), Ordering::Release);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_diagnostics(tracer: *const Handle) -> *mut Text {
    guarded(null_mut(), || {
        let kept = tracer.as_ref().and_then(|handle| handle.kept.as_ref());
        Text::give(kept.map_or_else(|| "[]".to_owned(), |kept| kept.take()))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_advance(tracer: *const Handle, ns: u64) {
    if let Some(handle) = tracer.as_ref() {
        handle.config.clock.advance(ns);
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_set_processor(
    tracer: *mut Handle,
    processor: Option<Callback>,
    user_data: *mut c_void,
    limit_ns: u64,
) {
    guarded((), || {
        let set = Set::new(processor, user_data, limit_ns);
        if let Some(handle) = tracer.as_ref() {
            handle.processors.push(set);
        }
        on(tracer, |tracer| set.apply(tracer));
    });
}
