//! Every format: `captured` on what was really sent, `bodies` and `opentelemetry` rule by rule,
//! `round_trip` on what is written and read back.

mod bodies;
mod captured;
mod media;
mod opentelemetry;
mod round_trip;

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::request;
use crate::endpoints::Route;
use crate::model::{Decoded, Refusal, Span};

fn decode(route: Route, body: &Value) -> Result<Decoded, Refusal> {
    request(route, "application/json", &HeaderMap::new(), body.to_string().as_bytes())
}

fn sdk_body(event: &Value) -> Value {
    json!([{ "_dd.stage": "raw", "_dd.tracer_version": "1.0.0", "event_type": "span", "spans": [event] }])
}

fn sdk_span(event: &Value) -> Span {
    decode(Route::SdkSpans, &sdk_body(event)).expect("it is taken").spans.remove(0)
}
