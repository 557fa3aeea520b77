//! What `Span` has because ddtrace's has it: its name, its ids as numbers, tags and metrics one by
//! one, and `async with`.

use crate::arguments::excused;
use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString};
use std::sync::{Mutex, OnceLock, PoisonError};

/// What is there to be asked for, and not needed to send the span.
#[derive(Default)]
pub(crate) struct Surface {
    /// What it was called.
    called: OnceLock<Py<PyString>>,
    /// Where annotation contexts may have renamed it: how it is sent, once that was asked.
    renamed_by_context: OnceLock<OnceLock<Option<String>>>,
    /// Tags as text, and metrics, that were set one by one.
    set: Mutex<Option<(Py<PyDict>, Py<PyDict>)>>,
    /// What the program set as attributes.
    own: OnceLock<Py<PyDict>>,
}

/// Which of the two kinds of things that are set one by one.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Tags,
    Metrics,
}

impl Surface {
    /// Remembers what the span was called where it started, and whether contexts were around it.
    pub(crate) fn call(&self, name: Option<&Bound<'_, PyAny>>, in_context: bool) {
        if let Some(name) = name.and_then(|name| name.cast::<PyString>().ok()) {
            let _ = self.called.set(name.clone().unbind());
        }
        if in_context {
            let _ = self.renamed_by_context.set(OnceLock::new());
        }
    }

    /// The name with which the span is sent, or `None` for that of its kind. The core is asked for it
    /// where contexts may have named it; it knows while the span is open.
    pub(crate) fn name(
        &self,
        py: Python<'_>,
        ask: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        let sent = self.renamed_by_context.get().and_then(|sent| sent.get_or_init(ask).clone());
        let called = || Some(crate::arguments::text(self.called.get()?.bind(py)).into_owned());
        sent.or_else(called).filter(|name| !name.is_empty())
    }

    /// Asks for the name, before it is too late.
    #[inline]
    pub(crate) fn keep_name(&self, ask: impl FnOnce() -> Option<String>) {
        if let Some(sent) = self.renamed_by_context.get() {
            sent.get_or_init(ask);
        }
    }

    /// What the program set as attributes, which may be added to.
    pub(crate) fn own<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        self.own.get_or_init(|| PyDict::new(py).unbind()).bind(py).clone()
    }

    /// The name that the program set.
    pub(crate) fn renamed(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let Some(own) = self.own.get() else { return Ok(None) };
        let name = own.bind(py).get_item("name")?;
        Ok(name.and_then(|name| {
            name.cast::<PyString>().ok().map(|n| crate::arguments::text(n).into_owned())
        }))
    }

    /// A copy of what was set.
    pub(crate) fn all<'py>(&self, py: Python<'py>, kind: Kind) -> PyResult<Bound<'py, PyDict>> {
        match &*self.set.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(PyDict::new(py)),
            Some((tags, metrics)) => match kind {
                Kind::Tags => tags.bind(py).copy(),
                Kind::Metrics => metrics.bind(py).copy(),
            },
        }
    }

    /// Remembers what was set: a tag as its text, a metric as it is.
    pub(crate) fn remember(&self, values: &Bound<'_, PyDict>, kind: Kind) -> PyResult<()> {
        let py = values.py();
        let mut kept = Vec::new();
        for (key, value) in values {
            match kind {
                Kind::Tags => {
                    if let Some(text) = excused(value.str())? {
                        kept.push((key, text.into_any()));
                    }
                }
                Kind::Metrics if value.is_instance_of::<PyInt>() => kept.push((key, value)),
                Kind::Metrics => {
                    // What is not a number was left out.
                    let float = py.get_type::<PyFloat>().call1((value,));
                    if let Some(number) = excused(float)? {
                        kept.push((key, number));
                    }
                }
            }
        }
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let (tags, metrics) =
            set.get_or_insert_with(|| (PyDict::new(py).unbind(), PyDict::new(py).unbind()));
        let place = match kind {
            Kind::Tags => tags.bind(py),
            Kind::Metrics => metrics.bind(py),
        };
        kept.into_iter().try_for_each(|(key, value)| place.set_item(key, value))
    }
}

/// Something that is there at once, for `await`.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Ready(pub(crate) Py<PyAny>);

#[pymethods]
impl Ready {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Err(PyStopIteration::new_err((self.0.clone_ref(py),)))
    }
}
