//! The tracer: what an application holds, and what a binding stands on.

use crate::config::Config;
use crate::error::Error;
#[cfg(unix)]
use crate::exit_signals::Plan;
use crate::instance::Program;
use crate::instance::tracing::{Failure, SpanContext, SpanDetails, SpanOption, SpanTimes};
use crate::instance::types::{SpanKind, Warning};
use crate::notices::{Notices, Topic};
use crate::pool::{Judgement, Limited, Parent, Pool, Processor, SpanRef};
use crate::statistics::Statistics;
use crate::worker::Worker;
use std::sync::Arc;
use std::time::Duration;
use witspan_setup::Event;

/// What a flush or shutdown came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Whether everything that had finished was delivered or dropped within the time.
    pub settled: bool,
    /// Spans delivered by this call.
    pub delivered: u64,
    /// Spans dropped during this call.
    pub dropped: u64,
    /// The counters after it.
    pub statistics: Statistics,
}

/// Makes spans and sends them. Cheap to clone; all clones are the same tracer.
///
/// When the last clone is dropped, what has finished is still sent, by a thread that ends then;
/// only [`Tracer::shutdown`] waits for it and says what came of it.
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
    /// Tells what waits to be told, now that the call holds nothing any more.
    fn told<T>(&self, result: T) -> T {
        self.pool.notices().deliver();
        result
    }
}

impl Inner {
    /// Has the processor look at the span that just finished. Should it never come back, the
    /// worker asks the core in time, which then drops the content; until then nobody need be
    /// woken.
    fn process(&self, span: SpanRef) {
        if let Some(limit) = self.pool.processor_limit() {
            self.worker.attend_by(limit);
        }
        if self.told(self.pool.process(span)) {
            self.worker.attend();
        }
    }

    fn submit(&self, what: Judgement, text: &str) -> Result<Vec<Warning>, Error> {
        let (should_poll, warnings) = self.told(self.pool.submit(what, text))?;
        if should_poll {
            self.worker.attend();
        }
        Ok(warnings)
    }
}

/// More instances than this were never busy at once in measurements.
const MOST_INSTANCES: usize = 4;

impl Tracer {
    /// Starts tracing. Where the settings turn it off, a tracer whose every call does nothing.
    ///
    /// # Errors
    /// [`Error::Internal`] if the component cannot be loaded on this machine.
    pub fn start(config: Config) -> Result<Tracer, Error> {
        let plan = config.plan();
        if !plan.enabled {
            // Such as a switch whose value means nothing.
            let notices = Notices::new(config.listener.clone(), config.secrets());
            notices.tell_plan(&plan.diagnostics, &[]);
            notices.deliver();
            return Ok(Tracer::off());
        }
        let program = match &config.component {
            None => Program::embedded(),
            // SAFETY: promised by who called `Config::set_component`.
            Some(bytes) => unsafe { Program::precompiled(bytes) },
        };
        let program = program.map_err(|error| Error::Internal(format!("{error:#}")))?;
        let notices = Notices::new(config.listener.clone(), config.secrets());
        let instances = match config.clock.is_fixed() {
            true => 1,
            false => {
                std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_INSTANCES))
            }
        };
        let (settings, clock) = (plan.settings.clone(), config.clock.clone());
        let (pool, warnings) = Pool::new(program, clock, settings, instances, notices)?;
        let pool = Arc::new(pool);
        pool.notices().tell_plan(&plan.diagnostics, &warnings);
        pool.notices().deliver();
        let worker = Worker::new(pool.clone(), config, plan);
        Ok(Tracer { inner: Some(Arc::new(Inner { pool, worker })) })
    }

    /// A tracer whose every call does nothing.
    pub fn off() -> Tracer {
        Tracer { inner: None }
    }

    /// Whether it traces.
    pub fn is_on(&self) -> bool {
        self.inner.is_some()
    }

    /// What its settings came to; `None` if it does not trace.
    pub fn plan(&self) -> Option<&witspan_setup::Plan> {
        self.inner.as_ref().map(|inner| inner.worker.plan())
    }

    /// Whether both are clones of one tracer.
    pub fn is_same(&self, other: &Tracer) -> bool {
        match (&self.inner, &other.inner) {
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            (mine, theirs) => mine.is_none() && theirs.is_none(),
        }
    }

    /// Starts a span; what bindings use. [`SpanRef::NONE`] if it is not kept.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`] for [`Parent::ChildOf`] a span that finished too long ago;
    /// [`Error::InvalidContext`] and [`Error::InvalidRemote`] for texts that were never a context
    /// or a place.
    pub fn start_span(
        &self,
        kind: SpanKind,
        parent: Parent<'_>,
        name: Option<&str>,
        options: &[SpanOption<'_>],
    ) -> Result<SpanRef, Error> {
        match &self.inner {
            Some(inner) => inner.told(inner.pool.start_span(kind, parent, name, options)),
            None => Ok(SpanRef::NONE),
        }
    }

    /// Adds what a JSON text says to an open span; `wit/tracing.wit` describes it, at `annotate`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a wrong argument; then nothing was kept. Otherwise a state:
    /// [`Error::SpanFinished`], [`Error::UnknownSpan`], [`Error::MemoryFull`], [`Error::Lost`],
    /// [`Error::Off`].
    pub fn annotate(&self, span: SpanRef, annotation: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.told(inner.pool.annotate(span, annotation)),
            None => Ok(Vec::new()),
        }
    }

    /// Counts an annotation that had no open span to go to, and tells of the first one.
    pub fn misplaced_annotation(&self, why: &str) {
        if let Some(inner) = &self.inner {
            inner.pool.misplaced_annotation(why);
            inner.pool.notices().deliver();
        }
    }

    /// Counts an argument that a binding took, but not as it was given, and tells of the first one.
    pub fn warn(&self, message: String) {
        if let Some(inner) = &self.inner {
            inner.pool.warn(message);
            inner.pool.notices().deliver();
        }
    }

    /// Ends a span; the span that is current again. A second call changes nothing.
    pub fn finish(
        &self,
        span: SpanRef,
        failure: Option<Failure<'_>>,
        end_ns: Option<u64>,
    ) -> Option<SpanRef> {
        let inner = self.inner.as_ref()?;
        let ended = inner.told(inner.pool.finish(span, failure, end_ns)).ok()?;
        if ended.process {
            inner.process(span);
        } else if ended.should_poll {
            inner.worker.attend();
        }
        ended.current
    }

    /// Gives up an open span: it is counted as unfinished and not sent.
    pub fn abandon(&self, span: SpanRef) {
        if let Some(inner) = &self.inner {
            // What is lost already cannot be abandoned.
            let _ = inner.told(inner.pool.abandon(span));
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

    /// When a span was, open or finished, as it is sent.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn times(&self, span: SpanRef) -> Result<SpanTimes, Error> {
        match &self.inner {
            Some(inner) => inner.pool.times(span),
            None => Err(Error::Off),
        }
    }

    /// Checks the JSON text of an annotation context, which may then be given to every span that
    /// starts inside it, as [`SpanOption::Context`]; `wit/tracing.wit` describes it, at
    /// `check-context`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a wrong context.
    pub fn check_context(&self, context: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.told(inner.pool.check_context(context)),
            None => Ok(Vec::new()),
        }
    }

    /// The headers to set on a request so that its receiver continues the trace of `span`:
    /// Datadog's and W3C's. `headers` are those that the request has already; the ids that another
    /// tracer put there stay.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn inject(
        &self,
        span: SpanRef,
        headers: &[(&str, &str)],
    ) -> Result<Vec<(String, String)>, Error> {
        match &self.inner {
            Some(inner) => inner.told(inner.pool.inject(span, headers)),
            None => Ok(Vec::new()),
        }
    }

    /// The place in a trace that the headers of a request name, for [`Parent::Remote`]. It is an
    /// opaque text, good in any tracer.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they name none; [`Error::Off`].
    pub fn extract(&self, headers: &[(&str, &str)]) -> Result<String, Error> {
        match &self.inner {
            Some(inner) => inner.told(inner.pool.extract(headers)),
            None => Err(Error::Off),
        }
    }

    /// Records a span that is over, a JSON object; `wit/tracing.wit` describes it, at `record-span`.
    /// Its parent is named by ids or as a remote context ([`Tracer::remote_of`]), since a span of this
    /// tracer may lie in another instance. Gives the span, which can be a parent, and what was
    /// changed; [`SpanRef::NONE`] if it is not kept.
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
    /// [`Error::InvalidArgument`] for a wrong one, which is counted; [`Error::Lost`].
    pub fn record_span(&self, span: &str) -> Result<(SpanRef, Vec<Warning>), Error> {
        let Some(inner) = &self.inner else { return Ok((SpanRef::NONE, Vec::new())) };
        let (ended, warnings) = inner.told(inner.pool.record_span(span))?;
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
            Some(inner) => inner.told(inner.pool.span_info(span)),
            None => Err(Error::Off),
        }
    }

    /// The place of a span itself, to go on from in another tracer or process.
    ///
    /// # Errors
    /// [`Error::UnknownSpan`], [`Error::Lost`], [`Error::Off`].
    pub fn remote_of(&self, span: SpanRef) -> Result<String, Error> {
        match &self.inner {
            Some(inner) => inner.told(inner.pool.remote_of(span)),
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
    /// [`Error::InvalidArgument`] for a wrong one, which is counted; [`Error::Lost`].
    pub fn submit_evaluation(&self, evaluation: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.submit(Judgement::Evaluation, evaluation),
            None => Ok(Vec::new()),
        }
    }

    /// Queues the feedback of a user or agent, a JSON object; `wit/evaluations.wit` describes it.
    ///
    /// # Errors
    /// As of [`Tracer::submit_evaluation`].
    pub fn submit_feedback(&self, feedback: &str) -> Result<Vec<Warning>, Error> {
        match &self.inner {
            Some(inner) => inner.submit(Judgement::Feedback, feedback),
            None => Ok(Vec::new()),
        }
    }

    /// Has a function look at every span before it is sent, to redact, to enrich or to drop it;
    /// `None`: no longer. `wit/processing.wit` describes the JSON text that it is given.
    ///
    /// It runs on the thread that finishes the span, which waits for it. It fails closed: if the
    /// function panics, says [`crate::Processed::Failed`], gives back what is no event, or takes longer
    /// than `limit`, the span is sent without its content, and counted as `content_dropped`. Spans that
    /// start inside the function are not kept.
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

    /// Sends everything that has finished, and waits for that at most so long.
    pub fn flush(&self, timeout: Duration) -> Flushed {
        self.settle(|worker| worker.flush(timeout))
    }

    /// Sends everything that has finished, at most so long, and ends the tracer. What is left is
    /// counted as dropped; later calls do nothing.
    pub fn shutdown(&self, timeout: Duration) -> Flushed {
        let Some(inner) = &self.inner else { return self.settle(|_| true) };
        self.settle(|worker| {
            let settled = worker.stop(timeout);
            inner.pool.close();
            settled
        })
    }

    /// Has SIGTERM, SIGINT and SIGHUP send what has finished, for at most `timeout`, before they end
    /// the process. That is where they would end it at once: ours replaces no other handler, and is
    /// replaced by any. [`crate::exit_signals`] has what belongs to it.
    ///
    /// The thread that a signal interrupts goes on meanwhile. `pause` is called, from a thread of
    /// ours, to have the application stand still in [`crate::exit_signals::wait`]; it may take some
    /// milliseconds, which come on top of `timeout`.
    ///
    /// # Errors
    /// What the system says where it lets no handler be set.
    #[cfg(unix)]
    pub fn deliver_at_signals(
        &self,
        timeout: Duration,
        pause: Option<fn()>,
    ) -> std::io::Result<()> {
        match &self.inner {
            Some(inner) => inner.told(inner.worker.deliver_at_signals(Plan { timeout, pause })),
            None => Ok(()),
        }
    }

    /// Tells, once, how much was lost at the end: what a binding counted after a shutdown.
    pub fn tell_ended(&self, unsent: u64, unfinished: u64) {
        if let Some(inner) = &self.inner {
            let event = || Event::Ended(unsent, unfinished);
            inner.pool.notices().tell(Topic::Ended, event);
            inner.told(());
        }
    }

    fn settle(&self, act: impl FnOnce(&Worker) -> bool) -> Flushed {
        let before = self.statistics();
        // After a shutdown all is counted and there is nothing to wait for.
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
