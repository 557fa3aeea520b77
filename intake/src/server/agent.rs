//! Endpoints of a Datadog agent: its capabilities, and reports that this intake discards.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::answer;

/// `GET /info`: the list of endpoints. Tracers enable what they find here, so it leaves out remote
/// configuration, and `/v0.5/traces`, which is accepted but cannot carry LLM data.
pub(crate) async fn info() -> Response {
    let info = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "endpoints": [
            "/v0.3/traces",
            "/v0.4/traces",
            "/evp_proxy/v1/",
            "/evp_proxy/v2/",
            "/evp_proxy/v3/",
            "/evp_proxy/v4/",
            "/telemetry/proxy/",
            "/v1/traces",
        ],
        "feature_flags": [],
        "client_drop_p0s": false,
        "span_meta_structs": true,
        "config": { "max_request_bytes": super::body::LIMIT },
    });
    answer::json(StatusCode::OK, &info)
}

/// Other paths of an agent. Statistics are taken and not kept; what is not here is answered with 404,
/// once and plainly, and tracers stop asking.
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
