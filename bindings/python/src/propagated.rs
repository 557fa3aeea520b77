//! Functions that take along what is current, into whatever thread runs them.

use crate::contexts;
use crate::current::{self, Above};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// A function that runs as if it were called where this was made: with the same current span and
/// the same annotation contexts around. Afterwards its thread has its own again.
///
/// Python sees no frame of it, so tracebacks are as without it. It may be called any number of
/// times and in several threads at once.
#[pyclass(frozen, module = "witspan._native", weakref)]
pub(crate) struct Propagated {
    function: Py<PyAny>,
    /// What is current inside, as a context holds it.
    current: Py<PyAny>,
    contexts: Option<Py<PyTuple>>,
    /// The thread whose `run` it stands for, until it runs.
    thread: std::sync::Mutex<Option<Py<PyAny>>>,
}

/// Has a function take along what is current here; the same function if nothing is. With a
/// `thread`, it stands on it as its `run` and steps aside when it is called.
#[pyfunction]
#[pyo3(signature = (function, thread=None))]
pub(crate) fn propagated<'py>(
    function: &Bound<'py, PyAny>,
    thread: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let above = Above::here(py)?;
    let contexts = contexts::carried(py)?;
    if matches!(above, Above::Nothing) && contexts.is_none() {
        return Ok(function.clone());
    }
    let above = above.carried(py)?;
    let made = Propagated {
        function: function.clone().unbind(),
        current: above.value(py).unbind(),
        contexts: contexts.map(Bound::unbind),
        thread: std::sync::Mutex::new(thread.map(|thread| thread.clone().unbind())),
    };
    Ok(Bound::new(py, made)?.into_any())
}

#[pymethods]
impl Propagated {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let me = slf.get();
        let thread = current::lock(&me.thread).take();
        if let Some(thread) = thread {
            // It would hold itself by its `run`.
            let own = thread.bind(py).getattr("__dict__")?.cast_into::<PyDict>()?;
            if own.get_item("run")?.is_some_and(|run| run.is(slf)) {
                own.del_item("run")?;
            }
        }
        let before = current::value(py)?;
        current::set_value(py, me.current.bind(py))?;
        let around = contexts::replace_contexts(py, me.contexts.as_ref().map(|all| all.bind(py)))?;
        let result = me.function.bind(py).call(args, kwargs);
        // Whatever becomes of this, the result is the function's.
        let _ = contexts::replace_contexts(py, around.as_ref());
        let _ = current::set_value(py, &before);
        result
    }

    /// So that `inspect` reads the function's signature.
    #[getter]
    fn __wrapped__(&self, py: Python<'_>) -> Py<PyAny> {
        self.function.clone_ref(py)
    }

    fn __getattr__<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let name =
            name.cast::<pyo3::types::PyString>().map_err(|_| PyTypeError::new_err("name"))?;
        self.function.bind(name.py()).getattr(name)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.function.bind(py).repr()?.to_string())
    }

    /// What goes to another process goes without a place in this one's trace.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Py<PyAny>,))> {
        let plain = py.import("witspan._threads")?.getattr("plain")?;
        Ok((plain, (self.function.clone_ref(py),)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)?;
        visit.call(&self.current)?;
        if let Some(contexts) = &self.contexts {
            visit.call(contexts)?;
        }
        if let Ok(thread) = self.thread.try_lock()
            && let Some(thread) = &*thread
        {
            visit.call(thread)?;
        }
        Ok(())
    }
}
