//! Arguments that are wrong, and how Python is told.

use crate::json::Writer;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};
use std::borrow::Cow;
use std::time::Duration;

// Python's own, so that they are there where this module cannot be loaded.
pyo3::import_exception!(witspan._errors, LLMObsError);
pyo3::import_exception!(witspan._errors, LLMObsArgumentError);

/// `name` is of the type of `value`, where only `accepted` is.
pub(crate) fn wrong_type(name: &str, value: &Bound<'_, PyAny>, accepted: &str) -> PyErr {
    let got = type_name(value);
    LLMObsArgumentError::new_err(format!("`{name}` is of type {got}; accepted: {accepted}"))
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

/// The text of a `str`; lone surrogates, which no wire takes, become U+FFFD.
pub(crate) fn text<'a>(value: &'a Bound<'_, PyString>) -> Cow<'a, str> {
    match crate::json::utf8(value) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(String::from_utf16_lossy(&crate::json::utf16(value))),
    }
}

/// An optional argument where text is sent, of any type: what is no `str` counts as the core says,
/// and where that is neither text nor a number, `warn` is told.
pub(crate) fn any_text<'a>(
    name: &str,
    value: Option<&'a Bound<'_, PyAny>>,
    warn: &dyn Fn(String),
) -> PyResult<Option<Cow<'a, str>>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    if let Ok(string) = value.cast::<PyString>() {
        return Ok(Some(text(string)));
    }
    Ok(witspan::text_of(&Writer::json(value)?).map(|(text, is_text)| {
        if !is_text {
            let got = type_name(value);
            warn(format!("`{name}` is of type {got}; accepted: str or None. It is sent as text"));
        }
        Cow::Owned(text)
    }))
}

/// An optional `bool` argument.
pub(crate) fn optional_flag(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<bool>> {
    match value.filter(|value| !value.is_none()) {
        None => Ok(None),
        Some(value) => {
            // As ddtrace, by way of a whole number.
            let number = value.py().get_type::<PyInt>().call1((value,));
            match excused(number.and_then(|number| number.is_truthy()))? {
                Some(flag) => Ok(Some(flag)),
                None => Err(wrong_type(name, value, "bool or None")),
            }
        }
    }
}

/// An optional number; a `bool` is 1 or 0.
pub(crate) fn optional_number(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<f64>> {
    match value.filter(|value| !value.is_none()) {
        None => Ok(None),
        Some(value) => match excused(value.extract::<f64>())? {
            Some(number) => Ok(Some(number)),
            None => Err(wrong_type(name, value, "a number or None")),
        },
    }
}

/// An optional time in nanoseconds since the epoch; a `bool` is none.
pub(crate) fn optional_time(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<u64>> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(None) };
    match excused(value.extract::<u64>())? {
        Some(time) if !value.is_instance_of::<PyBool>() => Ok(Some(time)),
        _ => Err(wrong_type(name, value, "nanoseconds since the epoch, as an int from 0, or None")),
    }
}

/// Headers, lent.
pub(crate) fn pairs(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The argument `timeout`, in seconds.
pub(crate) fn timeout(value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    let accepted = "seconds, as a finite number from 0";
    match excused(value.extract::<f64>())? {
        None => Err(wrong_type("timeout", value, accepted)),
        Some(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| {
            let text = format!("`timeout` is {seconds}; accepted: {accepted}");
            LLMObsArgumentError::new_err(text)
        }),
    }
}

/// What the application's own code gave while it was read, or `None` if that failed. An exception
/// that is no `Exception` is not about the value: Ctrl-C, or the end of the program. It goes on.
pub(crate) fn excused<T>(result: PyResult<T>) -> PyResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if Python::attach(|py| error.is_instance_of::<PyException>(py)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A core's error as Python sees it: raised if the call was wrong, `None` if it is a state that
/// the core has counted.
pub(crate) fn raise_if_wrong(error: witspan::Error) -> PyResult<()> {
    match error {
        // Its text quotes names that may be another's; what prints it is not steered by them.
        witspan::Error::InvalidArgument { .. } => {
            Err(LLMObsArgumentError::new_err(error.to_string()))
        }
        _ => Ok(()),
    }
}
