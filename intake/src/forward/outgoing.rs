//! A request as it will be sent: relayed as it came where the receiver takes that form, else written
//! anew from the spans in it.

use axum::http::HeaderMap;
use prost::Message;

use super::target::{Place, Target};
use crate::decode::Route;
use crate::encode;
use crate::model::Decoded;
use crate::store::{Onward, Parcel};

/// Headers of a tracer that an agent wants to see, too.
const KEPT: [&str; 10] = [
    "datadog-meta-lang",
    "datadog-meta-lang-version",
    "datadog-meta-lang-interpreter",
    "datadog-meta-tracer-version",
    "datadog-client-computed-stats",
    "datadog-client-computed-top-level",
    "datadog-container-id",
    "datadog-entity-id",
    "datadog-send-real-http-status",
    "x-datadog-trace-count",
];

/// What `target` gets of a request; `None` if nothing. Made before the spans are handed to the store,
/// and kept with them.
pub(crate) fn onward(
    target: &Target,
    route: Route,
    content_type: &str,
    headers: &HeaderMap,
    body: &[u8],
    decoded: &Decoded,
) -> Option<Onward> {
    let items = (decoded.spans.len() + decoded.evaluations.len()) as u64;
    let otlp = matches!(target, Target::Otlp(_));
    let agent = matches!(target, Target::Agent(_));
    let relayed = |place: Place| {
        let kept = KEPT.iter().filter_map(|name| {
            Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()))
        });
        Parcel::new(place.path(), content_type, kept.collect(), items, body)
    };
    let parcel = match route {
        // Tracers' reports about themselves are for the intake they talk to.
        Route::Telemetry => return None,
        _ if body.is_empty() => return None,
        Route::EvalV1 | Route::EvalV2 if otlp => {
            return Some(Onward::Lost("evaluations_have_no_otlp", items));
        }
        Route::EvalV1 => relayed(Place::EvaluationsV1),
        Route::EvalV2 => relayed(Place::EvaluationsV2),
        Route::SdkSpans if !otlp => relayed(Place::SdkSpans),
        Route::PublicSpans if !otlp && !agent => relayed(Place::PublicSpans),
        // An agent takes the whole trace, also the spans that are no LLM's.
        Route::ApmTraces if agent => relayed(Place::ApmTraces),
        Route::ApmTracesV5 if agent => relayed(Place::ApmTracesV5),
        Route::OtlpTraces if otlp => relayed(Place::Otlp),
        _ if decoded.spans.is_empty() => return None,
        _ if otlp => {
            let body = encode::otlp(&decoded.spans).encode_to_vec();
            Parcel::new(Place::Otlp.path(), "application/x-protobuf", Vec::new(), items, &body)
        }
        _ => {
            let body = encode::sdk_body(&decoded.spans).to_string();
            let place = Place::SdkSpans.path();
            Parcel::new(place, "application/json", Vec::new(), items, body.as_bytes())
        }
    };
    Some(Onward::Parcel(parcel))
}
