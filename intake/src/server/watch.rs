//! The phase of each connection and its start. They decide which connection is closed to make room for
//! another, and when an unused one is closed.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How long a head may take, from the connection's beginning or the head's own.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may idle after a request.
const IDLE: Duration = Duration::from_secs(60);
/// How long a reader may take nothing of an answer.
const STUCK: Duration = Duration::from_secs(30);
/// After so long without a byte of its body, a request may be closed for another connection.
const SILENT: Duration = Duration::from_secs(2);

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// The head of its first request.
    First,
    /// The rest of a later head.
    Head,
    /// The next request.
    Idle,
    /// The rest of a body, before or after the answer.
    Body,
    /// The answer.
    Answer,
}

/// One connection, as others see it.
pub(crate) struct Watch {
    state: Mutex<(Phase, Instant)>,
    /// Since when a write is blocked, in milliseconds by `now`; 0 if none is.
    stuck: AtomicU64,
    unread: AtomicBool,
    closing: Notify,
}

impl Watch {
    fn new() -> Self {
        Self {
            state: Mutex::new((Phase::First, Instant::now())),
            stuck: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            closing: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, (Phase, Instant)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        *self.state() = (phase, Instant::now());
    }

    /// A request's head is there.
    pub(crate) fn answers(&self) {
        self.enter(Phase::Answer);
    }

    /// The request waits for its body, or goes on.
    pub(crate) fn waits_for_body(&self, waits: bool) {
        let phase = if waits { Phase::Body } else { Phase::Answer };
        let mut state = self.state();
        if state.0 != phase {
            *state = (phase, Instant::now());
        }
    }

    /// The answer is given.
    pub(crate) fn idles(&self) {
        self.enter(Phase::Idle);
    }

    /// Further input is discarded.
    pub(crate) fn ends(&self) {
        self.enter(Phase::Body);
    }

    /// Notes that a request's body was left unread; its sender may still be sending.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    /// Whether a body was left unread.
    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    fn has_read(&self) {
        let mut state = self.state();
        match state.0 {
            Phase::Idle => *state = (Phase::Head, Instant::now()),
            Phase::Body => state.1 = Instant::now(),
            Phase::First | Phase::Head | Phase::Answer => {}
        }
    }

    /// Whether it has kept its place for too long.
    pub(crate) fn is_overdue(&self) -> bool {
        let (phase, since) = *self.state();
        let stuck = self.stuck.load(Ordering::Relaxed);
        let late = match phase {
            Phase::First | Phase::Head => since.elapsed() > HEAD,
            Phase::Idle => since.elapsed() > IDLE,
            // Bodies have their own time, and live streams end with their readers.
            Phase::Body | Phase::Answer => false,
        };
        late || stuck > 0 && now().saturating_sub(stuck) > STUCK.as_millis() as u64
    }

    /// Resolves when the connection must close.
    pub(crate) async fn closing(&self) {
        self.closing.notified().await;
    }
}

/// Milliseconds since some moment before the first connection, never 0.
fn now() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGAN.elapsed().as_millis() as u64 + 1
}

/// All connections.
#[derive(Default)]
pub(crate) struct Watches(Mutex<(u64, HashMap<u64, Arc<Watch>>)>);

/// A connection's place among them, until it is dropped.
pub(crate) struct Watched {
    pub(crate) watch: Arc<Watch>,
    number: u64,
    all: Arc<Watches>,
}

impl Watches {
    fn all(&self) -> MutexGuard<'_, (u64, HashMap<u64, Arc<Watch>>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches one more.
    pub(crate) fn add(self: &Arc<Self>) -> Watched {
        let watch = Arc::new(Watch::new());
        let mut all = self.all();
        all.0 += 1;
        let number = all.0;
        all.1.insert(number, watch.clone());
        Watched { watch, number, all: self.clone() }
    }

    /// Closes the connection that can best be spared, if any: the one that has waited longest for a first head,
    /// else for a later head, else for a request, else for the next bytes of a body.
    pub(crate) fn make_room(&self) {
        let mut all = self.all();
        let waiting = all.1.iter().filter_map(|(number, watch)| {
            let (phase, since) = *watch.state();
            let spared = match phase {
                Phase::First | Phase::Head | Phase::Idle => true,
                Phase::Body => since.elapsed() > SILENT,
                Phase::Answer => false,
            };
            spared.then_some((phase, since, *number))
        });
        let Some((.., number)) = waiting.min() else { return };
        if let Some(watch) = all.1.remove(&number) {
            watch.closing.notify_one();
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.all.all().1.remove(&self.number);
    }
}

/// The connection's bytes, observed as they pass. Its owner closes it.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    pub(crate) watch: Arc<Watch>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.watch.has_read();
        }
        read
    }
}

impl Wire {
    fn written<T>(&self, written: Poll<T>) -> Poll<T> {
        let stuck = &self.watch.stuck;
        match written {
            Poll::Pending => {
                let _ = stuck.compare_exchange(0, now(), Ordering::Relaxed, Ordering::Relaxed);
            }
            Poll::Ready(_) => stuck.store(0, Ordering::Relaxed),
        }
        written
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
