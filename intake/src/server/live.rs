//! New and changed traces, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{State, answer, api};
use crate::store::read;

/// The pause between two batches. A person does not notice it, and a burst becomes one batch.
const PACE: Duration = Duration::from_millis(250);
/// How often a comment is sent if no traces come, so that each side knows that the other is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// The most traces of one batch. With more, the reader is told to load the list again.
const BATCH: usize = 100;
/// The most live connections at a time.
pub(crate) const FOLLOWERS: usize = 64;

struct Follower {
    state: Arc<State>,
    news: watch::Receiver<i64>,
    seen: i64,
    greeted: bool,
    _place: OwnedSemaphorePermit,
}

/// `event: trace` with a line of the list; `event: gap` when there were too many.
pub(crate) async fn live(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let Ok(place) = state.followers.clone().try_acquire_owned() else {
        let reason =
            format!("{FOLLOWERS} live connections are open; close a page or a `witspan tail`");
        return answer::error(axum::http::StatusCode::SERVICE_UNAVAILABLE, &reason);
    };
    let news = state.store.changes().follow();
    let current = *news.borrow();
    // A browser that reconnects sends the last event id.
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let seen = seen.filter(|seen| *seen <= current).unwrap_or(current);
    let follower = Follower { state, news, seen, greeted: false, _place: place };
    let events = unfold(follower, |mut follower| async move {
        let text = follower.next().await;
        Some((Ok::<_, Infallible>(Bytes::from(text)), follower))
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(events)).into_response()
}

impl Follower {
    /// The next batch, or a comment.
    async fn next(&mut self) -> String {
        if !self.greeted {
            self.greeted = true;
            return format!("retry: 1000\nid: {}\nevent: hello\ndata: {{}}\n\n", self.seen);
        }
        loop {
            if *self.news.borrow_and_update() > self.seen {
                tokio::time::sleep(PACE).await;
                return self.batch().await;
            }
            match tokio::time::timeout(SIGN_OF_LIFE, self.news.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => std::future::pending::<()>().await,
                Err(_) => return ": still here\n\n".to_owned(),
            }
        }
    }

    async fn batch(&mut self) -> String {
        let current = *self.news.borrow_and_update();
        let changed = self.state.store.changes().since(self.seen);
        self.seen = current;
        let gap = format!("id: {current}\nevent: gap\ndata: {{}}\n\n");
        let Some(changed) = changed.filter(|changed| changed.len() <= BATCH) else { return gap };
        let traces = api::ask(&self.state, move |connection| read::summaries(connection, &changed));
        let Ok(mut traces) = traces.await else { return gap };
        traces.sort_by_key(read::Summary::order);
        let mut text = String::new();
        for trace in traces {
            let Ok(data) = serde_json::to_string(&trace) else { continue };
            let data = witspan_text::json(&data);
            text.push_str(&format!("id: {current}\nevent: trace\ndata: {data}\n\n"));
        }
        if text.is_empty() { gap } else { text }
    }
}
