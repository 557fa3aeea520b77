//! Spans as Python holds them.

use crate::arguments::{excused, raise_if_wrong, wrong_type};
use crate::current::{self, Above, Known, Place, lock};
use crate::failure::{OwnedFailure, describe, is_an_end};
use crate::json::{Writer, recycle};
use crate::lineage::{Under, drop_place};
use crate::processor;
use crate::surface::{Kind, Ready, Surface};
use crate::variable::Home;
use pyo3::exceptions::{PyBaseException, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use witspan::{SpanContext, SpanKind};

/// One span. A context manager; it is current from its start until it has finished, unless it was
/// started with `activate=False`.
///
/// Finishing twice, out of order or in another thread is allowed. A span that is collected
/// unfinished is counted as `unfinished` and not sent.
#[pyclass(frozen, module = "witspan", weakref)]
pub(crate) struct Span {
    known: Known,
    kind: SpanKind,
    under: Under,
    pub(crate) place: Mutex<Place>,
    failure: Mutex<Option<OwnedFailure>>,
    finished: AtomicBool,
    /// Whether the application itself said what came out.
    has_output: AtomicBool,
    pub(crate) surface: Surface,
}

/// The key of a tag or metric: text as it is, of anything else the text that it counts for.
fn key_of<'py>(key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if key.is_instance_of::<PyString>() {
        return Ok(key.clone());
    }
    let text = Writer::json(key)?;
    let text = witspan::text_of(&text).map_or(text, |(text, _)| text);
    Ok(PyString::new(key.py(), &text).into_any())
}

/// The members of an annotation by name, as Python passed them.
pub(crate) type Parts<'a, 'py> = [(&'static str, Option<&'a Bound<'py, PyAny>>)];

impl Span {
    #[inline]
    pub(crate) fn new(known: Known, kind: SpanKind, under: Under, place: Place) -> Span {
        Span {
            known,
            kind,
            under,
            place: Mutex::new(place),
            failure: Mutex::new(None),
            finished: AtomicBool::new(false),
            has_output: AtomicBool::new(false),
            surface: Surface::default(),
        }
    }

    fn tracer(&self) -> Option<&witspan::Tracer> {
        self.known.tracer()
    }

    /// What holds no other span.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// What it is sent as a child of.
    pub(crate) fn under(&self) -> &Under {
        &self.under
    }

    pub(crate) fn is_of(&self, tracer: &witspan::Tracer) -> bool {
        self.known.is_of(tracer)
    }

    pub(crate) fn has_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    fn context(&self) -> Option<SpanContext> {
        self.tracer()?.export_span(self.known.span()).ok()
    }

    /// The name that the core has for it, while it is open.
    fn sent_name(&self) -> Option<String> {
        self.tracer()?.span_info(self.known.span()).ok()?.name
    }

    /// Adds to the span; raises for a wrong argument only.
    pub(crate) fn annotate(&self, parts: &Parts<'_, '_>) -> PyResult<()> {
        let text = Writer::object(parts)?;
        let given = |(name, part): &(&str, Option<&Bound<'_, PyAny>>)| {
            *name == "output" && part.is_some_and(|part| !part.is_none())
        };
        let annotated = self.annotate_text(&text, parts.iter().any(given));
        recycle(text);
        annotated
    }

    /// Adds what a JSON text says, in which there is an output or not.
    pub(crate) fn annotate_text(&self, text: &str, has_output: bool) -> PyResult<()> {
        let Some(tracer) = self.tracer() else { return Ok(()) };
        match tracer.annotate(self.known.span(), text) {
            Ok(_) => {
                if has_output {
                    self.has_output.store(true, Ordering::Relaxed);
                }
                Ok(())
            }
            Err(error) => raise_if_wrong(error),
        }
    }

    /// Whether an output was annotated.
    pub(crate) fn said_output(&self) -> bool {
        self.has_output.load(Ordering::Relaxed)
    }

    /// Sets tags or metrics, and remembers them.
    fn set(&self, values: &Bound<'_, PyAny>, kind: Kind) -> PyResult<()> {
        if excused(values.is_truthy())? == Some(false) {
            return Ok(());
        }
        let part = match kind {
            Kind::Tags => "tags",
            Kind::Metrics => "metrics",
        };
        self.annotate(&[(part, Some(values))])?;
        match values.cast::<PyDict>() {
            Ok(values) => self.surface.remember(values, kind),
            Err(_) => Ok(()),
        }
    }

    /// The span's id; `None` if the span is not kept.
    fn number(&self) -> Option<u64> {
        self.context()?.span_id.parse().ok()
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
        let this = slf.get();
        if this.finished.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        this.surface.keep_name(|| this.sent_name());
        let failure = this.failure.lock().map_or(None, |failure| failure.clone());
        let failure = failure.as_ref().map(OwnedFailure::lend);
        if let Some(tracer) = this.tracer() {
            tracer.finish(this.known.span(), failure, end_ns);
        }
        let above = {
            let place = lock(&this.place);
            let stale =
                place.above.is_stale() || place.parent.as_ref().is_some_and(Above::is_stale);
            (!stale).then(|| place.above.value(slf.py()))
        };
        if above.is_none() {
            this.let_go()?;
        }
        current::leave(slf, above.as_ref())?;
        // What ended the processor, such as Ctrl-C, ends the application's call.
        processor::interrupt().map_or(Ok(()), Err)
    }

    fn exit(
        slf: &Bound<'_, Span>,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let described = if exc_val.is_none() || is_an_end(exc_val) {
            Ok(())
        } else {
            slf.get().fail(exc_type, exc_val, exc_tb, None)
        };
        Span::end(slf, None)?;
        described
    }

    /// Marks it as failed without any text, or as not failed.
    fn set_error(&self, failed: &Bound<'_, PyAny>) -> PyResult<()> {
        // As in ddtrace, what is no whole number says nothing.
        let Some(failed) = excused(failed.extract::<i64>())? else { return Ok(()) };
        let failed = failed != 0;
        if let Ok(mut place) = self.failure.lock() {
            *place = failed.then(|| place.take().unwrap_or_default());
        }
        Ok(())
    }

    fn fail(
        &self,
        error_type: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
        frames: Option<i64>,
    ) -> PyResult<()> {
        let (failure, interrupt) = match describe(error_type, value, traceback, frames) {
            Ok(failure) => (failure, Ok(())),
            Err(interrupt) => (OwnedFailure::default(), Err(interrupt)),
        };
        if let Ok(mut place) = self.failure.lock() {
            *place = Some(failure);
        }
        interrupt
    }
}

#[pymethods]
impl Span {
    /// The id, of 64 bits, or 0 if the span is not kept. `LLMObs.export_span` gives its text.
    #[getter]
    fn span_id(&self) -> u64 {
        self.number().unwrap_or_default()
    }

    /// The trace's id, of 128 bits; 0 if the span is not kept, or if the id, which another service
    /// chose, is no number.
    #[getter]
    fn trace_id(&self) -> u128 {
        let text = self.context().map(|context| context.trace_id).unwrap_or_default();
        // As it is sent: 32 hexadecimal digits, or decimal as another service had it.
        let number = match text.len() {
            32 => u128::from_str_radix(&text, 16),
            _ => text.parse(),
        };
        number.unwrap_or_default()
    }

    /// The id of the span that it is under, here or in another service; `None` for a root.
    #[getter]
    fn parent_id(&self) -> Option<u64> {
        self.parent()
    }

    /// The name with which it is sent, unless the program has set another, which is not sent.
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<String> {
        if let Some(renamed) = self.surface.renamed(py)? {
            return Ok(renamed);
        }
        let sent = self.surface.name(py, || self.sent_name());
        Ok(sent.unwrap_or_else(|| self.kind().to_owned()))
    }

    /// Whether it has finished.
    #[getter]
    fn finished(&self) -> bool {
        self.has_finished()
    }

    /// 1 if it failed, else 0. May be set: to 1 for a failure without any text. What is no whole
    /// number changes nothing.
    #[getter]
    fn error(&self) -> u8 {
        u8::from(self.failure.lock().is_ok_and(|failure| failure.is_some()))
    }

    /// Adds a tag, as `LLMObs.annotate(span, tags={key: value})` does.
    #[pyo3(signature = (key, value=None))]
    fn set_tag(&self, key: &Bound<'_, PyAny>, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let tags = PyDict::new(key.py());
        tags.set_item(key_of(key)?, value)?;
        self.set(&tags, Kind::Tags)
    }

    /// Adds tags, as `LLMObs.annotate(span, tags=tags)` does.
    fn set_tags(&self, tags: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set(tags, Kind::Tags)
    }

    /// Adds a metric, as `LLMObs.annotate(span, metrics={key: value})` does.
    fn set_metric(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let metrics = PyDict::new(key.py());
        metrics.set_item(key_of(key)?, value)?;
        self.set(&metrics, Kind::Metrics)
    }

    /// Adds metrics, as `LLMObs.annotate(span, metrics=metrics)` does.
    fn set_metrics(&self, metrics: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set(metrics, Kind::Metrics)
    }

    /// The text of a tag that was set by `set_tag` or `set_tags`; of a span that failed also of
    /// `error.type`, `error.message` and `error.stack`.
    fn get_tag<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(excused(self.get_tags(key.py())?.get_item(key))?.flatten())
    }

    /// The tags that `get_tag` knows.
    fn get_tags<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let tags = self.surface.all(py, Kind::Tags)?;
        if let Ok(failure) = self.failure.lock()
            && let Some(failure) = &*failure
        {
            for key in ["error.message", "error.type", "error.stack"] {
                if let Some(text) = failure.tag(key) {
                    tags.set_item(key, text)?;
                }
            }
        }
        Ok(tags)
    }

    /// A metric that was set by `set_metric` or `set_metrics`.
    fn get_metric<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(excused(self.surface.all(key.py(), Kind::Metrics)?.get_item(key))?.flatten())
    }

    /// The metrics that were set by `set_metric` or `set_metrics`.
    fn get_metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.surface.all(py, Kind::Metrics)
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
                let seconds = excused(time.extract::<f64>())?.filter(|time| time.is_finite());
                let Some(seconds) = seconds else {
                    let accepted = "seconds since the epoch, as a finite number, or None";
                    return Err(wrong_type("finish_time", time, accepted));
                };
                let since_epoch = Duration::try_from_secs_f64(seconds.max(0.0))
                    .map_or(u128::MAX, |time| time.as_nanos());
                Some(u64::try_from(since_epoch).unwrap_or(u64::MAX))
            }
        };
        Span::end(slf, end_ns)
    }

    /// Marks the span as failed, with what `sys.exc_info()` gives; what is no exception changes
    /// nothing. `limit` is how many of the
    /// innermost frames are kept; 30 by default.
    #[pyo3(signature = (exc_type, exc_val, exc_tb, limit=None))]
    fn set_exc_info(
        &self,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
        limit: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if !exc_val.is_instance_of::<PyBaseException>() {
            return Ok(());
        }
        let frames = limit.map(|limit| excused(limit.extract())).transpose()?.flatten();
        self.fail(exc_type, exc_val, exc_tb, frames)
    }

    /// The start, in nanoseconds since the epoch, and the nanoseconds to its end, once there is
    /// one; as they are sent.
    fn _times(&self) -> (u64, Option<u64>) {
        let times = self.tracer().and_then(|tracer| tracer.times(self.known.span()).ok());
        times.map_or((0, None), |times| (times.start_ns, times.duration_ns))
    }

    /// What the program set on it that is not sent.
    #[getter]
    fn _own<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        self.surface.own(py)
    }

    /// What only ddtrace's spans have, or that there is no such thing.
    fn __getattr__<'py>(
        slf: &Bound<'py, Span>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("witspan._attributes")?.getattr("get")?.call1((slf, name))
    }

    fn __setattr__(
        slf: &Bound<'_, Span>,
        name: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if name.eq("error")? {
            return slf.get().set_error(value);
        }
        slf.py().import("witspan._attributes")?.getattr("set")?.call1((slf, name, value)).map(drop)
    }

    /// Whether the application annotated an output.
    #[getter]
    fn _has_output(&self) -> bool {
        self.said_output()
    }

    /// The span that is current in this context.
    #[staticmethod]
    fn _current(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
        current::span(py)
    }

    /// What this context holds, for `_restore`.
    #[staticmethod]
    fn _context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        current::value(py)
    }

    /// Has this context hold what `_context` gave, in another one or before.
    #[staticmethod]
    fn _restore(py: Python<'_>, before: &Bound<'_, PyAny>) -> PyResult<()> {
        current::set_value(py, before).map(drop)
    }

    /// Makes it current in this context as its start did in the one that it was started in.
    fn _activate(slf: &Bound<'_, Self>) -> PyResult<()> {
        let context = current::set_value(slf.py(), slf.as_any())?;
        let mut place = lock(&slf.get().place);
        place.more.retain(|home| !home.is_gone(slf.py()));
        if !place.homes().any(|home| home.is(&context)) {
            place.more.extend(Home::of(&context));
        }
        Ok(())
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
        Span::exit(slf, exc_type, exc_val, exc_tb)
    }

    fn __aenter__(slf: Py<Self>) -> Ready {
        Ready(slf.into_any())
    }

    fn __aexit__(
        slf: &Bound<'_, Span>,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) -> PyResult<Ready> {
        Span::exit(slf, exc_type, exc_val, exc_tb)?;
        Ok(Ready(slf.py().None()))
    }

    fn __repr__(&self) -> String {
        format!("<witspan.Span {} {}>", self.kind(), self.span_id())
    }
}

/// Has Python call the end of a `with` block without making a tuple of what it says of it.
pub(crate) fn hasten(py: Python<'_>) -> PyResult<()> {
    crate::fast::set_method(&py.get_type::<Span>(), c"__exit__", exit)
}

unsafe extern "C" fn exit(
    span: *mut ffi::PyObject,
    given: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: Python calls this as a method of `Span` with that many arguments, which outlive it.
    unsafe {
        crate::fast::run(|py| {
            let span = Bound::ref_from_ptr(py, &span).cast_unchecked::<Span>();
            if count != 3 {
                return Err(PyTypeError::new_err(format!(
                    "Span.__exit__() takes 3 arguments ({count} given)"
                )));
            }
            let given = |at| Bound::ref_from_ptr(py, &*given.add(at));
            Span::exit(span, given(0), given(1), given(2))?;
            Ok(py.None().into_bound(py))
        })
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if !self.has_finished()
            && let Some(tracer) = self.tracer()
        {
            tracer.abandon(self.known.span());
        }
        drop_place(self.place.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The span that an `annotate` or `export_span` is for: the argument, else the current one.
pub(crate) fn target<'py>(
    py: Python<'py>,
    span: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, Span>>> {
    match span.filter(|span| !span.is_none()) {
        None => current::span(py),
        Some(span) => match span.cast::<Span>() {
            Ok(span) => Ok(Some(span.clone())),
            Err(_) => Err(wrong_type("span", span, "a span that LLMObs started, or None")),
        },
    }
}
