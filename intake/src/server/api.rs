//! The API of the page and the terminal. All answers are JSON; `store::read` defines their contents.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rusqlite::Connection;
use serde::Serialize;
use serde_json::json;

use super::params::Params;
use super::{State, answer};
use crate::forward::Status;
use crate::store::{NotKept, read};

/// Lines of a page at most.
const LINES: usize = 500;

/// Asks the store, on a thread that may wait.
pub(crate) async fn ask<T: Send + 'static>(
    state: &Arc<State>,
    question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Response> {
    let state = state.clone();
    let _turn = state.questions.acquire().await;
    let asked = state.clone();
    match tokio::task::spawn_blocking(move || asked.store.read(question)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error))
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) =>
        {
            let reason = "the query took too long; use a shorter time range or fewer words";
            Err(answer::error(StatusCode::SERVICE_UNAVAILABLE, reason))
        }
        Ok(Err(error)) => Err(answer::failed(&format!("the database query failed: {error}"))),
        Err(error) => Err(answer::failed(&format!("a query failed: {error}"))),
    }
}

async fn reply<T: Serialize + Send + 'static>(
    state: &Arc<State>,
    question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Response {
    // The JSON is written on the same thread, since that of a large trace takes a while.
    let text = ask(state, move |connection| {
        question(connection).map(|answer| serde_json::to_vec(&answer))
    });
    match text.await {
        Ok(Ok(text)) => answer::text_of_json(StatusCode::OK, text),
        Ok(Err(error)) => answer::failed(&error.to_string()),
        Err(response) => response,
    }
}

async fn reply_one<T: Serialize + Send + 'static>(
    state: &Arc<State>,
    what: String,
    question: impl FnOnce(&Connection) -> rusqlite::Result<Option<T>> + Send + 'static,
) -> Response {
    let text = ask(state, move |connection| {
        Ok(question(connection)?.map(|answer| serde_json::to_vec(&answer)))
    });
    match text.await {
        Ok(Some(Ok(text))) => answer::text_of_json(StatusCode::OK, text),
        Ok(Some(Err(error))) => answer::failed(&error.to_string()),
        Ok(None) => answer::error(StatusCode::NOT_FOUND, &format!("there is no {what}")),
        Err(response) => response,
    }
}

fn filter(params: &Params) -> Result<read::Filter, Box<Response>> {
    let failed = match params.text("status").as_deref() {
        None => None,
        Some("ok") => Some(false),
        Some("error") => Some(true),
        Some(other) => {
            let reason = format!("`status` must be `ok` or `error`, not `{other}`");
            return Err(Box::new(answer::error(StatusCode::BAD_REQUEST, &reason)));
        }
    };
    Ok(read::Filter {
        app: params.text("app"),
        session: params.text("session"),
        kind: params.text("kind"),
        failed,
        tags: params.all("tag"),
        model: params.text("model"),
        text: params.text("q"),
        from: params.number("from")?,
        to: params.number("to")?,
        before: params.text("before"),
        limit: params.count("limit", 50, LINES)?,
    })
}

/// `GET /api/ui/traces`
pub(crate) async fn traces(Shared(state): Shared<Arc<State>>, params: Params) -> Response {
    match filter(&params) {
        Ok(filter) => reply(&state, move |connection| read::traces(connection, &filter)).await,
        Err(response) => *response,
    }
}

/// `DELETE /api/ui/traces`
pub(crate) async fn clear(Shared(state): Shared<Arc<State>>) -> Response {
    let cleared = match state.store.clear() {
        Ok(cleared) => cleared.await,
        Err(reason) => Ok(Err(reason)),
    };
    match cleared {
        Ok(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(NotKept::Failed(reason) | NotKept::Never(reason))) => {
            answer::failed(&format!("nothing was deleted: {reason}"))
        }
        Ok(Err(NotKept::Busy)) => answer::failed("nothing was deleted: the writer is busy"),
        Err(_) => answer::failed("nothing was deleted: the writer has stopped"),
    }
}

/// Which page of evaluations; `after` is the `evaluations_next` of the previous page.
fn evaluation_page(params: &Params) -> Result<read::EvaluationPage, Box<Response>> {
    let limit = params.count("limit", read::EVALUATIONS, read::EVALUATIONS)?;
    Ok(read::EvaluationPage { after: params.cursor("after")?, limit })
}

/// `GET /api/ui/traces/{trace}`, with `after` the next page of its spans
pub(crate) async fn trace(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
    params: Params,
) -> Response {
    let what = format!("trace `{id}`");
    let page = params.count("limit", read::SPANS, read::SPANS).and_then(|limit| {
        let (lean, trace_level_only) = (params.flag("lean"), params.flag("wide"));
        Ok(read::SpanPage { lean, trace_level_only, after: params.cursor("after")?, limit })
    });
    match page {
        Ok(page) => {
            reply_one(&state, what, move |connection| read::trace(connection, &id, &page)).await
        }
        Err(response) => *response,
    }
}

/// `GET /api/ui/traces/{trace}/evaluations`, with `wide` trace-level evaluations only
pub(crate) async fn trace_evaluations(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
    params: Params,
) -> Response {
    let what = format!("trace `{id}`");
    let wide = params.flag("wide");
    match evaluation_page(&params) {
        Ok(page) => {
            let ask = move |connection: &Connection| {
                read::trace_evaluations(connection, &id, wide, &page)
            };
            reply_one(&state, what, ask).await
        }
        Err(response) => *response,
    }
}

/// `GET /api/ui/spans/{trace}/{span}`
pub(crate) async fn span(
    Shared(state): Shared<Arc<State>>,
    Path((trace, span)): Path<(String, String)>,
) -> Response {
    let what = format!("span `{span}` in trace `{trace}`");
    reply_one(&state, what, move |connection| read::span(connection, &trace, &span)).await
}

/// `GET /api/ui/spans/{trace}/{span}/evaluations`
pub(crate) async fn span_evaluations(
    Shared(state): Shared<Arc<State>>,
    Path((trace, span)): Path<(String, String)>,
    params: Params,
) -> Response {
    let what = format!("span `{span}` in trace `{trace}`");
    match evaluation_page(&params) {
        Ok(page) => {
            let ask = move |connection: &Connection| {
                read::span_evaluations(connection, &trace, &span, &page)
            };
            reply_one(&state, what, ask).await
        }
        Err(response) => *response,
    }
}

/// `GET /api/ui/spans/{trace}/{span}/raw`
pub(crate) async fn raw(
    Shared(state): Shared<Arc<State>>,
    Path((trace, span)): Path<(String, String)>,
) -> Response {
    let what = format!("there is no span `{span}` in trace `{trace}`");
    match ask(&state, move |connection| read::raw(connection, &trace, &span)).await {
        Ok(Some(text)) => answer::text_of_json(StatusCode::OK, text.into_bytes()),
        Ok(None) => answer::error(StatusCode::NOT_FOUND, &what),
        Err(response) => response,
    }
}

/// `GET /api/ui/sessions`
pub(crate) async fn sessions(Shared(state): Shared<Arc<State>>, params: Params) -> Response {
    let filter = (|| {
        Ok::<_, Box<Response>>(read::SessionFilter {
            app: params.text("app"),
            text: params.text("q"),
            from: params.number("from")?,
            to: params.number("to")?,
            before: params.text("before"),
            limit: params.count("limit", 50, LINES)?,
        })
    })();
    match filter {
        Ok(filter) => reply(&state, move |connection| read::sessions(connection, &filter)).await,
        Err(response) => *response,
    }
}

/// `GET /api/ui/sessions/{session}`
pub(crate) async fn session(Shared(state): Shared<Arc<State>>, Path(id): Path<String>) -> Response {
    let what = format!("session `{id}`");
    reply_one(&state, what, move |connection| read::session(connection, &id)).await
}

/// `GET /api/ui/sessions/{session}/evaluations`
pub(crate) async fn session_evaluations(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
    params: Params,
) -> Response {
    let what = format!("session `{id}`");
    match evaluation_page(&params) {
        Ok(page) => {
            let ask =
                move |connection: &Connection| read::session_evaluations(connection, &id, &page);
            reply_one(&state, what, ask).await
        }
        Err(response) => *response,
    }
}

/// `GET /api/ui/facets`
pub(crate) async fn facets(Shared(state): Shared<Arc<State>>, params: Params) -> Response {
    match (params.number("from"), params.number("to")) {
        (Ok(from), Ok(to)) => {
            reply(&state, move |connection| read::facets(connection, from, to)).await
        }
        (Err(response), _) | (_, Err(response)) => *response,
    }
}

/// `GET /api/ui/overview`
pub(crate) async fn overview(Shared(state): Shared<Arc<State>>, params: Params) -> Response {
    let app = params.text("app");
    match (params.number("from"), params.number("to"), params.count("buckets", 60, 500)) {
        (Ok(from), Ok(to), Ok(buckets)) => {
            let buckets = buckets as i64;
            let question = move |connection: &Connection| {
                read::overview(connection, from, to, app.as_deref(), buckets)
            };
            reply(&state, question).await
        }
        (Err(response), ..) | (_, Err(response), _) | (_, _, Err(response)) => *response,
    }
}

fn forwarded(state: &State, connection: &Connection) -> rusqlite::Result<Option<Status>> {
    let forward = state.forward.as_ref();
    forward.map(|forward| forward.status(&state.store, connection)).transpose()
}

/// `GET /api/ui/drops`
pub(crate) async fn drops(Shared(state): Shared<Arc<State>>) -> Response {
    let (refused, left_out, last) = state.refusals.counts();
    let shared = state.clone();
    reply(&state, move |connection| {
        let forward = forwarded(&shared, connection)?;
        let drops = read::drops(connection)?;
        let deleted = json!({ "traces": drops.deleted_traces, "spans": drops.deleted_spans });
        let mut answer = serde_json::to_value(&drops).unwrap_or_default();
        answer["intake"] = json!({
            "refused": refused, "left_out": left_out, "last_refusal": last, "deleted_by_retention": deleted,
            "forward": forward,
        });
        Ok(answer)
    })
    .await
}

/// `GET /api/ui/status`
pub(crate) async fn status(Shared(state): Shared<Arc<State>>) -> Response {
    let shared = state.clone();
    reply(&state, move |connection| {
        let (spans, traces, behind) = shared.store.counts();
        let forward = forwarded(&shared, connection)?;
        let oldest: Option<i64> =
            connection.query_row("SELECT min(start) FROM traces", [], |row| row.get(0))?;
        let evaluations: i64 =
            connection.query_row("SELECT count(*) FROM evaluations", [], |row| row.get(0))?;
        let (waiting, others, bytes) = shared.store.waiting();
        Ok(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "data_dir": shared.store.directory(),
            "spans": spans,
            "traces": traces,
            "evaluations": evaluations,
            "waiting": { "requests": waiting + others, "bytes": bytes },
            "bytes": shared.store.bytes(),
            "oldest_ms": oldest.map(|ns| ns / 1_000_000),
            "unsearchable_spans": behind,
            "retention": {
                "age_s": shared.retention.age.map(|age| age.as_secs()),
                "bytes": shared.retention.size,
            },
            "forward": forward,
            "address": format!("http://{}", shared.address),
            "uptime_s": shared.started.elapsed().as_secs(),
        }))
    })
    .await
}
