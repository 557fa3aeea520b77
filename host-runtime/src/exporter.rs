//! Exporters: functions that take requests instead of HTTP. [`Memory`] keeps them in the process,
//! for tests of an application's own spans.

use crate::lock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// One request, as it would be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported<'a> {
    /// The path, from `/`; it distinguishes spans from evaluations.
    pub path: &'a str,
    /// The body: UTF-8 JSON, in the format that the option `intake` names. Default: the format of
    /// Datadog's SDKs.
    pub body: &'a [u8],
    /// How many spans the body has.
    pub spans: u32,
    /// How many evaluations and feedback entries the body has.
    pub evaluations: u32,
}

/// Takes requests instead of HTTP. `Ok` counts as delivered. An error counts as
/// [`crate::DropReason::Rejected`], and a notice has its text. There are no retries.
///
/// The tracer's own thread calls it, one request after the other. While it runs nothing else is
/// sent, and spans that finish meanwhile wait in the queue, within its limits.
pub type Exporter = Arc<dyn Fn(&Exported<'_>) -> Result<(), String> + Send + Sync>;

/// Calls the exporter. A panic in it must not end the thread that sends.
pub(crate) fn export(exporter: &Exporter, request: &Exported<'_>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| exporter(request)))
        .unwrap_or_else(|_| Err("the exporter panicked".to_owned()))
}

/// Keeps requests in memory, up to a number of bytes. Cheap to clone; all clones share the memory.
///
/// ```
/// use witspan::{Config, Memory, SpanKind, Tracer};
/// use std::time::Duration;
///
/// let memory = Memory::new(1 << 20);
/// let mut config = Config::default();
/// config.exporter = Some(memory.exporter());
/// let tracer = Tracer::start(config)?;
/// tracer.span(SpanKind::Task).name("step").start()?.finish();
/// tracer.flush(Duration::from_secs(10));
/// let requests = memory.requests();
/// assert!(String::from_utf8_lossy(&requests[0].body).contains("step"));
/// # Ok::<(), witspan::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Memory {
    most: usize,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: Vec<Arc<KeptRequest>>,
    bytes: usize,
    refused: u64,
}

/// One request that a [`Memory`] keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptRequest {
    /// The path, from `/`.
    pub path: String,
    /// The body, UTF-8 JSON.
    pub body: Vec<u8>,
}

impl Memory {
    /// An empty memory, for at most so many bytes of paths and bodies.
    pub fn new(most_bytes: usize) -> Memory {
        Memory { most: most_bytes, kept: Arc::default() }
    }

    /// The exporter that stores requests here, for [`crate::Config::exporter`]. A request that does
    /// not fit is rejected: the tracer counts it as dropped, and [`Memory::refused`] counts it too.
    pub fn exporter(&self) -> Exporter {
        let memory = self.clone();
        Arc::new(move |request| memory.keep(request))
    }

    fn keep(&self, request: &Exported<'_>) -> Result<(), String> {
        let mut kept = lock(&self.kept);
        let bytes = request.path.len() + request.body.len();
        if bytes > self.most - kept.bytes {
            kept.refused += u64::from(request.spans) + u64::from(request.evaluations);
            return Err(format!("the memory for recorded spans is full ({} B)", self.most));
        }
        kept.bytes += bytes;
        let (path, body) = (request.path.to_owned(), request.body.to_owned());
        kept.requests.push(Arc::new(KeptRequest { path, body }));
        Ok(())
    }

    /// The requests, in the order in which they came. They are kept.
    pub fn requests(&self) -> Vec<Arc<KeptRequest>> {
        lock(&self.kept).requests.clone()
    }

    /// How many spans, evaluations and feedback entries did not fit.
    pub fn refused(&self) -> u64 {
        lock(&self.kept).refused
    }

    /// Removes all requests, and resets [`Memory::refused`].
    pub fn clear(&self) {
        *lock(&self.kept) = Kept::default();
    }
}
