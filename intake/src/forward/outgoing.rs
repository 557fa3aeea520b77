//! A request as it is forwarded: unchanged if the receiver accepts its format, else encoded again from
//! its spans.

use axum::http::HeaderMap;
use prost::Message;

use super::target::{Place, Target};
use crate::decode::Route;
use crate::encode;
use crate::model::{Evaluation, Keep, LeftOut, Span};
use crate::store::forward_queue::{Forwarding, QueuedRequest};

/// The most bytes of a body that is encoded again. Datadog accepts 5 MB, a collector 20 by default.
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

/// The form in which a receiver gets one kind of request.
enum Form {
    /// Nothing.
    None,
    /// Nothing, since its format cannot carry it; this is counted.
    Lost(&'static str),
    /// The request as it came, on this path.
    AsItCame(Place),
    /// The spans, written in its form.
    Anew,
}

fn form(target: &Target, route: Route) -> Form {
    let otlp = matches!(target, Target::Otlp(_));
    let agent = matches!(target, Target::Agent(_));
    match route {
        // Tracers' reports about themselves are for the intake they talk to.
        Route::Telemetry => Form::None,
        Route::EvalV1 | Route::EvalV2 if otlp => Form::Lost("evaluations_have_no_otlp"),
        Route::EvalV1 => Form::AsItCame(Place::EvaluationsV1),
        Route::EvalV2 => Form::AsItCame(Place::EvaluationsV2),
        Route::SdkSpans if !otlp => Form::AsItCame(Place::SdkSpans),
        Route::PublicSpans if !otlp && !agent => Form::AsItCame(Place::PublicSpans),
        // An agent gets the whole trace, including spans that are not LLM spans.
        Route::ApmTraces if agent => Form::AsItCame(Place::ApmTraces),
        Route::ApmTracesV5 if agent => Form::AsItCame(Place::ApmTracesV5),
        Route::OtlpTraces if otlp => Form::AsItCame(Place::Otlp),
        _ => Form::Anew,
    }
}

/// The forwarded form of a request, made while its spans are decoded and stored with them.
pub(crate) struct Outgoing {
    form: Form,
    otlp: bool,
    requests: Vec<QueuedRequest>,
    /// The body that is being written, and the spans in it.
    body: Vec<u8>,
    spans: u64,
}

impl Outgoing {
    pub(crate) fn new(target: &Target, route: Route) -> Self {
        let otlp = matches!(target, Target::Otlp(_));
        let (form, requests) = (form(target, route), Vec::new());
        Self { form, otlp, requests, body: Vec::new(), spans: 0 }
    }

    /// If spans were dropped, a writer to decode the request into again: a receiver would reject the
    /// unchanged request as a whole for those spans.
    pub(crate) fn anew(&self, left_out: &LeftOut) -> Option<Self> {
        let spans = [Place::SdkSpans, Place::PublicSpans, Place::Otlp];
        let again = matches!(self.form, Form::AsItCame(place) if spans.contains(&place));
        (again && left_out.count() > 0).then(|| Self {
            form: Form::Anew,
            otlp: self.otlp,
            requests: Vec::new(),
            body: Vec::new(),
            spans: 0,
        })
    }

    /// Writes a span, unless the request is forwarded unchanged; returns about how many bytes it takes.
    pub(crate) fn write(&mut self, span: &Span) -> usize {
        if !matches!(self.form, Form::Anew) {
            return 0;
        }
        let one = std::slice::from_ref(span);
        // Lists of both forms go on where the one before ended.
        let text = if self.otlp {
            encode::otlp(one).encode_to_vec()
        } else {
            let mut text = encode::sdk_body(one).to_string().into_bytes();
            text.pop();
            text[0] = b',';
            text
        };
        if !self.body.is_empty() && self.body.len() + text.len() > BODY {
            self.close();
        }
        self.body.extend_from_slice(&text);
        self.spans += 1;
        text.len() / 4
    }

    /// A body is long enough.
    fn close(&mut self) {
        if self.spans == 0 {
            return;
        }
        let mut body = std::mem::take(&mut self.body);
        let (place, kind) = if self.otlp {
            (Place::Otlp, "application/x-protobuf")
        } else {
            body[0] = b'[';
            body.push(b']');
            (Place::SdkSpans, "application/json")
        };
        let spans = std::mem::take(&mut self.spans);
        self.requests.push(QueuedRequest::new(place.path(), kind, Vec::new(), spans, &body));
    }

    /// The forwarded form of the request, which had so many spans and evaluations.
    pub(crate) fn end(
        mut self,
        content_type: &str,
        headers: &HeaderMap,
        body: &[u8],
        items: u64,
    ) -> Option<Forwarding> {
        if body.is_empty() {
            return None;
        }
        match self.form {
            Form::None => None,
            Form::Lost(reason) => Some(Forwarding::Lost(reason, items)),
            Form::AsItCame(place) => {
                let kept = KEPT.iter().filter_map(|name| {
                    Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()))
                });
                let request =
                    QueuedRequest::new(place.path(), content_type, kept.collect(), items, body);
                Some(Forwarding::Requests(vec![request]))
            }
            Form::Anew => {
                self.close();
                (!self.requests.is_empty()).then_some(Forwarding::Requests(self.requests))
            }
        }
    }
}

/// Decodes a request again, only to write its spans.
impl Keep for Outgoing {
    fn span(&mut self, span: Span) -> usize {
        self.write(&span)
    }

    fn evaluation(&mut self, _: Evaluation) -> usize {
        0
    }
}

/// The form in which `target` gets a request that is all in memory.
#[cfg(test)]
pub(crate) fn onward(
    target: &Target,
    route: Route,
    content_type: &str,
    headers: &HeaderMap,
    body: &[u8],
    decoded: &crate::model::Decoded,
) -> Option<Forwarding> {
    let mut outgoing = Outgoing::new(target, route);
    for span in &decoded.spans {
        outgoing.write(span);
    }
    let items = (decoded.spans.len() + decoded.evaluations.len()) as u64;
    outgoing.end(content_type, headers, body, items)
}
