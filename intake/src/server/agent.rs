//! Endpoints of a Datadog agent: its capabilities, and reports that this intake discards.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::answer;
use crate::endpoints::Endpoint;

/// `GET /info`: the list of endpoints. Tracers enable what they find here, so remote configuration is not
/// listed.
pub(crate) async fn info() -> Response {
    let info = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "endpoints": Endpoint::listed().collect::<Vec<_>>(),
        "feature_flags": [],
        "client_drop_p0s": false,
        "span_meta_structs": true,
        "config": { "max_request_bytes": super::body::LIMIT },
    });
    answer::json(StatusCode::OK, &info)
}

/// Other paths of an agent. Statistics are accepted and discarded. Any other path is answered with 404, so that
/// tracers stop asking.
pub(crate) fn other(path: &str) -> Option<Response> {
    match path {
        "/v0.6/stats" | "/v0.1/pipeline_stats" => Some(answer::json(StatusCode::OK, &json!({}))),
        _ if path.starts_with("/v0.") || path.starts_with("/evp_proxy/") => {
            let reason = format!("this intake does not take `{path}`");
            Some(answer::refusal(StatusCode::NOT_FOUND, &reason, None))
        }
        _ => None,
    }
}
