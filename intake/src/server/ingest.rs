//! The endpoints of tracers: a request is read, decoded, stored, and only then acknowledged.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::{Value, json};

use super::body::{Raw, Unread, inflate};
use super::{State, agent, answer, assets};
use crate::decode;
use crate::endpoints::{Answer, Endpoint};
use crate::forward::{Forward, Outgoing};
use crate::memory;
use crate::model::{Evaluation, Keep, LeftOut, Refusal, Span};
use crate::store::{Completion, NotKept, Prepared};

/// Every path without a route of its own: the endpoints of tracers, and the addresses of the page.
pub(crate) async fn other(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    if let Some(endpoint) = Endpoint::at(&path) {
        if method != Method::POST && method != Method::PUT {
            let reason = format!("`{path}` takes POST, not {method}");
            return answer::refusal(StatusCode::METHOD_NOT_ALLOWED, &reason, None);
        }
        let (parts, body) = request.into_parts();
        return match take(&state, endpoint, &path, parts.headers, body).await {
            Ok(accepted) => accepted,
            Err((status, reason, pointer)) => {
                state.refusals.add(status, &path, &said(&pointer, &reason));
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
    let reason = format!("no route for {method} `{path}`");
    answer::refusal(StatusCode::NOT_FOUND, &reason, None)
}

/// A reason with the field it is about.
pub(super) fn said(pointer: &str, reason: &str) -> String {
    if pointer.is_empty() { reason.to_owned() } else { format!("`{pointer}`: {reason}") }
}

type Refused = (StatusCode, String, String);

/// A body from which much memory may have been taken.
const MUCH: usize = 4 * 1024 * 1024;

/// The results of a request while it is decoded.
struct Keeper<'a> {
    prepared: Prepared,
    outgoing: Option<Outgoing>,
    echo: Option<&'a mut Echo>,
}

impl Keep for Keeper<'_> {
    fn span(&mut self, span: Span) -> usize {
        let onward = self.outgoing.as_mut().map_or(0, |outgoing| outgoing.write(&span));
        onward + self.prepared.span(span)
    }

    fn evaluation(&mut self, evaluation: Evaluation) -> usize {
        let echoed = self.echo.as_mut().map_or(0, |echo| echo.add(&evaluation));
        echoed + self.prepared.evaluation(evaluation)
    }
}

async fn take(
    state: &Arc<State>,
    endpoint: &'static Endpoint,
    path: &str,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    if !state.store.has_room().await {
        return Err(not_kept(NotKept::Busy));
    }
    let raw = state.budget.read(&headers, body).await.map_err(unread)?;
    let turn = state.budget.turn().await;
    let shared = state.clone();
    let place = path.to_owned();
    // Decoding and packing take a processor; they may not hold up the other connections.
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let mut length = raw.bytes.len();
        let taken = decoded(&shared, endpoint, &place, &headers, raw, &mut length);
        if length > MUCH {
            memory::give_back();
        }
        taken
    });
    let (answer, kept) = work.await.map_err(|error| {
        let reason =
            format!("the decoder failed on this request (a defect, please report it): {error}");
        (StatusCode::BAD_REQUEST, reason, String::new())
    })??;
    match kept.await {
        Ok(Ok(())) => Ok(answer),
        Ok(Err(reason)) => Err(not_kept(reason)),
        Err(_) => Err(not_kept(NotKept::Failed("the writer has stopped".to_owned()))),
    }
}
/// Decodes a body and hands it to the writer. `length` becomes that of the inflated body.
fn decoded(
    state: &State,
    endpoint: &'static Endpoint,
    path: &str,
    headers: &HeaderMap,
    raw: Raw,
    length: &mut usize,
) -> Result<(Response, Completion), Refused> {
    let body = inflate(headers, raw).map_err(unread)?;
    *length = body.bytes.len();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or("application/json");
    let target = state.forward.as_ref().map(Forward::target);
    let mut echo = Echo::default();
    let mut keeper = Keeper {
        prepared: Prepared::default(),
        outgoing: target.map(|target| Outgoing::new(target, endpoint)),
        echo: (endpoint.answer == Answer::Evaluations).then_some(&mut echo),
    };
    let route = endpoint.route;
    let taken = decode::take(route, kind, headers, &body.bytes, &mut keeper).map_err(refused)?;
    for warning in &taken.warnings {
        crate::terminal::note!("witspan intake: {path}: {warning}");
    }
    let Keeper { mut prepared, mut outgoing, .. } = keeper;
    let items = taken.spans + taken.evaluations;
    if let Some(mut encoded) = outgoing.as_ref().and_then(|it| it.without_invalid(&taken.left_out))
    {
        decode::take(route, kind, headers, &body.bytes, &mut encoded).map_err(refused)?;
        outgoing = Some(encoded);
    }
    let onward = outgoing.and_then(|it| it.end(kind, headers, &body.bytes, items));
    let left_out = taken.left_out.clone();
    let answer = accepted(endpoint.answer, kind, &left_out, echo);
    prepared.complete(taken, onward);
    let kept = state.store.write(prepared).map_err(not_kept)?;
    if left_out.count() > 0 {
        state.refusals.left_out(path, &left_out);
    }
    Ok((answer, kept))
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
        Refusal::Busy => not_kept(NotKept::Busy),
    }
}

fn not_kept(reason: NotKept) -> Refused {
    match reason {
        NotKept::Busy => (
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests are waiting to be written; retry after a second".to_owned(),
            String::new(),
        ),
        NotKept::Failed(reason) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the database could not store the request: {reason}"),
            String::new(),
        ),
        // Senders retry a 5xx, and this request would fail each time.
        NotKept::Never(reason) => (
            StatusCode::BAD_REQUEST,
            format!("the database can never store this request: {reason}"),
            String::new(),
        ),
    }
}

/// The evaluations of a request with their ids, as they are answered.
#[derive(Default)]
struct Echo {
    first: Option<String>,
    metrics: String,
}

impl Echo {
    /// Adds one; returns about how many bytes it takes.
    fn add(&mut self, evaluation: &Evaluation) -> usize {
        let mut metric: Value = serde_json::from_str(&evaluation.raw).unwrap_or_else(|_| json!({}));
        metric["id"] = json!(evaluation.id);
        self.first.get_or_insert_with(|| evaluation.id.clone());
        let before = self.metrics.len();
        if before > 0 {
            self.metrics.push(',');
        }
        self.metrics.push_str(&metric.to_string());
        self.metrics.len() - before
    }
}

/// The answer of the real receiver, with the dropped events in members that senders ignore.
fn accepted(answer: Answer, kind: &str, left_out: &LeftOut, echo: Echo) -> Response {
    let whole = left_out.count() == 0;
    let errors: Vec<Value> = told(left_out)
        .map(|(pointer, detail)| answer::problem(StatusCode::BAD_REQUEST, &detail, Some(&pointer)))
        .collect();
    match answer {
        Answer::Empty if whole => StatusCode::ACCEPTED.into_response(),
        Answer::Object if whole => answer::json(StatusCode::ACCEPTED, &json!({})),
        Answer::Empty | Answer::Object => {
            answer::json(StatusCode::ACCEPTED, &json!({ "errors": errors }))
        }
        Answer::Evaluations => {
            let id = Value::from(echo.first);
            let metrics = echo.metrics;
            let mut text = format!(
                "{{\"data\":{{\"type\":\"evaluation_metric\",\"id\":{id},\
                 \"attributes\":{{\"metrics\":[{metrics}]}}}}"
            );
            if !whole {
                text.push_str(&format!(",\"errors\":{}", Value::from(errors)));
            }
            text.push('}');
            answer::text_of_json(StatusCode::ACCEPTED, text.into_bytes())
        }
        Answer::Rates => {
            let mut body = json!({ "rate_by_service": {} });
            if !whole {
                // Some tracers read every member as a map of texts to numbers.
                let refused = told(left_out).map(|(pointer, why)| (said(&pointer, &why), 1.into()));
                body["refused"] = Value::Object(refused.collect());
            }
            answer::json(StatusCode::OK, &body)
        }
        Answer::Otlp => {
            let reasons: Vec<String> =
                told(left_out).map(|(pointer, detail)| said(&pointer, &detail)).collect();
            let partial = (!whole).then(|| (left_out.spans, reasons.join("; ")));
            if kind.starts_with("application/json") {
                let body = partial.map_or_else(
                    || json!({}),
                    // 64 bits are text in the JSON of protobuf.
                    |(spans, reason)| {
                        json!({ "partialSuccess": {
                            "rejectedSpans": spans.to_string(), "errorMessage": reason,
                        } })
                    },
                );
                return answer::json(StatusCode::OK, &body);
            }
            let partial_success = partial.map(|(spans, reason)| ExportTracePartialSuccess {
                rejected_spans: i64::try_from(spans).unwrap_or(i64::MAX),
                error_message: reason,
            });
            // An empty message of protobuf has no bytes.
            let body = ExportTraceServiceResponse { partial_success }.encode_to_vec();
            let kind = [(header::CONTENT_TYPE, "application/x-protobuf")];
            (StatusCode::OK, kind, body).into_response()
        }
    }
}

/// Pointer and reason of the first errors, and the number of the others.
fn told(left_out: &LeftOut) -> impl Iterator<Item = (String, String)> {
    let told = left_out.flaws.iter().map(|flaw| (flaw.pointer.clone(), flaw.detail()));
    let more = left_out.count() - left_out.flaws.len() as u64;
    let were = if more == 1 { "was" } else { "were" };
    told.chain((more > 0).then(|| (String::new(), format!("{more} more {were} dropped"))))
}
