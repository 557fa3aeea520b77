//! Forked processes. A child has none of its parent's threads, so nothing would send its spans, and
//! a lock that one of them held is held for ever. The Python side starts a tracer of its own there
//! (`LLMObs._after_fork`); what is left from the parent must not be touched.

use pyo3::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Differs between a process and its forks.
pub(crate) fn process() -> u32 {
    PROCESS.load(Ordering::Relaxed)
}

/// Tells that this is a new process. The parent's tracer is never dropped here: its end takes locks,
/// and a thread of the parent may have held one.
#[pyfunction]
pub(crate) fn forked() {
    PROCESS.fetch_add(1, Ordering::Relaxed);
    std::mem::forget(crate::calls::tracer());
}
