//! A request as it will be sent: relayed as it came where the receiver takes that form, else written
//! anew from the spans in it.

use axum::http::HeaderMap;
use prost::Message;

use super::target::{Place, Target};
use crate::decode::Route;
use crate::encode;
use crate::model::{Decoded, Span};
use crate::store::{Onward, Parcel};

/// Bytes of a body that is written anew. Datadog takes 5 MB; a collector, without being told, 20.
const BODY: usize = 4 << 20;

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
        _ => {
            let mut parcels = Vec::new();
            written(&decoded.spans, otlp, &mut parcels);
            return Some(Onward::Parcels(parcels));
        }
    };
    Some(Onward::Parcels(vec![parcel]))
}

/// Adds `spans` in a form that the receiver takes, in as many bodies as their length asks for. A request
/// in the one form may be short, and too long in the other.
fn written(spans: &[Span], otlp: bool, parcels: &mut Vec<Parcel>) {
    let (place, kind, body) = if otlp {
        (Place::Otlp, "application/x-protobuf", encode::otlp(spans).encode_to_vec())
    } else {
        (Place::SdkSpans, "application/json", encode::sdk_body(spans).to_string().into_bytes())
    };
    if body.len() > BODY && spans.len() > 1 {
        let (first, second) = spans.split_at(spans.len() / 2);
        written(first, otlp, parcels);
        written(second, otlp, parcels);
    } else {
        parcels.push(Parcel::new(place.path(), kind, Vec::new(), spans.len() as u64, &body));
    }
}
