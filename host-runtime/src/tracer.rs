//! The tracer: what an application holds, and what a binding stands on.

use crate::config::Config;
use crate::error::Error;
#[cfg(unix)]
use crate::exit_signals::Plan;
use crate::fork::held_off;
use crate::instance::Program;
use crate::instance::tracing::{Failure, SpanContext, SpanDetails, SpanOption, SpanTimes};
use crate::instance::types::{SpanKind, Warning};
use crate::notices::{Notices, Topic};
use crate::pool::{Limited, MOST_SHARDS, Parent, Pool, Processor, SpanRef, Submission};
use crate::statistics::Statistics;
use crate::worker::Worker;
use std::sync::Arc;
use std::time::Duration;
use witspan_setup::Event;

/// The result of a flush or shutdown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Whether everything that had finished was delivered or dropped within the time.
    pub settled: bool,
    /// Spans delivered by this call.
    pub delivered: u64,
    /// Spans dropped during this call.
    pub dropped: u64,
    /// The counters after the call.
    pub statistics: Statistics,
}

/// Makes spans and sends them. Cheap to clone; all clones are the same tracer.
///
/// After the last clone is dropped, a thread still sends the finished spans, and then ends. Only
/// [`Tracer::shutdown`] waits for that and returns the result.
///
/// ```no_run
/// use witspan::{Config, SpanKind, Tracer};
/// use std::time::Duration;
///
/// let tracer = Tracer::start(Config::from_env())?;
/// let answer = tracer.span(SpanKind::Workflow).name("answer").start()?;
/// let call = answer.child(SpanKind::Llm).model("gpt-4o", "openai").start()?;
/// call.annotate(&serde_json::json!({
///     "input": [{"role": "user", "content": "Why is the sky blue?"}],
///     "output": "Rayleigh scattering.",
///     "metrics": {"input_tokens": 9, "output_tokens": 4},
/// }))?;
/// call.finish();
/// answer.finish();
/// let sent = tracer.shutdown(Duration::from_secs(2));
/// assert_eq!(sent.statistics.pending(), 0);
/// # Ok::<(), witspan::Error>(())
/// ```
#[derive(Clone)]
pub struct Tracer {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    pool: Arc<Pool>,
    worker: Worker,
}

impl Inner {
    /// Delivers notices, now that the call holds no lock any more.
    fn with_notices<T>(&self, result: T) -> T {
        self.pool.notices().deliver();
        result
    }
}

impl Inner {
    /// Runs the processor on the span that just finished. In case the processor never returns, the
    /// worker polls the core when the limit is over, and the core then drops the content.
    fn process(&self, span: SpanRef) {
        if let Some(limit) = self.pool.processor_limit() {
            self.worker.attend_by(limit);
        }
        if self.with_notices(self.pool.process(span)) {
            self.worker.attend();
        }
    }

    fn submit(&self, what: Submission, text: &str) -> Result<Vec<Warning>, Error> {
        let (should_poll, warnings) = self.with_notices(self.pool.submit(what, text))?;
        if should_poll {
            self.worker.attend();
        }
        Ok(warnings)
    }
}

impl Tracer {
    /// Starts tracing. If the settings turn it off, returns a tracer whose calls do nothing.
    ///
    /// # Errors
    /// [`Error::Internal`] if the component cannot be loaded on this machine.
    pub fn start(config: Config) -> Result<Tracer, Error> {
        let plan = config.plan();
        if !plan.enabled {
            // Such as a switch whose value is not understood.
            let notices = Notices::new(config.listener.clone(), config.secrets());
            notices.tell_plan(&plan.diagnostics, &[]);
            notices.deliver();
            return Ok(Tracer::off());
        }
        let program = match &config.component {
            None => held_off(|| {
                // What is made once a process is made here, so that no fork is in its midst.
                config.clock.monotonic_ns();
                Program::embedded()
            }),
            // SAFETY: promised by who called `Config::set_component`.
            Some(bytes) => unsafe { Program::precompiled(bytes) },
        };
        let program = program.map_err(|error| Error::Internal(format!("{error:#}")))?;
        let notices = Notices::new(config.listener.clone(), config.secrets());
        let instances = match config.clock.is_fixed() {
            true => 1,
            false => std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_SHARDS)),
        };
        let (settings, clock) = (plan.settings.clone(), config.clock.clone());
        let (pool, warnings) = Pool::new(program, clock, settings, instances, notices)?;
        let pool = Arc::new(pool);
        pool.notices().tell_plan(&plan.diagnostics, &warnings);
        pool.notices().deliver();
        let worker = Worker::new(pool.clone(), config, plan);
        Ok(Tracer { inner: Some(Arc::new(Inner { pool, worker })) })
    }

    /// A tracer whose calls do nothing.
    pub fn off() -> Tracer {
        Tracer { inner: None }
    }

    /// Whether it traces.
    pub fn is_on(&self) -> bool {
        self.inner.is_some()
    }

    /// The plan that its settings resulted in; `None` if it does not trace.
    pub fn plan(&self) -> Option<&witspan_setup::Plan> {
        self.inner.as_ref().map(|inner| inner.worker.plan())
    }

    /// Whether both are clones of the same tracer.
    pub fn is_same(&self, other: &Tracer) -> bool {
        match (&self.inner, &other.inner) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            (mine, theirs) => mine.is_none() && theirs.is_none(),
        }
    }

    /// Starts a span; for bindings. Returns [`SpanRef::NONE`] if the span is not kept.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`] for [`Parent::ChildOf`] a span that finished too long ago;
    /// [`Error::InvalidContext`] and [`Error::InvalidRemote`] for texts that are not an annotation
    /// context or a remote context.
    pub fn start_span(
        &self,
        kind: SpanKind,
        parent: Parent<'_>,
        name: Option<&str>,
        options: &[SpanOption<'_>],
    ) -> Result<SpanRef, Error> {
        match &self.inner {
            Some(inner) => inner.with_notices(inner.pool.start_span(kind, parent, name, options)),
            None => Ok(SpanRef::NONE),
        }
    }

    /// Adds what a JSON text says to an open span; `wit/tracing.wit` describes it, at `annotate`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a wrong argument: nothing of the annotation is kept then. Or
    /// a state: [`Error::SpanFinished`], [`Error::UnknownSpan`], [`Error::MemoryFull`],
    /// [`Error::Lost`], [`Error::Off`].
    pub fn annotate(&self, span: SpanRef, annotation: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.with_notices(inner.pool.annotate(span, annotation)),
            None => Ok(Vec::new()),
        }
    }

    /// Counts an annotation that had no open span to go to, and logs the first one.
    pub fn misplaced_annotation(&self, why: &str) {
        if let Some(inner) = &self.inner {
            inner.pool.misplaced_annotation(why);
            inner.pool.notices().deliver();
        }
    }

    /// Counts an argument that a binding accepted but changed, and logs the first one.
    pub fn warn(&self, message: String) {
        if let Some(inner) = &self.inner {
            inner.pool.warn(message);
            inner.pool.notices().deliver();
        }
    }

    /// Ends a span. Returns the span that is current again. A second call changes nothing.
    pub fn finish(
        &self,
        span: SpanRef,
        failure: Option<Failure<'_>>,
        end_ns: Option<u64>,
    ) -> Option<SpanRef> {
        let inner = self.inner.as_ref()?;
        let ended = inner.with_notices(inner.pool.finish(span, failure, end_ns)).ok()?;
        if ended.process {
            inner.process(span);
        } else if ended.should_poll {
            inner.worker.attend();
        }
        ended.current
    }

    /// Abandons an open span: it is counted as unfinished and not sent.
    pub fn abandon(&self, span: SpanRef) {
        if let Some(inner) = &self.inner {
            // An error means that the span is gone already.
            let _ = inner.with_notices(inner.pool.abandon(span));
        }
    }

    /// The ids of a span as they are sent, before and after it has finished.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn export_span(&self, span: SpanRef) -> Result<SpanContext, Error> {
        match &self.inner {
            Some(inner) => inner.pool.export_span(span),
            None => Err(Error::Off),
        }
    }

    /// The times of a span, open or finished, as they are sent.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn times(&self, span: SpanRef) -> Result<SpanTimes, Error> {
        match &self.inner {
            Some(inner) => inner.pool.times(span),
            None => Err(Error::Off),
        }
    }

    /// Checks the JSON text of an annotation context. A text that passes may be given to each span
    /// that starts inside the context, as [`SpanOption::Context`]. `wit/tracing.wit` describes it,
    /// at `check-context`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a wrong context.
    pub fn check_context(&self, context: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.with_notices(inner.pool.check_context(context)),
            None => Ok(Vec::new()),
        }
    }

    /// The headers to set on a request so that its receiver continues the trace of `span`:
    /// Datadog's and W3C's. `headers` are those that the request has already; ids from another
    /// tracer are kept.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn inject(
        &self,
        span: SpanRef,
        headers: &[(&str, &str)],
    ) -> Result<Vec<(String, String)>, Error> {
        match &self.inner {
            Some(inner) => inner.with_notices(inner.pool.inject(span, headers)),
            None => Ok(Vec::new()),
        }
    }

    /// The remote context in the headers of a request, for [`Parent::Remote`]. It is an opaque text
    /// that every tracer understands.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the headers contain no trace context; [`Error::Off`].
    pub fn extract(&self, headers: &[(&str, &str)]) -> Result<String, Error> {
        match &self.inner {
            Some(inner) => inner.with_notices(inner.pool.extract(headers)),
            None => Err(Error::Off),
        }
    }

    /// Records a span that is over, a JSON object; `wit/tracing.wit` describes it, at
    /// `record-span`. Its parent is named by ids or as a remote context ([`Tracer::remote_of`]),
    /// since a span of this tracer may be in another instance. Returns the span, which can be a
    /// parent, and warnings about what was changed. The span is [`SpanRef::NONE`] if it is not
    /// kept.
    ///
    /// ```no_run
    /// # let tracer = witspan::Tracer::off();
    /// let span = serde_json::json!({
    ///     "kind": "llm", "name": "replayed", "start_ns": 1_700_000_000_000_000_000_u64,
    ///     "end_ns": 1_700_000_001_000_000_000_u64, "annotation": {"input": "hello"},
    /// });
    /// tracer.record_span(&span.to_string())?;
    /// # Ok::<(), witspan::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a wrong span, which is counted; [`Error::Lost`].
    pub fn record_span(&self, span: &str) -> Result<(SpanRef, Vec<Warning>), Error> {
        let Some(inner) = &self.inner else { return Ok((SpanRef::NONE, Vec::new())) };
        let (ended, warnings) = inner.with_notices(inner.pool.record_span(span))?;
        let recorded = ended.current.unwrap_or(SpanRef::NONE);
        if ended.process {
            inner.process(recorded);
        } else if ended.should_poll {
            inner.worker.attend();
        }
        Ok((recorded, warnings))
    }

    /// Kind, name, ids and parent of a span.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn span_info(&self, span: SpanRef) -> Result<SpanDetails, Error> {
        match &self.inner {
            Some(inner) => inner.with_notices(inner.pool.span_info(span)),
            None => Err(Error::Off),
        }
    }

    /// The remote context of a span, to continue from it in another tracer or process.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn remote_of(&self, span: SpanRef) -> Result<String, Error> {
        match &self.inner {
            Some(inner) => inner.with_notices(inner.pool.remote_of(span)),
            None => Err(Error::Off),
        }
    }

    /// Queues an evaluation, a JSON object; `wit/evaluations.wit` describes it.
    ///
    /// ```no_run
    /// # let tracer = witspan::Tracer::off();
    /// let span = tracer.span(witspan::SpanKind::Llm).start()?;
    /// let ids = span.context()?;
    /// let evaluation = serde_json::json!({
    ///     "label": "helpfulness", "metric_type": "score", "value": 0.9,
    ///     "span": {"span_id": ids.span_id, "trace_id": ids.trace_id},
    /// });
    /// tracer.submit_evaluation(&evaluation.to_string())?;
    /// # Ok::<(), witspan::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a wrong evaluation, which is counted; [`Error::Lost`].
    pub fn submit_evaluation(&self, evaluation: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.submit(Submission::Evaluation, evaluation),
            None => Ok(Vec::new()),
        }
    }

    /// Queues the feedback of a user or agent, a JSON object; `wit/evaluations.wit` describes it.
    ///
    /// # Errors
    /// The same as for [`Tracer::submit_evaluation`].
    pub fn submit_feedback(&self, feedback: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.submit(Submission::Feedback, feedback),
            None => Ok(Vec::new()),
        }
    }

    /// Sets a function that sees every span before it is sent, to redact, enrich or drop it; `None`
    /// removes it. `wit/processing.wit` describes the JSON text that the function gets.
    ///
    /// It runs on the thread that finishes the span, which waits for it. It fails closed: if the
    /// function panics, returns [`crate::Processed::Failed`] or an invalid event, or takes longer
    /// than `limit`, the span is sent without its content and counted as `content_dropped`. Spans
    /// that start inside the function are not kept.
    pub fn set_processor(&self, processor: Option<(Processor, Duration)>) {
        if let Some(inner) = &self.inner {
            inner.pool.set_processor(processor.map(|(run, limit)| Limited::new(run, limit)));
            inner.pool.notices().deliver();
        }
    }

    /// The counters.
    pub fn statistics(&self) -> Statistics {
        self.inner.as_ref().map_or_else(Statistics::default, |inner| inner.pool.statistics())
    }

    /// Sends everything that has finished, and waits for that until the time is over.
    pub fn flush(&self, timeout: Duration) -> Flushed {
        self.settle(|worker| worker.flush(timeout))
    }

    /// Sends everything that has finished until the time is over, and ends the tracer. The rest is
    /// counted as dropped. Later calls do nothing.
    pub fn shutdown(&self, timeout: Duration) -> Flushed {
        let Some(inner) = &self.inner else { return self.settle(|_| true) };
        self.settle(|worker| {
            let settled = worker.stop(timeout);
            inner.pool.close();
            settled
        })
    }

    /// Has SIGTERM, SIGINT and SIGHUP send the finished spans, for at most `timeout`, before they
    /// end the process. Our handler is set only where the system's default stands: it replaces no
    /// other handler, and any other replaces it. [`crate::exit_signals`] has the rest of this
    /// feature.
    ///
    /// The interrupted thread continues meanwhile. `pause` is called on a thread of ours, to stop
    /// the application in [`crate::exit_signals::wait`]. It may take some milliseconds, in addition
    /// to `timeout`.
    ///
    /// # Errors
    /// The system's error if it refuses to set a handler.
    #[cfg(unix)]
    pub fn deliver_at_signals(
        &self,
        timeout: Duration,
        pause: Option<fn()>,
    ) -> std::io::Result<()> {
        match &self.inner {
            Some(inner) => {
                inner.with_notices(inner.worker.deliver_at_signals(Plan { timeout, pause }))
            }
            None => Ok(()),
        }
    }

    /// Logs once how many spans were lost at the end, as a binding counted them after a shutdown.
    pub fn tell_ended(&self, unsent: u64, unfinished: u64) {
        if let Some(inner) = &self.inner {
            let event = || Event::Ended(unsent, unfinished);
            inner.pool.notices().tell(Topic::Ended, event);
            inner.with_notices(());
        }
    }

    fn settle(&self, act: impl FnOnce(&Worker) -> bool) -> Flushed {
        let before = self.statistics();
        // After a shutdown everything is counted and there is nothing to wait for.
        let settled =
            self.inner.as_ref().is_none_or(|inner| inner.pool.is_closed() || act(&inner.worker));
        let statistics = self.statistics();
        if let Some(inner) = &self.inner {
            inner.pool.notices().deliver();
        }
        Flushed {
            settled,
            delivered: statistics.delivered.saturating_sub(before.delivered),
            dropped: statistics.dropped_total().saturating_sub(before.dropped_total()),
            statistics,
        }
    }
}
