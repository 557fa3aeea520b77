//! Spans as Rust programs hold them: a builder, and a guard.

use crate::error::Error;
use crate::instance::tracing::{Failure, SpanContext, SpanOption};
use crate::instance::types::SpanKind;
use crate::pool::{Parent, SpanRef};
use crate::tracer::Tracer;
use std::borrow::Cow;

impl Tracer {
    /// Describes a span that begins a trace; see [`Span::child`] for others.
    pub fn span(&self, kind: SpanKind) -> SpanBuilder<'_> {
        SpanBuilder::new(self, kind, Parent::Root)
    }
}

/// Describes a span before it starts.
#[must_use = "a span begins with `start`"]
pub struct SpanBuilder<'a> {
    tracer: &'a Tracer,
    kind: SpanKind,
    parent: Parent<'a>,
    name: Option<&'a str>,
    options: Vec<SpanOption<'a>>,
}

impl<'a> SpanBuilder<'a> {
    fn new(tracer: &'a Tracer, kind: SpanKind, parent: Parent<'a>) -> Self {
        SpanBuilder { tracer, kind, parent, name: None, options: Vec::new() }
    }

    /// The name. Default: the kind's name.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// The session, which children inherit.
    pub fn session_id(mut self, session: &'a str) -> Self {
        self.options.push(SpanOption::SessionId(session));
        self
    }

    /// The ML app, which children inherit. Default: the tracer's.
    pub fn ml_app(mut self, app: &'a str) -> Self {
        self.options.push(SpanOption::MlApp(app));
        self
    }

    /// The model of an llm or embedding span, and its provider.
    pub fn model(mut self, name: &'a str, provider: &'a str) -> Self {
        self.options.push(SpanOption::ModelName(name));
        self.options.push(SpanOption::ModelProvider(provider));
        self
    }

    /// The start in nanoseconds since the Unix epoch. Default: now.
    pub fn start_ns(mut self, at: u64) -> Self {
        self.options.push(SpanOption::StartNs(at));
        self
    }

    /// Continues the trace of another service or tracer, from a remote context that
    /// [`Tracer::extract`] or [`Tracer::remote_of`] returned.
    pub fn remote(mut self, remote: &'a str) -> Self {
        self.parent = Parent::Remote(remote);
        self
    }

    /// The JSON text of an annotation context around the span. Of several, the outermost comes
    /// first. See [`Tracer::check_context`].
    pub fn context(mut self, context: &'a str) -> Self {
        self.options.push(SpanOption::Context(context));
        self
    }

    /// Starts the span.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`] if its parent finished too long ago; [`Error::InvalidContext`] and
    /// [`Error::InvalidRemote`] for texts that are not an annotation context or a remote context.
    pub fn start(self) -> Result<Span, Error> {
        let span = self.tracer.start_span(self.kind, self.parent, self.name, &self.options)?;
        Ok(Span { tracer: self.tracer.clone(), span, finished: false })
    }
}

/// A span that has started. Dropped without [`Span::finish`] it counts as unfinished and is not
/// sent.
#[must_use = "a span that is dropped unfinished is not sent"]
pub struct Span {
    tracer: Tracer,
    span: SpanRef,
    finished: bool,
}

impl Span {
    /// Describes a child.
    pub fn child(&self, kind: SpanKind) -> SpanBuilder<'_> {
        SpanBuilder::new(&self.tracer, kind, Parent::ChildOf(self.span))
    }

    /// Adds input, output, metadata, metrics, tags and more: any value that serialises to an object
    /// with such members. `wit/tracing.wit` describes each, at `annotate`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] names the wrong field: nothing of the annotation is kept then.
    /// The others are states that need not be handled; see [`Tracer::annotate`].
    pub fn annotate(&self, annotation: &impl serde::Serialize) -> Result<(), Error> {
        if self.span.is_none() {
            return Ok(());
        }
        let text = serde_json::to_string(annotation).map_err(|error| Error::InvalidArgument {
            field: "annotation".to_owned(),
            message: format!("`annotation` cannot be written as JSON: {error}"),
        })?;
        self.tracer.annotate(self.span, &text).map(drop)
    }

    /// The ids of the span as they are sent.
    ///
    /// # Errors
    /// [`Error::Off`] and [`Error::Lost`].
    pub fn context(&self) -> Result<SpanContext, Error> {
        self.tracer.export_span(self.span)
    }

    /// The headers to set on a request so that its receiver continues this trace. `headers` are
    /// those that the request has already.
    ///
    /// # Errors
    /// [`Error::Off`] and [`Error::Lost`].
    pub fn inject(&self, headers: &[(&str, &str)]) -> Result<Vec<(String, String)>, Error> {
        self.tracer.inject(self.span, headers)
    }

    /// Ends the span.
    pub fn finish(mut self) {
        self.end(None, None);
    }

    /// Ends the span at a given time, in nanoseconds since the Unix epoch.
    pub fn finish_at(mut self, end_ns: u64) {
        self.end(None, Some(end_ns));
    }

    /// Ends the span with an error: its text, its sources as the stack, its type's name.
    pub fn fail<E: std::error::Error + ?Sized>(mut self, error: &E) {
        let mut stack = String::new();
        let mut source = error.source();
        while let Some(cause) = source {
            stack.push_str("caused by: ");
            stack.push_str(&cause.to_string());
            stack.push('\n');
            source = cause.source();
        }
        let message: Cow<'_, str> = error.to_string().into();
        let error_type = std::any::type_name::<E>();
        self.end(Some(Failure { message: &message, error_type, stack: &stack }), None);
    }

    fn end(&mut self, failure: Option<Failure<'_>>, end_ns: Option<u64>) {
        self.finished = true;
        self.tracer.finish(self.span, failure, end_ns);
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if !self.finished {
            self.tracer.abandon(self.span);
        }
    }
}
