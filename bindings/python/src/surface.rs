//! What `Span` has because ddtrace's has it: its name, its ids as numbers, tags and metrics one by
//! one, and `async with`.

use crate::arguments::excused;
use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString, PyTuple};
use std::sync::{Mutex, OnceLock, PoisonError};

/// What a span was called, and the annotation contexts that may have renamed it.
type Named = (Option<Py<PyString>>, Option<Py<PyTuple>>);

/// What is there to be asked for, and not needed to send the span.
#[derive(Default)]
pub(crate) struct Surface {
    named: OnceLock<Named>,
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
    /// Remembers what the span was called where it started.
    pub(crate) fn call(
        &self,
        name: Option<&Bound<'_, PyAny>>,
        around: Option<&Bound<'_, PyTuple>>,
    ) {
        let name = name.and_then(|name| name.cast::<PyString>().ok());
        if name.is_some() || around.is_some() {
            let _ = self
                .named
                .set((name.map(|n| n.clone().unbind()), around.map(|a| a.clone().unbind())));
        }
    }

    /// The name with which the span is sent, or `None` for that of its kind.
    pub(crate) fn name(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let Some((name, around)) = self.named.get() else { return Ok(None) };
        let mut shown =
            name.as_ref().map(|name| crate::arguments::text(name.bind(py)).into_owned());
        if let Some(around) = around {
            let loads = py.import("json")?.getattr("loads")?;
            for context in crate::contexts::texts(around.bind(py)) {
                let renamed = loads.call1((context,))?.call_method1("get", ("name",))?;
                if let Ok(renamed) = renamed.extract::<String>()
                    && !renamed.is_empty()
                {
                    shown = Some(renamed);
                }
            }
        }
        Ok(shown.filter(|name| !name.is_empty()))
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
                    // What is no number was left out.
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
