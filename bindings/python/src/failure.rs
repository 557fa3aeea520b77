//! What an exception says of the span that it ended.

use crate::arguments::{excused, text as text_of};
use pyo3::exceptions::{PyGeneratorExit, PySystemExit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};
use witspan::Failure;

/// An error as its texts.
#[derive(Clone, Default)]
pub(crate) struct OwnedFailure {
    message: String,
    error_type: String,
    stack: String,
}

impl OwnedFailure {
    /// What ddtrace has as tags of the span.
    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        let text = match key {
            "error.message" => &self.message,
            "error.type" => &self.error_type,
            "error.stack" => &self.stack,
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty()).map(String::as_str)
    }

    pub(crate) fn lend(&self) -> Failure<'_> {
        Failure { message: &self.message, error_type: &self.error_type, stack: &self.stack }
    }
}

/// What an exception says. Its own code runs here, so anything may fail.
pub(crate) fn describe(
    error_type: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    traceback: &Bound<'_, PyAny>,
    frames: Option<i64>,
) -> PyResult<OwnedFailure> {
    let py = value.py();
    let text = |any: PyResult<Bound<'_, PyAny>>| -> PyResult<Option<String>> {
        let string = excused(any.and_then(|any| any.str()))?;
        Ok(string.map(|string| text_of(&string).into_owned()))
    };
    let of_class = |name: &str| match error_type.cast::<PyType>() {
        Ok(class) => text(class.getattr(name)).map(Option::unwrap_or_default),
        Err(_) => Ok(String::new()),
    };
    // As ddtrace has it: without the classes around it.
    let name = of_class("__name__")?;
    let module = of_class("__module__")?;
    let stack = || -> PyResult<String> {
        let limits = PyDict::new(py);
        // The innermost frames, as many as ddtrace keeps.
        limits.set_item(
            "limit",
            frames.filter(|n| *n != 0).unwrap_or(30).saturating_abs().saturating_neg(),
        )?;
        let format = py.import("traceback")?.getattr("format_exception")?;
        let lines = format.call((error_type, value, traceback), Some(&limits))?;
        let joined = PyString::new(py, "").call_method1("join", (lines,))?;
        Ok(text_of(joined.cast::<PyString>()?).into_owned())
    };
    Ok(OwnedFailure {
        message: text(Ok(value.clone()))?.unwrap_or_else(|| name.clone()),
        error_type: if module.is_empty() { name } else { format!("{module}.{name}") },
        stack: excused(stack())?.unwrap_or_default(),
    })
}

/// Whether an exception that leaves a span is an end rather than an error: a stream that its
/// reader closed, or a program that ends with success.
pub(crate) fn is_an_end(value: &Bound<'_, PyAny>) -> bool {
    let py = value.py();
    if value.is_instance_of::<PyGeneratorExit>() {
        return true;
    }
    value.is_instance_of::<PySystemExit>()
        && value
            .getattr(pyo3::intern!(py, "code"))
            .is_ok_and(|code| code.is_none() || code.extract::<i64>().is_ok_and(|code| code == 0))
}
