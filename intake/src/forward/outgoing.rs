//! A request as it is forwarded: unchanged if the receiver accepts its format, else encoded from its
//! spans.

use axum::http::HeaderMap;
use prost::Message;

use super::target::Target;
use crate::encode;
use crate::endpoints::{Endpoint, Form, Route};
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

/// The forwarded form of a request, made while its spans are decoded and stored with them.
pub(crate) struct Outgoing {
    endpoint: &'static Endpoint,
    form: Form,
    otlp: bool,
    requests: Vec<QueuedRequest>,
    /// The body that is being written, and the spans in it.
    body: Vec<u8>,
    spans: u64,
}

impl Outgoing {
    pub(crate) fn new(target: &Target, endpoint: &'static Endpoint) -> Self {
        Self::with(endpoint, target.form(endpoint), matches!(target, Target::Otlp(_)))
    }

    fn with(endpoint: &'static Endpoint, form: Form, otlp: bool) -> Self {
        Self { endpoint, form, otlp, requests: Vec::new(), body: Vec::new(), spans: 0 }
    }

    /// If invalid spans were dropped, and the receiver would reject the unchanged request for them: a writer to
    /// decode the request into once more.
    pub(crate) fn without_invalid(&self, left_out: &LeftOut) -> Option<Self> {
        let again = self.form == Form::UnchangedIfValid && left_out.count() > 0;
        again.then(|| Self::with(self.endpoint, Form::Encoded, self.otlp))
    }

    /// Writes a span, unless the request is forwarded unchanged; returns about how many bytes it takes.
    pub(crate) fn write(&mut self, span: &Span) -> usize {
        if self.form != Form::Encoded {
            return 0;
        }
        let one = std::slice::from_ref(span);
        // In both formats, the lists of several spans can be joined.
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

    /// Ends the body that is being written.
    fn close(&mut self) {
        if self.spans == 0 {
            return;
        }
        let mut body = std::mem::take(&mut self.body);
        let (route, kind) = if self.otlp {
            (Route::OtlpTraces, "application/x-protobuf")
        } else {
            body[0] = b'[';
            body.push(b']');
            (Route::SdkSpans, "application/json")
        };
        let spans = std::mem::take(&mut self.spans);
        let path = route.endpoint().path();
        self.requests.push(QueuedRequest::new(path, kind, Vec::new(), spans, &body));
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
            Form::Nothing => None,
            Form::Lost(reason) => Some(Forwarding::Lost(reason, items)),
            Form::Unchanged | Form::UnchangedIfValid => {
                let kept = KEPT.iter().filter_map(|name| {
                    Some(((*name).to_owned(), headers.get(*name)?.to_str().ok()?.to_owned()))
                });
                let path = self.endpoint.path();
                let request = QueuedRequest::new(path, content_type, kept.collect(), items, body);
                Some(Forwarding::Requests(vec![request]))
            }
            Form::Encoded => {
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
    let mut outgoing = Outgoing::new(target, route.endpoint());
    for span in &decoded.spans {
        outgoing.write(span);
    }
    let items = (decoded.spans.len() + decoded.evaluations.len()) as u64;
    outgoing.end(content_type, headers, body, items)
}
