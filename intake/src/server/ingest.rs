//! What tracers send: read, decoded, kept, and only then acknowledged.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::body::{Unread, inflate};
use super::{State, agent, answer, assets};
use crate::decode::{self, Route};
use crate::forward::{Forward, onward};
use crate::model::{Decoded, Refusal};
use crate::store::NotKept;

/// Every path that is not the page's own: what tracers send to, or an address of the page.
pub(crate) async fn other(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    if let Some(route) = route(&path) {
        if method != Method::POST && method != Method::PUT {
            let reason = format!("`{path}` takes POST, not {method}");
            return answer::refusal(StatusCode::METHOD_NOT_ALLOWED, &reason, None);
        }
        let (parts, body) = request.into_parts();
        return match take(&state, route, &path, parts.headers, body).await {
            Ok(accepted) => accepted,
            Err((status, reason, pointer)) => {
                let place =
                    if pointer.is_empty() { String::new() } else { format!("`{pointer}`: ") };
                state.refusals.add(status, &path, &format!("{place}{reason}"));
                answer::refusal(status, &reason, Some(&pointer))
            }
        };
    }
    if let Some(answer) = agent::other(&path) {
        return answer;
    }
    if method == Method::GET && assets::is_page(&path) {
        return assets::page(request.headers());
    }
    let reason = format!("there is nothing at {method} `{path}`");
    answer::refusal(StatusCode::NOT_FOUND, &reason, None)
}

/// What a path takes. The agent's proxy leads to the same paths.
fn route(path: &str) -> Option<Route> {
    let proxied = path.strip_prefix("/evp_proxy/v").and_then(|rest| {
        let (version, _) = rest.split_once('/')?;
        ["1", "2", "3", "4"].contains(&version).then(|| &rest[version.len()..])
    });
    let route = match proxied.unwrap_or(path) {
        "/api/intake/llm-obs/v1/trace/spans" => Route::PublicSpans,
        "/api/v2/llmobs" => Route::SdkSpans,
        "/api/intake/llm-obs/v1/eval-metric" => Route::EvalV1,
        "/api/intake/llm-obs/v2/eval-metric" => Route::EvalV2,
        "/v0.3/traces" | "/v0.4/traces" => Route::ApmTraces,
        "/v0.5/traces" => Route::ApmTracesV5,
        "/v1/input" => Route::ApmAgentless,
        "/v1/traces" => Route::OtlpTraces,
        "/telemetry/proxy/api/v2/apmtelemetry" | "/api/v2/apmtelemetry" => Route::Telemetry,
        _ => return None,
    };
    Some(route)
}

type Refused = (StatusCode, String, String);

async fn take(
    state: &Arc<State>,
    route: Route,
    path: &str,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let raw = state.budget.read(&headers, body).await.map_err(unread)?;
    let turn = state.budget.turn().await;
    let shared = state.clone();
    let place = path.to_owned();
    // Decoding and packing take a processor; they may not hold up the other connections.
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let body = inflate(&headers, &raw.bytes).map_err(unread)?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or("application/json").to_owned();
        let decoded = decode::request(route, &kind, &headers, &body).map_err(refused)?;
        for warning in &decoded.warnings {
            crate::terminal::note!("witspan intake: {place}: {warning}");
        }
        let answer = accepted(route, &kind, &decoded);
        let target = shared.forward.as_ref().map(Forward::target);
        let onward =
            target.and_then(|target| onward(target, route, &kind, &headers, &body, &decoded));
        let kept = shared.store.keep(decoded, onward).map_err(not_kept)?;
        Ok::<_, Refused>((answer, kept))
    });
    let (answer, kept) = work.await.map_err(|error| {
        let reason = format!("this request made the decoder fail, please report it: {error}");
        (StatusCode::BAD_REQUEST, reason, String::new())
    })??;
    match kept.await {
        Ok(Ok(())) => Ok(answer),
        Ok(Err(reason)) => Err(not_kept(NotKept::Failed(reason))),
        Err(_) => Err(not_kept(NotKept::Failed("the writer has stopped".to_owned()))),
    }
}

fn unread(unread: Unread) -> Refused {
    let (status, reason) = match unread {
        Unread::TooLarge(reason) => (StatusCode::PAYLOAD_TOO_LARGE, reason),
        Unread::Unsupported(reason) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, reason),
        Unread::Broken(reason) => (StatusCode::BAD_REQUEST, reason),
        Unread::Slow => (StatusCode::REQUEST_TIMEOUT, "the body took too long".to_owned()),
        Unread::Busy => return not_kept(NotKept::Busy),
    };
    (status, reason, String::new())
}

fn refused(refusal: Refusal) -> Refused {
    match refusal {
        Refusal::BadRequest { pointer, reason } => (StatusCode::BAD_REQUEST, reason, pointer),
        Refusal::TooLarge { reason } => (StatusCode::PAYLOAD_TOO_LARGE, reason, String::new()),
        Refusal::Unsupported { reason } => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, reason, String::new())
        }
    }
}

fn not_kept(reason: NotKept) -> Refused {
    match reason {
        NotKept::Busy => (
            StatusCode::TOO_MANY_REQUESTS,
            "too much is waiting to be written; send it again in a second".to_owned(),
            String::new(),
        ),
        NotKept::Failed(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the database did not take it: {reason}"),
            String::new(),
        ),
    }
}

/// What the real receiver of that route answers.
fn accepted(route: Route, kind: &str, decoded: &Decoded) -> Response {
    match route {
        Route::PublicSpans => StatusCode::ACCEPTED.into_response(),
        Route::SdkSpans | Route::ApmAgentless | Route::Telemetry => {
            answer::json(StatusCode::ACCEPTED, &json!({}))
        }
        Route::EvalV1 | Route::EvalV2 => {
            let metrics = decoded.evaluations.iter().map(|evaluation| {
                let mut metric: Value =
                    serde_json::from_str(&evaluation.raw).unwrap_or_else(|_| json!({}));
                metric["id"] = json!(evaluation.id);
                metric
            });
            let metrics: Vec<Value> = metrics.collect();
            let id = metrics.first().map_or(Value::Null, |first| first["id"].clone());
            let data = json!({
                "type": "evaluation_metric", "id": id, "attributes": { "metrics": metrics }
            });
            answer::json(StatusCode::ACCEPTED, &json!({ "data": data }))
        }
        Route::ApmTraces | Route::ApmTracesV5 => {
            answer::json(StatusCode::OK, &json!({ "rate_by_service": {} }))
        }
        Route::OtlpTraces if kind.starts_with("application/json") => {
            answer::json(StatusCode::OK, &json!({}))
        }
        // An empty message of protobuf has no bytes.
        Route::OtlpTraces => {
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/x-protobuf")], "").into_response()
        }
    }
}
