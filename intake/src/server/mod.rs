//! `witspan intake`: HTTP around the store.
//!
//! `listen` accepts connections, and `watch` chooses those to close. `rest` reads the rest of a request after
//! an early answer, and `guard` rejects requests that are not allowed. `ingest` serves tracers, `agent` the
//! other endpoints of a Datadog agent, `api` and `live` the page and the terminal, `assets` the page itself.

mod agent;
mod answer;
mod api;
mod assets;
mod body;
mod guard;
mod ingest;
mod listen;
mod live;
mod params;
mod refusals;
mod rest;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use clap::Args;
use tokio::sync::Semaphore;
use witspan_setup::{Event, INTAKE_TOKEN, UnusableFile, diagnose};

use crate::certificates;
use crate::forward::{Forward, Target};
use crate::memory;
use crate::store::{Retention, Size, Store, default_directory, forward_queue};
use body::Budget;
use guard::Guard;
use refusals::Refusals;

/// Each holds a connection with its cache.
const QUESTIONS: usize = 4;

/// The options of `witspan intake`.
#[derive(Args)]
pub(crate) struct Options {
    /// The port to listen on; 0 chooses a free one
    #[arg(long, default_value_t = 8126)]
    port: u16,
    /// The address to listen on; any but a loopback address needs a token
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// The directory for traces, or `:memory:` to keep them only while this runs [default: the user's data
    /// directory, then `witspan`]
    #[arg(long)]
    data: Option<PathBuf>,
    /// How much to keep: an age (`12h`, `7d`), a size (`500MB`), both with a comma between, or
    /// `forever` for no limit
    #[arg(long, default_value = "7d,2GB")]
    retention: Retention,
    /// The token that every request must carry: as `Authorization: Bearer`, as `DD-API-KEY`, or once
    /// in the browser as `/?token=`
    #[arg(long, env = INTAKE_TOKEN, hide_env_values = true)]
    token: Option<String>,
    /// Also forward everything to `datadog` (with DD_API_KEY, DD_SITE), to an agent (its URL), or to an
    /// OTLP collector (a URL that ends in /v1/traces)
    #[arg(long, value_name = "WHERE")]
    forward: Option<String>,
    /// The size limit of the forward queue; beyond it the oldest requests are dropped
    #[arg(long, value_name = "SIZE", default_value = "512MB", requires = "forward")]
    forward_keep: Size,
}

/// The state that all requests share.
pub(crate) struct State {
    // Dropped before the store, which it reads.
    forward: Option<Forward>,
    store: Store,
    guard: Guard,
    budget: Budget,
    refusals: Refusals,
    /// Bounds how many queries run at a time; the others wait.
    questions: Semaphore,
    /// Who follows the live list.
    followers: Arc<Semaphore>,
    /// As `--retention` says it.
    retention: Retention,
    address: SocketAddr,
    started: Instant,
}

/// Serves until it is stopped.
///
/// # Errors
///
/// A sentence that names the problem and what to do about it.
pub(crate) fn run(options: Options) -> Result<(), String> {
    let token = options.token.clone().filter(|token| !token.is_empty());
    if !options.host.is_loopback() && token.is_none() {
        return Err(format!(
            "other machines can reach {}: set a token with --token (or WITSPAN_INTAKE_TOKEN), or leave \
             out --host",
            options.host
        ));
    }
    token.as_deref().map_or(Ok(()), guard::check_token)?;
    let target = options.forward.as_deref();
    let target = target.map(|to| Target::parse(to, |name| std::env::var(name).ok())).transpose()?;
    if target.as_ref().is_some_and(Target::is_encrypted)
        && let Err(UnusableFile { variable, path, why }) = certificates::named()
    {
        return Err(diagnose(&Event::FileUnusable(variable, path, why)).message);
    }
    let keep = options.forward_keep.0;
    let queue = |target: &Target| forward_queue::Target { receiver: target.name(), keep };
    let queue = target.as_ref().map(queue);
    let store = match options.data.as_deref() {
        Some(data) if data == Path::new(":memory:") => Store::throwaway(options.retention, queue)?,
        Some(data) => Store::open(data, options.retention, queue)?,
        None => Store::open(&default_directory()?, options.retention, queue)?,
    };
    memory::keep_little();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(16)
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    let served = runtime.block_on(serve(options, token, store, target));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    served
}

async fn serve(
    options: Options,
    token: Option<String>,
    store: Store,
    target: Option<Target>,
) -> Result<(), String> {
    let wanted = SocketAddr::new(options.host, options.port);
    let listener = tokio::net::TcpListener::bind(wanted).await.map_err(|error| {
        let free = if error.kind() == std::io::ErrorKind::AddrInUse {
            "; another program listens there: choose another --port"
        } else {
            ""
        };
        format!("cannot listen on {wanted}: {error}{free}")
    })?;
    let address = listener.local_addr().map_err(|error| format!("cannot listen: {error}"))?;
    let state = Arc::new(State {
        forward: target.map(|target| Forward::start(target, &store)).transpose()?,
        guard: Guard::new(token, address),
        budget: Budget::default(),
        refusals: Refusals::default(),
        questions: Semaphore::new(QUESTIONS),
        followers: Arc::new(Semaphore::new(live::FOLLOWERS)),
        retention: options.retention,
        address,
        started: Instant::now(),
        store,
    });
    // The first line of standard output is for programs that start this one.
    crate::terminal::say!("witspan intake: http://{address}");
    crate::terminal::note!("witspan intake: traces are in {}", state.store.directory().display());
    if let Some(forward) = &state.forward {
        crate::terminal::note!(
            "witspan intake: accepted requests are forwarded to {}",
            forward.target().shown()
        );
    }
    listen::accept(listener, router(state)).await;
    Ok(())
}

fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/info", get(agent::info))
        .route("/api/ui/traces", get(api::traces).delete(api::clear))
        .route("/api/ui/traces/{trace}", get(api::trace))
        .route("/api/ui/traces/{trace}/evaluations", get(api::trace_evaluations))
        .route("/api/ui/spans/{trace}/{span}", get(api::span))
        .route("/api/ui/spans/{trace}/{span}/evaluations", get(api::span_evaluations))
        .route("/api/ui/spans/{trace}/{span}/raw", get(api::raw))
        .route("/api/ui/sessions", get(api::sessions))
        .route("/api/ui/sessions/{session}", get(api::session))
        .route("/api/ui/sessions/{session}/evaluations", get(api::session_evaluations))
        .route("/api/ui/facets", get(api::facets))
        .route("/api/ui/overview", get(api::overview))
        .route("/api/ui/drops", get(api::drops))
        .route("/api/ui/status", get(api::status))
        .route("/api/ui/live", get(live::live))
        .route("/assets/{*name}", get(assets::asset))
        .fallback(ingest::other)
        .layer(axum::middleware::from_fn_with_state(state.clone(), guard::check))
        .with_state(state)
}
