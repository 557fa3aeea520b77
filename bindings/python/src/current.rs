//! What is current in a context of Python's: an open span, the trace of one that is over, or a
//! place of another service.
//!
//! A thread, a task and a greenlet have a context of their own, and a context may be copied: a task
//! has what was current where it was created. A context may still hold a span when that has
//! finished, because it finished in another one. Whoever looks passes over it:
//!
//! - where it was made current itself, to what was current there before;
//! - in a copy, or where it was carried, to the nearest ancestor that is open. If there is none, it
//!   stays the parent of what starts there, and is not current: so work that outlives it stays in
//!   its trace.

use crate::span::Span;
use crate::variable::{Home, Variable};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use witspan::{Parent, SpanRef};

/// A span as its tracer knows it: what holds no other span.
#[derive(Clone)]
pub(crate) struct Known {
    tracer: witspan::Tracer,
    span: SpanRef,
    /// The process, of those that fork from each other, in which it started.
    process: u32,
}

impl Known {
    pub(crate) fn new(tracer: witspan::Tracer, span: SpanRef) -> Known {
        Known { tracer, span, process: crate::fork::process() }
    }

    pub(crate) fn span(&self) -> SpanRef {
        self.span
    }

    /// The tracer, unless this is a forked process: there the span is its parent's, and locks that
    /// threads of the parent held are held for ever.
    pub(crate) fn tracer(&self) -> Option<&witspan::Tracer> {
        (self.process == crate::fork::process()).then_some(&self.tracer)
    }

    pub(crate) fn is_of(&self, tracer: &witspan::Tracer) -> bool {
        self.tracer.is_same(tracer)
    }

    /// The headers that continue its trace; none if it is not kept.
    pub(crate) fn inject(&self, headers: &[(&str, &str)]) -> Vec<(String, String)> {
        let injected = self.tracer().map(|tracer| tracer.inject(self.span, headers));
        injected.and_then(Result::ok).unwrap_or_default()
    }
}

/// What is current where no span is open, but one was when this work was given its context: what
/// starts here belongs to the same trace.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Outlived(pub(crate) Known);

#[pymethods]
impl Outlived {
    /// The id of the span that was current; 0 if that is not known any more.
    #[getter]
    fn span_id(&self) -> u64 {
        let ids = self.0.tracer().and_then(|tracer| tracer.export_span(self.0.span).ok());
        ids.and_then(|ids| ids.span_id.parse().ok()).unwrap_or_default()
    }
}

/// What is current where a request of another service is served: what starts here goes on there.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Remote(pub(crate) String);

/// What is current where a function runs that took a span along: as in a copy of the context, also
/// where it runs in the one that started the span.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Carried(Py<Span>);

/// Its value is a `Span`, a `Carried`, an `Outlived`, a `Remote`, or `None`.
fn variable(py: Python<'_>) -> PyResult<&'static Variable> {
    static VARIABLE: PyOnceLock<Variable> = PyOnceLock::new();
    VARIABLE.get_or_try_init(py, || Variable::new(py, "witspan_span"))
}

/// What this context holds, finished or not.
pub(crate) fn value(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    variable(py)?.get(py)
}

/// Has this context hold it, and gives the context.
pub(crate) fn set_value<'py>(
    py: Python<'py>,
    value: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    variable(py)?.set(py, value)
}

/// The span that is current in this context.
pub(crate) fn span(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
    let value = value(py)?;
    if value.is_none() {
        return Ok(None);
    }
    match value.cast_into::<Span>() {
        Ok(span) if !span.get().has_finished() => Ok(Some(span)),
        _ => Ok(Above::here(py)?.into_span(py)),
    }
}

/// The span whose trace goes on in this context: the current one, or one that is over.
pub(crate) fn known(py: Python<'_>) -> PyResult<Option<Known>> {
    let above = Above::here(py)?;
    let known = above.known().cloned();
    above.drop_ref(py);
    Ok(known)
}

/// What a span that starts in a context stands under.
#[derive(Default)]
pub(crate) enum Above {
    #[default]
    Nothing,
    Span(Py<Span>),
    Carried(Py<Carried>),
    Outlived(Py<Outlived>),
    Remote(Py<Remote>),
    Unkept(Arc<Unkept>),
}

impl Above {
    /// What starts in this context stands under this.
    pub(crate) fn here(py: Python<'_>) -> PyResult<Above> {
        let above = Above::held(value(py)?);
        match above.is_stale() {
            true => pass_over(above, None),
            false => Ok(above),
        }
    }

    /// What a context holds.
    fn held(value: Bound<'_, PyAny>) -> Above {
        let value = match value.cast_into::<Span>() {
            Ok(span) => return Above::Span(span.unbind()),
            Err(other) => other.into_inner(),
        };
        if value.is_none() {
            return Above::Nothing;
        }
        let value = match value.cast_into::<Carried>() {
            Ok(span) => return Above::Carried(span.unbind()),
            Err(other) => other.into_inner(),
        };
        let value = match value.cast_into::<Outlived>() {
            Ok(span) => return Above::Outlived(span.unbind()),
            Err(other) => other.into_inner(),
        };
        value.cast_into::<Remote>().map_or(Above::Nothing, |place| Above::Remote(place.unbind()))
    }

    /// The same, for a function that takes it along.
    pub(crate) fn carried(self, py: Python<'_>) -> PyResult<Above> {
        match self {
            Above::Span(span) => Ok(Above::Carried(Py::new(py, Carried(span))?)),
            other => Ok(other),
        }
    }

    /// The span.
    pub(crate) fn span(&self) -> Option<&Py<Span>> {
        match self {
            Above::Span(span) => Some(span),
            Above::Carried(carried) => Some(&carried.get().0),
            _ => None,
        }
    }

    fn into_span(self, py: Python<'_>) -> Option<Bound<'_, Span>> {
        let span = self.span().map(|span| span.bind(py).clone());
        self.drop_ref(py);
        span
    }

    /// The span, or the one whose trace goes on.
    fn known(&self) -> Option<&Known> {
        match self {
            Above::Outlived(span) => Some(&span.get().0),
            _ => self.span().map(|span| span.get().known()),
        }
    }

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Above {
        match self {
            Above::Nothing => Above::Nothing,
            Above::Span(span) => Above::Span(span.clone_ref(py)),
            Above::Carried(span) => Above::Carried(span.clone_ref(py)),
            Above::Outlived(span) => Above::Outlived(span.clone_ref(py)),
            Above::Remote(place) => Above::Remote(place.clone_ref(py)),
            Above::Unkept(span) => Above::Unkept(Arc::clone(span)),
        }
    }

    /// Drops it at once, also where Python was not entered by PyO3.
    pub(crate) fn drop_ref(self, py: Python<'_>) {
        match self {
            Above::Nothing | Above::Unkept(_) => {}
            Above::Span(span) => span.drop_ref(py),
            Above::Carried(span) => span.drop_ref(py),
            Above::Outlived(span) => span.drop_ref(py),
            Above::Remote(place) => place.drop_ref(py),
        }
    }

    /// What a context holds for it.
    pub(crate) fn value<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match self {
            Above::Span(span) => span.bind(py).clone().into_any(),
            Above::Carried(span) => span.bind(py).clone().into_any(),
            Above::Outlived(span) => span.bind(py).clone().into_any(),
            Above::Remote(place) => place.bind(py).clone().into_any(),
            Above::Nothing | Above::Unkept(_) => py.None().into_bound(py),
        }
    }

    /// The parent of a span that this tracer starts.
    pub(crate) fn parent(&self, tracer: &witspan::Tracer) -> Parent<'_> {
        if let Above::Remote(place) = self {
            return Parent::Remote(&place.get().0);
        }
        // After a restart of tracing the context may still hold a span of the tracer before.
        match self.known() {
            Some(known) if known.is_of(tracer) => Parent::Current(known.span),
            _ => Parent::Root,
        }
    }

    /// Whether it is a span that has finished, or may have.
    pub(crate) fn is_stale(&self) -> bool {
        match self {
            Above::Unkept(_) => true,
            _ => self.span().is_some_and(|span| span.get().has_finished()),
        }
    }
}

/// What is current in this context, which holds a span that has finished. `leaving` says which one
/// did so only now, and here.
#[cold]
fn pass_over(mut held: Above, leaving: Option<&Bound<'_, Span>>) -> PyResult<Above> {
    // Entered as Python's functions are, so that references which are dropped are released at once.
    Python::attach(|py| {
        // Setting what is there tells which context this is.
        let context = set_value(py, &held.value(py))?;
        let now = loop {
            if let Above::Unkept(span) = &held {
                held = span.now(py);
                continue;
            }
            let finished = match held.span() {
                Some(span) if span.get().has_finished() => span,
                _ => break held.clone_ref(py),
            };
            let leaving = leaving.is_some_and(|span| span.is(finished));
            let is_its = matches!(held, Above::Span(_));
            held = if is_its && finished.get().is_at_home(&context, leaving) {
                finished.get().above(py)
            } else {
                match finished.get().outlived(py)? {
                    // It stays what it is: that one may finish before this work does.
                    Above::Span(open) => break Above::Span(open),
                    other => other,
                }
            };
        };
        set_value(py, &held.value(py))?;
        Ok(now)
    })
}

/// Has this context, which ends a span, go on without it if it was current here. `above` is what is
/// to be current again, if that is plain.
pub(crate) fn leave(span: &Bound<'_, Span>, above: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let py = span.py();
    let held = value(py)?;
    if held.is(span) {
        if let Some(above) = above {
            let context = set_value(py, above)?;
            if span.get().is_at_home(&context, true) {
                return Ok(());
            }
        }
        pass_over(Above::held(held), Some(span))?.drop_ref(py);
    } else if held.cast::<Carried>().is_ok_and(|carried| carried.get().0.is(span)) {
        pass_over(Above::held(held), None)?.drop_ref(py);
    }
    // Other contexts find out by themselves.
    Ok(())
}

/// A span that found no room, as it is remembered by those that start inside it: they do not hold
/// it, so that any number of them may be forgotten.
pub(crate) struct Unkept {
    span: OnceLock<Py<PyWeakrefReference>>,
    above: Mutex<Above>,
}

impl Unkept {
    /// One that starts here.
    #[cold]
    pub(crate) fn new(above: Above) -> Arc<Unkept> {
        // Entered as Python's functions are, so that what is dropped is released at once.
        let above = Python::attach(|py| {
            let Above::Span(span) = &above else { return above };
            let Above::Unkept(one) = span.get().above(py) else { return above };
            // Those that are gone or over are passed over now, so that this does not grow.
            while let Above::Unkept(next) = one.above(py)
                && next.open(py).is_none()
            {
                one.set_above(next.above(py));
            }
            Above::Unkept(one)
        });
        Arc::new(Unkept { span: OnceLock::new(), above: Mutex::new(above) })
    }

    /// Says which span it is.
    pub(crate) fn is(&self, span: &Bound<'_, Span>) {
        if let Ok(reference) = PyWeakrefReference::new(span.as_any()) {
            let _ = self.span.set(reference.unbind());
        }
    }

    /// The span, while somebody holds it and it has not finished.
    pub(crate) fn open(&self, py: Python<'_>) -> Option<Py<Span>> {
        let span = self.span.get()?.bind(py).upgrade()?.cast_into::<Span>().ok()?;
        (!span.get().has_finished()).then(|| span.unbind())
    }

    pub(crate) fn above(&self, py: Python<'_>) -> Above {
        lock(&self.above).clone_ref(py)
    }

    /// Has it remember something else as what was before it.
    pub(crate) fn set_above(&self, above: Above) {
        let before = std::mem::replace(&mut *lock(&self.above), above);
        drop(before);
    }

    /// The span, or what was current before it.
    pub(crate) fn now(&self, py: Python<'_>) -> Above {
        self.open(py).map_or_else(|| self.above(py), Above::Span)
    }
}

impl Drop for Unkept {
    fn drop(&mut self) {
        // One after the other: a chain of them may be longer than the stack is deep.
        let mut above = std::mem::take(&mut *lock(&self.above));
        while let Above::Unkept(next) = above {
            above = match Arc::into_inner(next) {
                Some(last) => std::mem::take(&mut *lock(&last.above)),
                None => Above::Nothing,
            };
        }
    }
}

/// Where a span stands among others.
#[derive(Default)]
pub(crate) struct Place {
    /// What was current before it. Once it has finished, what is not over of that.
    pub(crate) above: Above,
    /// The parent that it was given in the place of that.
    pub(crate) parent: Option<Above>,
    /// The context that it was started in.
    pub(crate) home: Option<Home>,
    /// Others that made it current.
    pub(crate) more: Vec<Home>,
}

impl Place {
    pub(crate) fn homes(&self) -> impl Iterator<Item = &Home> {
        self.home.iter().chain(&self.more)
    }
}

/// Of a value that no application's code runs under.
pub(crate) fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
