//! Early answers: the rest of a request is read before the answer is sent.
//!
//! Most senders read no answer before they have written their request. If the connection is closed while
//! they write, they get a broken pipe instead of the answer and cannot know that it is final; some exit.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::ServiceExt;

use super::watch::Watch;

/// The most bytes that are read and discarded before an early answer, and again after it. They use no
/// memory.
const BYTES: u64 = 256 * 1024 * 1024;
/// The longest that this may take, and the longest pause between bytes.
const PATIENCE: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(5);
/// The same after the answer: a sender that reads has it by then.
const AFTERWARDS: Duration = Duration::from_secs(10);
const SILENCE_AFTERWARDS: Duration = Duration::from_secs(2);

/// Where a body comes back to.
#[derive(Default)]
struct Home {
    body: Mutex<Option<Incoming>>,
    /// A part of it was requested.
    begun: AtomicBool,
}

/// A request's body while the handler has it.
struct Lent {
    body: Option<Incoming>,
    home: Arc<Home>,
    watch: Arc<Watch>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.home.begun.store(true, Ordering::Relaxed);
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        self.watch.waits_for_body(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.watch.waits_for_body(false);
        *self.home.body.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

/// An answer's body; the connection is idle once it is given.
pub(crate) struct Given {
    body: Body,
    watch: Arc<Watch>,
}

impl HttpBody for Given {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        self.watch.idles();
    }
}

/// Answers one request, and reads the rest of its body.
pub(crate) async fn answer(
    router: Router,
    watch: Arc<Watch>,
    request: Request<Incoming>,
) -> Result<Response<Given>, Infallible> {
    watch.answers();
    let (parts, body) = request.into_parts();
    let asks_first = asks_first(&parts.headers);
    let home = Arc::new(Home::default());
    let lent = Lent { body: Some(body), home: home.clone(), watch: watch.clone() };
    let request = Request::from_parts(parts, Body::new(lent));
    let Ok(mut response) = router.oneshot(request).await;
    let rest = home.body.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(rest) = rest {
        // A sender of `Expect: 100-continue` gets the answer and sends no body, so nothing is left to read.
        let declined = asks_first && !home.begun.load(Ordering::Relaxed);
        watch.waits_for_body(true);
        if declined && !rest.is_end_stream() || !read_on(rest).await {
            watch.leave_unread();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        watch.waits_for_body(false);
    }
    Ok(response.map(|body| Given { body, watch }))
}

fn asks_first(headers: &HeaderMap) -> bool {
    headers
        .get(header::EXPECT)
        .is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Reads a body to its end and discards it; false if it is too large, or takes too long.
async fn read_on(mut body: Incoming) -> bool {
    if body.size_hint().lower() > BYTES {
        return false;
    }
    let reading = async {
        let mut left = BYTES;
        while !body.is_end_stream() {
            match timeout(SILENCE, body.frame()).await {
                Ok(None) => return true,
                Ok(Some(Ok(frame))) => {
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    let Some(rest) = left.checked_sub(length) else { return false };
                    left = rest;
                }
                Ok(Some(Err(_))) | Err(_) => return false,
            }
        }
        true
    };
    timeout(PATIENCE, reading).await.unwrap_or(false)
}

/// Lingering close: ends the answers and keeps reading for a while. If a connection is closed with unread
/// bytes, it is reset, and the sender loses the answer.
pub(crate) async fn linger(mut stream: TcpStream) {
    let lingering = async {
        let _ = stream.shutdown().await;
        let mut bytes = vec![0; 64 * 1024];
        let mut left = BYTES;
        while let Ok(Ok(length @ 1..)) = timeout(SILENCE_AFTERWARDS, stream.read(&mut bytes)).await
        {
            let Some(rest) = left.checked_sub(length as u64) else { return };
            left = rest;
        }
    };
    let _ = timeout(AFTERWARDS, lingering).await;
}
