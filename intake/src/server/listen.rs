//! Accepts connections up to a limit, until a signal. At the limit, the longest waiting one is closed.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::rest;
use super::watch::{Watched, Watches, Wire};

/// The most connections at a time; the next one replaces a waiting one, or waits itself.
const CONNECTIONS: usize = 512;
/// How often a connection checks whether it must be closed.
const LOOK: Duration = Duration::from_secs(1);
/// How long a connection may take to close before the next one is closed.
const CLOSING: Duration = Duration::from_millis(100);
/// How long running requests may continue after the program was asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until the program is asked to stop, then finishes the running requests.
pub(crate) async fn accept(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let watches = Arc::new(Watches::default());
    let (stop, stopping) = watch::channel(false);
    let mut stopped = std::pin::pin!(told_to_stop());
    loop {
        let next = async {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => return (stream, place(&places, &watches).await),
                    // Out of file descriptors, or the peer is gone already: a pause, not an end.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        };
        let (stream, place) = tokio::select! {
            next = next => next,
            () = &mut stopped => break,
        };
        let _ = stream.set_nodelay(true);
        let (router, stopping, watched) = (router.clone(), stopping.clone(), watches.add());
        tokio::spawn(async move {
            serve(stream, router, &watched, stopping).await;
            drop((watched, place));
        });
    }
    drop(listener);
    stop.send_replace(true);
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(GRACE, places.acquire_many(all)).await;
}

/// Waits for a permit; until there is one, closes the connection that has waited longest.
async fn place(places: &Arc<Semaphore>, watches: &Watches) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(place) = places.clone().try_acquire_owned() {
            return Some(place);
        }
        watches.make_room();
        if let Ok(place) = timeout(CLOSING, places.clone().acquire_owned()).await {
            return place.ok();
        }
    }
}

/// Answers the requests of one connection.
async fn serve(
    stream: TcpStream,
    router: Router,
    watched: &Watched,
    mut stopping: watch::Receiver<bool>,
) {
    let watch = &watched.watch;
    let wire = Wire { stream, watch: watch.clone() };
    let watching = watch.clone();
    let service = service_fn(move |request| {
        Box::pin(rest::answer(router.clone(), watching.clone(), request))
    });
    let mut connection = http1::Builder::new()
        // `watch` has the times of heads and of idling.
        .header_read_timeout(None)
        .max_headers(100)
        .serve_connection(TokioIo::new(wire), service);
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ended = loop {
        tokio::select! {
            ended = &mut connection => break ended,
            _ = stopping.changed() => {
                std::pin::Pin::new(&mut connection).graceful_shutdown();
                break (&mut connection).await;
            }
            () = watch.closing() => return,
            _ = look.tick() => if watch.is_overdue() { return },
        }
    };
    // If the peer still sends, its bytes are read for a while, so that it does not lose the answer.
    if ended.is_err() || watch.has_unread() {
        watch.ends();
        tokio::select! {
            () = rest::linger(connection.into_parts().io.into_inner().stream) => {}
            () = watch.closing() => {}
        }
    }
}

async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
