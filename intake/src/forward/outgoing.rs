//! A request as it will be sent: relayed as it came where the receiver takes that form, else written
//! anew from the spans in it.

use axum::http::HeaderMap;
use prost::Message;

use super::target::{Place, Target};
use crate::decode::Route;
use crate::encode;
use crate::model::Decoded;

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

/// What waits to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// Where at the receiver.
    pub(super) place: Place,
    pub(super) content_type: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Spans and evaluations in it.
    pub(super) items: u64,
    /// What the receiver has no form for: the reason, and how many.
    pub(super) lost: Option<(&'static str, u64)>,
}

impl Outgoing {
    /// What `target` gets of a request. Made before the spans are handed to the store.
    pub(crate) fn new(
        target: &Target,
        route: Route,
        content_type: &str,
        headers: &HeaderMap,
        body: &[u8],
        decoded: &Decoded,
    ) -> Self {
        let items = (decoded.spans.len() + decoded.evaluations.len()) as u64;
        let otlp = matches!(target, Target::Otlp(_));
        let agent = matches!(target, Target::Agent(_));
        let relayed = |place| Self {
            place,
            content_type: content_type.to_owned(),
            headers: KEPT
                .iter()
                .filter_map(|name| {
                    Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()))
                })
                .collect(),
            body: body.to_vec(),
            items,
            lost: None,
        };
        match route {
            // Tracers' reports about themselves are for the intake they talk to.
            Route::Telemetry => Self::default(),
            Route::EvalV1 | Route::EvalV2 if otlp => {
                Self { lost: Some(("evaluations_have_no_otlp", items)), ..Self::default() }
            }
            Route::EvalV1 => relayed(Place::EvaluationsV1),
            Route::EvalV2 => relayed(Place::EvaluationsV2),
            Route::SdkSpans if !otlp => relayed(Place::SdkSpans),
            Route::PublicSpans if !otlp && !agent => relayed(Place::PublicSpans),
            // An agent takes the whole trace, also the spans that are no LLM's.
            Route::ApmTraces if agent && !body.is_empty() => relayed(Place::ApmTraces),
            Route::OtlpTraces if otlp => relayed(Place::Otlp),
            _ if decoded.spans.is_empty() => Self::default(),
            _ if otlp => Self {
                place: Place::Otlp,
                content_type: "application/x-protobuf".to_owned(),
                body: encode::otlp(&decoded.spans).encode_to_vec(),
                items,
                ..Self::default()
            },
            _ => Self {
                place: Place::SdkSpans,
                content_type: "application/json".to_owned(),
                body: encode::sdk_body(&decoded.spans).to_string().into_bytes(),
                items,
                ..Self::default()
            },
        }
    }
}
