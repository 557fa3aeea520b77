//! Spans as Python holds them, and the context that carries the current one.

use crate::arguments::{optional_text, raise_if_wrong, wrong_type};
use crate::json::Writer;
use pyo3::exceptions::{PyGeneratorExit, PySystemExit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};
use std::sync::atomic::{AtomicBool, Ordering};
use witspan::{Failure, Parent, SpanKind, SpanOption, SpanRef};

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
    /// Whether the application itself said what went in and came out.
    has_input: AtomicBool,
    has_output: AtomicBool,
}

#[derive(Clone)]
struct OwnedFailure {
    message: String,
    error_type: String,
    stack: String,
}

/// The context variable: a `Span`, or `None`.
fn current_variable(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static VARIABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let variable = VARIABLE.get_or_try_init(py, || {
        let defaults = PyDict::new(py);
        defaults.set_item("default", py.None())?;
        let class = py.import("contextvars")?.getattr("ContextVar")?;
        PyResult::Ok(class.call(("witspan_span",), Some(&defaults))?.unbind())
    })?;
    Ok(variable.bind(py))
}

/// The span that is current in this context.
pub(crate) fn current(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
    let current = current_variable(py)?.call_method0(pyo3::intern!(py, "get"))?;
    Ok(current.cast_into::<Span>().ok())
}

fn set_current(py: Python<'_>, span: Option<&Py<Span>>) -> PyResult<()> {
    let variable = current_variable(py)?;
    match span {
        Some(span) => variable.call_method1(pyo3::intern!(py, "set"), (span,))?,
        None => variable.call_method1(pyo3::intern!(py, "set"), (py.None(),))?,
    };
    Ok(())
}

/// Starts a span and makes it current.
pub(crate) fn start<'py>(
    py: Python<'py>,
    tracer: &witspan::Tracer,
    kind: SpanKind,
    name: Option<&str>,
    options: &[SpanOption<'_>],
) -> PyResult<Bound<'py, Span>> {
    let parent = current(py)?;
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
        has_input: AtomicBool::new(false),
        has_output: AtomicBool::new(false),
    };
    let span = Bound::new(py, span)?;
    set_current(py, Some(span.as_unbound()))?;
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
            writer.value(part);
        }
        writer.out.push('}');
        match self.tracer.annotate(self.span, &writer.out) {
            Ok(_) => {
                let given = |part: Option<&Bound<'_, PyAny>>| part.is_some_and(|p| !p.is_none());
                if given(parts.input) {
                    self.has_input.store(true, Ordering::Relaxed);
                }
                if given(parts.output) {
                    self.has_output.store(true, Ordering::Relaxed);
                }
                Ok(())
            }
            Err(error) => raise_if_wrong(error),
        }
    }

    /// The ids as they are sent; `None` if the span is not kept.
    pub(crate) fn ids<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Ok(context) = self.tracer.export_span(self.span) else { return Ok(None) };
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
        let again = this.tracer.finish(this.span, failure, end_ns);
        // Only the context in which it is current is set back; others find out by themselves.
        if current(py)?.is_some_and(|current| current.is(slf)) {
            set_current(py, this.ancestor(again))?;
        }
        Ok(())
    }

    /// The ancestor that the core names.
    fn ancestor(&self, named: Option<SpanRef>) -> Option<&Py<Span>> {
        let named = named?;
        let mut above = self.parent.as_ref();
        while let Some(span) = above {
            if span.get().span == named {
                break;
            }
            above = span.get().parent.as_ref();
        }
        above
    }

    fn fail(
        &self,
        error_type: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) {
        let failure = describe(error_type, value, traceback);
        if let Ok(mut place) = self.failure.lock() {
            *place = Some(failure);
        }
    }
}

/// What an exception says. Its own code runs here, so anything may fail; nothing is raised.
fn describe(
    error_type: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    traceback: &Bound<'_, PyAny>,
) -> OwnedFailure {
    let py = value.py();
    let text = |any: PyResult<Bound<'_, PyAny>>| -> Option<String> {
        let string = any.ok()?.str().ok()?;
        Some(crate::arguments::text(&string).into_owned())
    };
    let class = error_type.cast::<PyType>().ok();
    let name = class.and_then(|class| text(class.getattr("__qualname__"))).unwrap_or_default();
    let module = class.and_then(|class| text(class.getattr("__module__"))).unwrap_or_default();
    let stack = || -> PyResult<String> {
        let limits = PyDict::new(py);
        // The 30 innermost frames, as ddtrace keeps.
        limits.set_item("limit", -30)?;
        let format = py.import("traceback")?.getattr("format_exception")?;
        let lines = format.call((error_type, value, traceback), Some(&limits))?;
        let joined = PyString::new(py, "").call_method1("join", (lines,))?;
        Ok(crate::arguments::text(joined.cast::<PyString>()?).into_owned())
    };
    OwnedFailure {
        message: text(Ok(value.clone())).unwrap_or_else(|| name.clone()),
        error_type: if module.is_empty() { name } else { format!("{module}.{name}") },
        stack: stack().unwrap_or_default(),
    }
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
        self.tracer.export_span(self.span).map(|context| context.span_id).unwrap_or_default()
    }

    /// The trace's id: 32 hexadecimal digits, or "" if the span is not kept.
    #[getter]
    fn trace_id(&self) -> String {
        self.tracer.export_span(self.span).map(|context| context.trace_id).unwrap_or_default()
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
            Some(time) => match time.extract::<f64>() {
                Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => {
                    Some((seconds * 1e9) as u64)
                }
                _ => {
                    let accepted = "seconds since the epoch, as a finite number, or None";
                    return Err(wrong_type("finish_time", time, accepted));
                }
            },
        };
        Span::end(slf, end_ns)
    }

    /// Marks the span as failed, with what `sys.exc_info()` gives.
    fn set_exc_info(
        &self,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) {
        if !exc_val.is_none() {
            self.fail(exc_type, exc_val, exc_tb);
        }
    }

    /// Whether the application annotated an output.
    #[getter]
    fn _has_output(&self) -> bool {
        self.has_output.load(Ordering::Relaxed)
    }

    /// Whether the application annotated an input.
    #[getter]
    fn _has_input(&self) -> bool {
        self.has_input.load(Ordering::Relaxed)
    }

    /// Makes the span current in this context; gives back what was.
    fn _activate<'py>(slf: &Bound<'py, Span>) -> PyResult<Option<Bound<'py, Span>>> {
        let py = slf.py();
        let before = current(py)?;
        set_current(py, Some(slf.as_unbound()))?;
        Ok(before)
    }

    /// The span that is current in this context.
    #[staticmethod]
    fn _current(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
        current(py)
    }

    /// Makes `before` current again.
    #[staticmethod]
    #[pyo3(signature = (before))]
    fn _restore(py: Python<'_>, before: Option<Bound<'_, Span>>) -> PyResult<()> {
        set_current(py, before.map(Bound::unbind).as_ref())
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
        if !exc_val.is_none() && !is_an_end(exc_val) {
            slf.get().fail(exc_type, exc_val, exc_tb);
        }
        Span::end(slf, None)
    }

    fn __repr__(&self) -> String {
        format!("<witspan.Span {} {}>", self.kind(), self.span_id())
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if !self.finished.load(Ordering::Acquire) {
            self.tracer.abandon(self.span);
        }
    }
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
