//! Spans as Python holds them, and the context that carries the current one.

use crate::arguments::{excused, optional_text, raise_if_wrong, wrong_type};
use crate::fork;
use crate::json::Writer;
use pyo3::exceptions::{PyGeneratorExit, PySystemExit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use witspan::{Failure, Parent, SpanContext, SpanKind, SpanOption, SpanRef};

/// One span. A context manager; it is current from its start until it has finished.
///
/// Finishing twice, out of order or in another thread is allowed. A span that is collected
/// unfinished is counted as `unfinished` and not sent.
#[pyclass(frozen, module = "witspan", weakref)]
pub(crate) struct Span {
    tracer: witspan::Tracer,
    span: SpanRef,
    kind: SpanKind,
    parent: Option<Py<Span>>,
    failure: std::sync::Mutex<Option<OwnedFailure>>,
    finished: AtomicBool,
    /// It finished where it was current. Where it still is current, that is a copy of the context,
    /// such as a task's, and work that outlives it.
    finished_in_turn: AtomicBool,
    /// The process, of those that fork from each other, in which it started.
    process: u32,
    /// Whether the application itself said what came out.
    has_output: AtomicBool,
}

#[derive(Clone, Default)]
struct OwnedFailure {
    message: String,
    error_type: String,
    stack: String,
}

/// What is current where no span is open, but one was when this work was given its context: what
/// starts here belongs to the same trace.
#[pyclass(frozen, module = "witspan._native")]
struct Outlived(Py<Span>);

/// The context variable's `get` and `set`, which are asked for at every start and end of a span.
/// Its value is a `Span`, an `Outlived`, or `None`.
struct Variable {
    get: Py<PyAny>,
    set: Py<PyAny>,
}

fn variable(py: Python<'_>) -> PyResult<&'static Variable> {
    static VARIABLE: PyOnceLock<Variable> = PyOnceLock::new();
    VARIABLE.get_or_try_init(py, || {
        let defaults = PyDict::new(py);
        defaults.set_item("default", py.None())?;
        let class = py.import("contextvars")?.getattr("ContextVar")?;
        let variable = class.call(("witspan_span",), Some(&defaults))?;
        let method = |name: &str| PyResult::Ok(variable.getattr(name)?.unbind());
        Ok(Variable { get: method("get")?, set: method("set")? })
    })
}

fn context_value(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    variable(py)?.get.bind(py).call0()
}

/// The span that is current in this context.
pub(crate) fn current(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
    Ok(context_value(py)?.cast_into::<Span>().ok())
}

/// The parent of what starts in this context.
fn parent_here(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
    let value = context_value(py)?;
    match value.cast::<Outlived>() {
        Ok(outlived) => Ok(Some(outlived.get().0.bind(py).clone())),
        Err(_) => Ok(value.cast_into::<Span>().ok()),
    }
}

fn set_context_value(py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    variable(py)?.set.bind(py).call1((value,)).map(drop)
}

/// Starts a span and makes it current.
pub(crate) fn start<'py>(
    py: Python<'py>,
    tracer: &witspan::Tracer,
    kind: SpanKind,
    name: Option<&str>,
    options: &[SpanOption<'_>],
) -> PyResult<Bound<'py, Span>> {
    let parent = parent_here(py)?;
    let above = match &parent {
        // After a restart of tracing the context may still hold a span of the tracer before.
        Some(parent) if parent.get().tracer.is_same(tracer) => Parent::Current(parent.get().span),
        _ => Parent::Root,
    };
    let span = match tracer.start_span(kind, above, name, options) {
        Ok(span) => span,
        Err(error) => {
            raise_if_wrong(error)?;
            SpanRef::NONE
        }
    };
    let span = Span {
        tracer: tracer.clone(),
        span,
        kind,
        parent: parent.map(Bound::unbind),
        failure: std::sync::Mutex::new(None),
        finished: AtomicBool::new(false),
        finished_in_turn: AtomicBool::new(false),
        process: fork::process(),
        has_output: AtomicBool::new(false),
    };
    let span = Bound::new(py, span)?;
    set_context_value(py, &span)?;
    Ok(span)
}

/// The parts of an annotation, as Python passed them.
pub(crate) struct Parts<'a, 'py> {
    pub(crate) input: Option<&'a Bound<'py, PyAny>>,
    pub(crate) output: Option<&'a Bound<'py, PyAny>>,
    pub(crate) metadata: Option<&'a Bound<'py, PyAny>>,
    pub(crate) metrics: Option<&'a Bound<'py, PyAny>>,
    pub(crate) tags: Option<&'a Bound<'py, PyAny>>,
}

impl Span {
    /// The tracer, unless this is a forked process: there the span is its parent's, and locks that
    /// threads of the parent held are held for ever.
    fn tracer(&self) -> Option<&witspan::Tracer> {
        (self.process == fork::process()).then_some(&self.tracer)
    }

    pub(crate) fn is_of(&self, tracer: &witspan::Tracer) -> bool {
        self.tracer.is_same(tracer)
    }

    fn context(&self) -> Option<SpanContext> {
        self.tracer()?.export_span(self.span).ok()
    }

    /// Adds to the span; raises for a wrong argument only.
    pub(crate) fn annotate(&self, parts: &Parts<'_, '_>) -> PyResult<()> {
        let mut writer = Writer::new();
        writer.out.push('{');
        for (name, part) in [
            ("\"input\":", parts.input),
            ("\"output\":", parts.output),
            ("\"metadata\":", parts.metadata),
            ("\"metrics\":", parts.metrics),
            ("\"tags\":", parts.tags),
        ] {
            let Some(part) = part.filter(|part| !part.is_none()) else { continue };
            if writer.out.len() > 1 {
                writer.out.push(',');
            }
            writer.out.push_str(name);
            writer.part(part);
            if let Some(interrupt) = writer.interrupt.take() {
                return Err(interrupt);
            }
        }
        writer.out.push('}');
        let Some(tracer) = self.tracer() else { return Ok(()) };
        match tracer.annotate(self.span, &writer.out) {
            Ok(_) => {
                if parts.output.is_some_and(|output| !output.is_none()) {
                    self.has_output.store(true, Ordering::Relaxed);
                }
                Ok(())
            }
            Err(error) => raise_if_wrong(error),
        }
    }

    /// The ids as they are sent; `None` if the span is not kept.
    pub(crate) fn ids<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(context) = self.context() else { return Ok(None) };
        let ids = PyDict::new(py);
        ids.set_item("span_id", context.span_id)?;
        ids.set_item("trace_id", context.trace_id)?;
        Ok(Some(ids))
    }

    fn end(slf: &Bound<'_, Span>, end_ns: Option<u64>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.finished.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let failure = this.failure.lock().map_or(None, |failure| failure.clone());
        let failure = failure.as_ref().map(|failure| Failure {
            message: &failure.message,
            error_type: &failure.error_type,
            stack: &failure.stack,
        });
        let again = this.tracer().and_then(|tracer| tracer.finish(this.span, failure, end_ns));
        // Only the context in which it is current is set back; others find out by themselves.
        if current(py)?.is_some_and(|current| current.is(slf)) {
            this.finished_in_turn.store(true, Ordering::Relaxed);
            set_context_value(py, &this.current_again(py, again)?)?;
        }
        Ok(())
    }

    /// What is current again: the ancestor that the core names. If it names none, the nearest that
    /// finished elsewhere while this span was open: only who knows contexts can tell that from an
    /// end out of order. So all of a task's work stays in one trace.
    fn current_again<'py>(
        &self,
        py: Python<'py>,
        named: Option<SpanRef>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut above = self.parent.as_ref();
        while let Some(span) = above {
            match named {
                Some(named) if span.get().span == named => {
                    return Ok(span.bind(py).clone().into_any());
                }
                None if span.get().finished_in_turn.load(Ordering::Relaxed) => {
                    return Ok(Bound::new(py, Outlived(span.clone_ref(py)))?.into_any());
                }
                _ => above = span.get().parent.as_ref(),
            }
        }
        Ok(py.None().into_bound(py))
    }

    fn fail(
        &self,
        error_type: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (failure, interrupt) = match describe(error_type, value, traceback) {
            Ok(failure) => (failure, Ok(())),
            Err(interrupt) => (OwnedFailure::default(), Err(interrupt)),
        };
        if let Ok(mut place) = self.failure.lock() {
            *place = Some(failure);
        }
        interrupt
    }
}

/// What an exception says. Its own code runs here, so anything may fail.
fn describe(
    error_type: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    traceback: &Bound<'_, PyAny>,
) -> PyResult<OwnedFailure> {
    let py = value.py();
    let text = |any: PyResult<Bound<'_, PyAny>>| -> PyResult<Option<String>> {
        let string = excused(any.and_then(|any| any.str()))?;
        Ok(string.map(|string| crate::arguments::text(&string).into_owned()))
    };
    let of_class = |name: &str| match error_type.cast::<PyType>() {
        Ok(class) => text(class.getattr(name)).map(Option::unwrap_or_default),
        Err(_) => Ok(String::new()),
    };
    let name = of_class("__qualname__")?;
    let module = of_class("__module__")?;
    let stack = || -> PyResult<String> {
        let limits = PyDict::new(py);
        // The 30 innermost frames, as ddtrace keeps.
        limits.set_item("limit", -30)?;
        let format = py.import("traceback")?.getattr("format_exception")?;
        let lines = format.call((error_type, value, traceback), Some(&limits))?;
        let joined = PyString::new(py, "").call_method1("join", (lines,))?;
        Ok(crate::arguments::text(joined.cast::<PyString>()?).into_owned())
    };
    Ok(OwnedFailure {
        message: text(Ok(value.clone()))?.unwrap_or_else(|| name.clone()),
        error_type: if module.is_empty() { name } else { format!("{module}.{name}") },
        stack: excused(stack())?.unwrap_or_default(),
    })
}

/// Whether an exception that leaves a span is an end rather than an error: a stream that its
/// reader closed, or a program that ends with success.
fn is_an_end(value: &Bound<'_, PyAny>) -> bool {
    let py = value.py();
    if value.is_instance_of::<PyGeneratorExit>() {
        return true;
    }
    value.is_instance_of::<PySystemExit>()
        && value
            .getattr(pyo3::intern!(py, "code"))
            .is_ok_and(|code| code.is_none() || code.extract::<i64>().is_ok_and(|code| code == 0))
}

#[pymethods]
impl Span {
    /// The decimal id that is sent, or "" if the span is not kept.
    #[getter]
    fn span_id(&self) -> String {
        self.context().map(|context| context.span_id).unwrap_or_default()
    }

    /// The trace's id: 32 hexadecimal digits, or "" if the span is not kept.
    #[getter]
    fn trace_id(&self) -> String {
        self.context().map(|context| context.trace_id).unwrap_or_default()
    }

    /// The kind's name, such as "llm".
    #[getter]
    fn kind(&self) -> &'static str {
        crate::tracer::kind_name(self.kind)
    }

    /// Ends the span. `finish_time` is in seconds since the epoch; now by default.
    #[pyo3(signature = (finish_time=None))]
    fn finish(slf: &Bound<'_, Span>, finish_time: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let end_ns = match finish_time.filter(|time| !time.is_none()) {
            None => None,
            Some(time) => {
                let seconds = excused(time.extract::<f64>())?;
                let since_epoch = seconds.map(Duration::try_from_secs_f64);
                let Some(Ok(since_epoch)) = since_epoch else {
                    let accepted = "seconds since the epoch, as a finite number, or None";
                    return Err(wrong_type("finish_time", time, accepted));
                };
                Some(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
            }
        };
        Span::end(slf, end_ns)
    }

    /// Marks the span as failed, with what `sys.exc_info()` gives.
    fn set_exc_info(
        &self,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if exc_val.is_none() {
            return Ok(());
        }
        self.fail(exc_type, exc_val, exc_tb)
    }

    /// Whether the application annotated an output.
    #[getter]
    fn _has_output(&self) -> bool {
        self.has_output.load(Ordering::Relaxed)
    }

    /// The span that is current in this context.
    #[staticmethod]
    fn _current(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
        current(py)
    }

    /// What this context holds, for `_restore`.
    #[staticmethod]
    fn _context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        context_value(py)
    }

    /// Makes a span, or what `_context` gave, current again.
    #[staticmethod]
    fn _restore(py: Python<'_>, before: &Bound<'_, PyAny>) -> PyResult<()> {
        set_context_value(py, before)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __exit__(
        slf: &Bound<'_, Span>,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let described = if exc_val.is_none() || is_an_end(exc_val) {
            Ok(())
        } else {
            slf.get().fail(exc_type, exc_val, exc_tb)
        };
        Span::end(slf, None)?;
        described
    }

    fn __repr__(&self) -> String {
        format!("<witspan.Span {} {}>", self.kind(), self.span_id())
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if !self.finished.load(Ordering::Acquire)
            && let Some(tracer) = self.tracer()
        {
            tracer.abandon(self.span);
        }
        if let Some(parent) = self.parent.take() {
            drop_in_turn(parent);
        }
    }
}

/// Drops a span, and the parents that only their children kept, one after the other: a chain of
/// them may be longer than the stack is deep.
fn drop_in_turn(span: Py<Span>) {
    thread_local! {
        static WAITING: RefCell<Vec<Py<Span>>> = const { RefCell::new(Vec::new()) };
        static DROPPING: Cell<bool> = const { Cell::new(false) };
    }
    let next = || WAITING.try_with(|waiting| waiting.borrow_mut().pop()).ok().flatten();
    let _ = WAITING.try_with(|waiting| waiting.borrow_mut().push(span));
    if DROPPING.try_with(|dropping| dropping.replace(true)).unwrap_or(true) {
        return;
    }
    while let Some(span) = next() {
        drop(span);
    }
    let _ = DROPPING.try_with(|dropping| dropping.set(false));
}

/// The span that an `annotate` or `export_span` is for: the argument, else the current one.
pub(crate) fn target<'py>(
    py: Python<'py>,
    span: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, Span>>> {
    match span.filter(|span| !span.is_none()) {
        None => current(py),
        Some(span) => match span.cast::<Span>() {
            Ok(span) => Ok(Some(span.clone())),
            Err(_) => Err(wrong_type("span", span, "a span that LLMObs started, or None")),
        },
    }
}

/// Reads the options that the starters share.
pub(crate) fn with_options<T>(
    session_id: Option<&Bound<'_, PyAny>>,
    ml_app: Option<&Bound<'_, PyAny>>,
    model_name: Option<&Bound<'_, PyAny>>,
    model_provider: Option<&Bound<'_, PyAny>>,
    run: impl FnOnce(&[SpanOption<'_>]) -> PyResult<T>,
) -> PyResult<T> {
    let session_id = optional_text("session_id", session_id)?;
    let ml_app = optional_text("ml_app", ml_app)?;
    let model_name = optional_text("model_name", model_name)?;
    let model_provider = optional_text("model_provider", model_provider)?;
    let options: [Option<SpanOption<'_>>; 4] = [
        session_id.as_deref().map(SpanOption::SessionId),
        ml_app.as_deref().map(SpanOption::MlApp),
        model_name.as_deref().map(SpanOption::ModelName),
        model_provider.as_deref().map(SpanOption::ModelProvider),
    ];
    if options.iter().all(Option::is_none) {
        return run(&[]);
    }
    let options: Vec<SpanOption<'_>> = options.into_iter().flatten().collect();
    run(&options)
}
