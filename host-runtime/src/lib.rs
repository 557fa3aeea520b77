//! Tracing for LLM applications.
//!
//! A [`Tracer`] makes spans (llm, workflow, agent, tool, task, embedding, retrieval) and sends
//! them to Datadog's LLM Observability intake, directly or through an agent. Nothing here blocks
//! the application or fails because of tracing; whatever could not be kept is counted, by
//! reason, in [`Statistics`].
//!
//! What a span is, what may be said of it and how it is encoded is decided by a WebAssembly
//! component that is compiled into this library (`wit/` describes it). This crate gives it what
//! it has not: clocks, entropy, HTTP, a thread, the environment.
//!
//! [`Tracer`] has an example of everything a first trace needs; `examples/first_trace.rs` runs.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod certificates;
mod clock;
mod config;
mod engine_config;
mod environment;
mod error;
mod escape;
#[cfg(unix)]
pub mod exit_signals;
mod exporter;
pub mod fork;
mod instance;
mod losses;
mod notices;
mod pool;
#[cfg(unix)]
mod semaphore;
mod sender;
#[cfg(unix)]
mod signals;
mod span;
mod statistics;
mod tracer;
#[cfg(unix)]
mod unix_socket;
mod worker;

pub use clock::Clock;
pub use config::Config;
pub use error::Error;
pub use escape::write_escaped;
pub use exporter::{Exported, Exporter, KeptRequest, Memory};
pub use instance::tracing::{Failure, SpanContext, SpanDetails, SpanOption, SpanTimes};
pub use instance::types::{DropReason, SpanKind, Warning};
pub use notices::{Listener, Notice, Topic};
pub use pool::{Parent, Processed, Processor, SpanRef};
pub use span::{Span, SpanBuilder};
pub use statistics::{EvaluationCounters, Statistics, reason_name};
pub use tracer::{Flushed, Tracer};
pub use witspan_core::text_of;
/// What the environment means, as a table, and what settings come to.
pub use witspan_setup as setup;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic of another thread: what these locks guard is whole at every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
