//! Small answers: JSON, refusals, failures.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// Any value as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => text_of_json(status, text),
        Err(error) => failed(&error.to_string()),
    }
}

/// Text that is JSON already. Whoever prints it is not steered by what is in it.
pub(crate) fn text_of_json(status: StatusCode, text: Vec<u8>) -> Response {
    let text = witspan_text::json_bytes(text);
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// An error for the page and the terminal: `{"error": …}`.
pub(crate) fn error(status: StatusCode, reason: &str) -> Response {
    json(status, &json!({ "error": reason }))
}

/// One of these errors.
pub(crate) fn problem(status: StatusCode, reason: &str, pointer: Option<&str>) -> Value {
    let mut error = json!({ "status": status.as_str(), "detail": reason });
    if let Some(pointer) = pointer.filter(|pointer| !pointer.is_empty()) {
        error["source"] = json!({ "pointer": pointer });
    }
    error
}

/// An error for tracers, in the shape of the real intake's errors.
pub(crate) fn refusal(status: StatusCode, reason: &str, pointer: Option<&str>) -> Response {
    let error = problem(status, reason, pointer);
    let mut response = json(status, &json!({ "errors": [error] }));
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        headers.insert("x-ratelimit-reset", header::HeaderValue::from_static("1"));
    }
    response
}

/// A failure of the intake itself: logged, and answered as an error.
pub(crate) fn failed(reason: &str) -> Response {
    crate::terminal::note!("witspan intake: {reason}");
    error(StatusCode::INTERNAL_SERVER_ERROR, reason)
}
