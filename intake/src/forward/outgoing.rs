//! A request as it will be sent: relayed as it came where the receiver takes that form, else written
//! anew from the spans in it.

use axum::http::HeaderMap;
use prost::Message;

use super::target::{Place, Target};
use crate::decode::Route;
use crate::encode;
use crate::model::{Evaluation, Keep, LeftOut, Span};
use crate::store::forward_queue::{Forwarding, QueuedRequest};

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

/// What a receiver gets of one kind of request.
enum Form {
    /// Nothing.
    None,
    /// It has no form for it; this is counted.
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
        // An agent takes the whole trace, also the spans that are no LLM's.
        Route::ApmTraces if agent => Form::AsItCame(Place::ApmTraces),
        Route::ApmTracesV5 if agent => Form::AsItCame(Place::ApmTracesV5),
        Route::OtlpTraces if otlp => Form::AsItCame(Place::Otlp),
        _ => Form::Anew,
    }
}

/// What goes on of a request, made while its spans are taken and kept with them.
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

    /// Whether the request must be read once more by what this gives: a receiver would refuse all of it
    /// for the spans that were left out here.
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

    /// Writes a span, where it is not the request itself that goes on; gives about how many bytes that
    /// takes.
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

    /// What goes on of the request, which had so many spans and evaluations.
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

/// Takes a request once more, only to write its spans.
impl Keep for Outgoing {
    fn span(&mut self, span: Span) -> usize {
        self.write(&span)
    }

    fn evaluation(&mut self, _: Evaluation) -> usize {
        0
    }
}

/// What `target` gets of a request that is all in memory.
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
