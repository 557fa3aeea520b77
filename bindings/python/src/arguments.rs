//! Arguments that are wrong, and how Python is told.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::borrow::Cow;

pyo3::create_exception!(
    witspan,
    LLMObsError,
    PyValueError,
    "Base class of everything that witspan raises."
);
pyo3::create_exception!(
    witspan,
    LLMObsArgumentError,
    LLMObsError,
    "An argument is of a wrong type or value; the text names it and says what is accepted."
);

/// `name` is of the type of `value`, where only `accepted` is.
pub(crate) fn wrong_type(name: &str, value: &Bound<'_, PyAny>, accepted: &str) -> PyErr {
    let got = value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    LLMObsArgumentError::new_err(format!("`{name}` is of type {got}; accepted: {accepted}"))
}

/// The text of a `str`; lone surrogates, which no wire takes, become U+FFFD.
pub(crate) fn text<'a>(value: &'a Bound<'_, PyString>) -> Cow<'a, str> {
    match crate::json::utf8(value) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(String::from_utf16_lossy(&crate::json::utf16(value))),
    }
}

/// An optional `str` argument; any other type is a programmer's error.
pub(crate) fn optional_text<'a>(
    name: &str,
    value: Option<&'a Bound<'_, PyAny>>,
) -> PyResult<Option<Cow<'a, str>>> {
    match value {
        Some(value) if !value.is_none() => match value.cast::<PyString>() {
            Ok(string) => Ok(Some(text(string))),
            Err(_) => Err(wrong_type(name, value, "str or None")),
        },
        _ => Ok(None),
    }
}

/// A core's error as Python sees it: raised if the call was wrong, `None` if it is a state that
/// the core has counted.
pub(crate) fn raise_if_wrong(error: witspan::Error) -> PyResult<()> {
    match error {
        witspan::Error::InvalidArgument { message, .. } => {
            Err(LLMObsArgumentError::new_err(message))
        }
        _ => Ok(()),
    }
}
