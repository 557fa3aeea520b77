//! What is current in a context of Python's: an open span, a place of another service, and the
//! annotation contexts around.

use crate::span::Span;
#[cfg(not(windows))]
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};
#[cfg(not(windows))]
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use witspan::Parent;

/// What is current where no span is open, but one was when this work was given its context: what
/// starts here belongs to the same trace.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Outlived(pub(crate) Py<Span>);

/// What is current where a request of another service is served: what starts here goes on there.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Remote(pub(crate) String);

/// A context variable, which is asked for at every start and end of a span.
struct Variable {
    #[cfg(not(windows))]
    variable: Py<PyAny>,
    #[cfg(windows)]
    get: Py<PyAny>,
    #[cfg(windows)]
    set: Py<PyAny>,
}

// In every CPython since 3.7.1, but not in the stable interface, by which Windows links: there the
// methods are called.
#[cfg(not(windows))]
unsafe extern "C" {
    fn PyContextVar_Get(
        variable: *mut ffi::PyObject,
        default: *mut ffi::PyObject,
        value: *mut *mut ffi::PyObject,
    ) -> c_int;
    fn PyContextVar_Set(
        variable: *mut ffi::PyObject,
        value: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject;
}

impl Variable {
    fn new(py: Python<'_>, name: &str) -> PyResult<Variable> {
        let defaults = PyDict::new(py);
        defaults.set_item("default", py.None())?;
        let class = py.import("contextvars")?.getattr("ContextVar")?;
        let variable = class.call((name,), Some(&defaults))?;
        #[cfg(not(windows))]
        return Ok(Variable { variable: variable.unbind() });
        #[cfg(windows)]
        Ok(Variable {
            get: variable.getattr("get")?.unbind(),
            set: variable.getattr("set")?.unbind(),
        })
    }

    fn get<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        #[cfg(not(windows))]
        // SAFETY: it is a context variable, which gives a reference of our own, or its default.
        unsafe {
            let mut value = std::ptr::null_mut();
            match PyContextVar_Get(self.variable.as_ptr(), std::ptr::null_mut(), &mut value) {
                0 => Ok(Bound::from_owned_ptr_or_opt(py, value)
                    .unwrap_or_else(|| py.None().into_bound(py))),
                _ => Err(PyErr::fetch(py)),
            }
        }
        #[cfg(windows)]
        self.get.bind(py).call0()
    }

    fn set(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        #[cfg(not(windows))]
        // SAFETY: it is a context variable; the token that comes back is ours to drop.
        unsafe {
            let token = PyContextVar_Set(self.variable.as_ptr(), value.as_ptr());
            Bound::from_owned_ptr_or_err(py, token).map(drop)
        }
        #[cfg(windows)]
        self.set.bind(py).call1((value,)).map(drop)
    }
}

/// Its value is a `Span`, an `Outlived`, a `Remote`, or `None`.
fn variable(py: Python<'_>) -> PyResult<&'static Variable> {
    static VARIABLE: PyOnceLock<Variable> = PyOnceLock::new();
    VARIABLE.get_or_try_init(py, || Variable::new(py, "witspan_span"))
}

/// What this context holds.
pub(crate) fn value(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    variable(py)?.get(py)
}

/// Has this context hold it.
pub(crate) fn set_value(py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    variable(py)?.set(py, value)
}

/// The span that is current in this context.
pub(crate) fn span(py: Python<'_>) -> PyResult<Option<Bound<'_, Span>>> {
    Ok(value(py)?.cast_into::<Span>().ok())
}

/// What a span that starts in a context stands under.
pub(crate) enum Above {
    Nothing,
    Span(Py<Span>),
    Remote(Py<Remote>),
}

impl Above {
    /// What starts in this context stands under this.
    pub(crate) fn here(py: Python<'_>) -> PyResult<Above> {
        let value = match value(py)?.cast_into::<Span>() {
            Ok(span) => return Ok(Above::Span(span.unbind())),
            Err(other) => other.into_inner(),
        };
        if let Ok(outlived) = value.cast::<Outlived>() {
            return Ok(Above::Span(outlived.get().0.clone_ref(py)));
        }
        Ok(value
            .cast_into::<Remote>()
            .map_or(Above::Nothing, |place| Above::Remote(place.unbind())))
    }

    /// The parent of a span that this tracer starts.
    pub(crate) fn parent(&self, tracer: &witspan::Tracer) -> Parent<'_> {
        match self {
            // After a restart of tracing the context may still hold a span of the tracer before.
            Above::Span(span) if span.get().is_of(tracer) => Parent::Current(span.get().handle()),
            Above::Remote(place) => Parent::Remote(&place.get().0),
            _ => Parent::Root,
        }
    }
}

/// Whether any annotation context was ever entered: until then nobody has to look for one.
static CONTEXTS_USED: AtomicBool = AtomicBool::new(false);

/// Its value is a tuple of the contexts' JSON texts, the outermost first, or `None`.
fn contexts_variable(py: Python<'_>) -> PyResult<&'static Variable> {
    static VARIABLE: PyOnceLock<Variable> = PyOnceLock::new();
    VARIABLE.get_or_try_init(py, || Variable::new(py, "witspan_annotation_contexts"))
}

/// The annotation contexts around this place, if there is any.
pub(crate) fn contexts(py: Python<'_>) -> PyResult<Option<Bound<'_, PyTuple>>> {
    if !CONTEXTS_USED.load(Ordering::Relaxed) {
        return Ok(None);
    }
    Ok(contexts_variable(py)?.get(py)?.cast_into::<PyTuple>().ok())
}

/// Enters an annotation context, whose text was checked.
#[pyfunction]
pub(crate) fn enter_context<'py>(py: Python<'py>, text: &Bound<'py, PyString>) -> PyResult<()> {
    CONTEXTS_USED.store(true, Ordering::Relaxed);
    let mut texts: Vec<Bound<'py, PyAny>> =
        contexts(py)?.map(|texts| texts.iter().collect()).unwrap_or_default();
    texts.push(text.clone().into_any());
    contexts_variable(py)?.set(py, PyTuple::new(py, texts)?.as_any())
}

/// Leaves it, if this place is inside.
#[pyfunction]
pub(crate) fn leave_context<'py>(py: Python<'py>, text: &Bound<'py, PyString>) -> PyResult<()> {
    let mut texts: Vec<Bound<'py, PyAny>> =
        contexts(py)?.map(|texts| texts.iter().collect()).unwrap_or_default();
    if let Some(at) = texts.iter().rposition(|other| other.is(text)) {
        texts.remove(at);
        contexts_variable(py)?.set(py, PyTuple::new(py, texts)?.as_any())?;
    }
    Ok(())
}

/// Puts this place inside these annotation contexts and no others; those it was inside. `None` for
/// no context.
#[pyfunction]
pub(crate) fn replace_contexts<'py>(
    py: Python<'py>,
    texts: Option<&Bound<'py, PyTuple>>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let before = contexts(py)?;
    if before.is_some() || texts.is_some() {
        let none = py.None().into_bound(py);
        contexts_variable(py)?.set(py, texts.map_or(&none, |texts| texts.as_any()))?;
    }
    Ok(before)
}
