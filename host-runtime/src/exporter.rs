//! Another way out than HTTP: what would be sent is handed to a function. With [`Memory`] it stays
//! in the process, for tests of an application's own spans.

use crate::lock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// One request, as it would be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported<'a> {
    /// The path, from `/`; it tells spans from evaluations.
    pub path: &'a str,
    /// The body: UTF-8 JSON, in the format that the option `intake` names, else in that of
    /// Datadog's SDKs.
    pub body: &'a [u8],
    /// How many spans it holds.
    pub spans: u32,
    /// How many evaluations and feedbacks it holds.
    pub evaluations: u32,
}

/// Takes requests in the place of HTTP. `Ok` counts as delivered; an error counts as
/// [`crate::DropReason::Rejected`], and its text is told in a notice. Nothing is asked a second time.
///
/// It is called by the tracer's own thread, one request after the other. While it runs nothing
/// else is sent, and what finishes meanwhile waits within [`crate::Config::limits`].
pub type Exporter = Arc<dyn Fn(&Exported<'_>) -> Result<(), String> + Send + Sync>;

/// Calls it. A panic is its own, and must not take the thread that sends with it.
pub(crate) fn export(exporter: &Exporter, request: &Exported<'_>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| exporter(request)))
        .unwrap_or_else(|_| Err("the exporter panicked".to_owned()))
}

/// Keeps requests in memory, up to so many bytes. Cheap to clone; all clones are the same memory.
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
    /// Nothing yet, and at most so many bytes of paths and bodies.
    pub fn new(most_bytes: usize) -> Memory {
        Memory { most: most_bytes, kept: Arc::default() }
    }

    /// What puts requests here, for [`crate::Config::exporter`]. What finds no room is refused, so
    /// the tracer counts it as dropped, and [`Memory::refused`] counts it too.
    pub fn exporter(&self) -> Exporter {
        let memory = self.clone();
        Arc::new(move |request| memory.keep(request))
    }

    fn keep(&self, request: &Exported<'_>) -> Result<(), String> {
        let mut kept = lock(&self.kept);
        let bytes = request.path.len() + request.body.len();
        if bytes > self.most - kept.bytes {
            kept.refused += u64::from(request.spans) + u64::from(request.evaluations);
            return Err(format!("the {} bytes for recorded spans are full", self.most));
        }
        kept.bytes += bytes;
        let (path, body) = (request.path.to_owned(), request.body.to_owned());
        kept.requests.push(Arc::new(KeptRequest { path, body }));
        Ok(())
    }

    /// What is kept, in the order in which it came; it stays.
    pub fn requests(&self) -> Vec<Arc<KeptRequest>> {
        lock(&self.kept).requests.clone()
    }

    /// How many spans, evaluations and feedbacks found no room.
    pub fn refused(&self) -> u64 {
        lock(&self.kept).refused
    }

    /// Forgets everything, also what found no room.
    pub fn clear(&self) {
        *lock(&self.kept) = Kept::default();
    }
}
