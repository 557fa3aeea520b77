//! From Python values to JSON text.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use shapes_host::JsonText;

/// Appends a value. Text with lone surrogates is refused: the experiment has none.
pub(crate) fn write(out: &mut JsonText, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(text) = value.cast::<PyString>() {
        string(out, text)
    } else if let Ok(dict) = value.cast::<PyDict>() {
        let mut first = true;
        out.raw("{");
        for (key, value) in dict {
            out.raw(if std::mem::replace(&mut first, false) { "" } else { "," });
            string(out, key.cast::<PyString>()?)?;
            out.raw(":");
            write(out, &value)?;
        }
        out.raw("}");
        Ok(())
    } else if let Ok(list) = value.cast::<PyList>() {
        out.raw("[");
        for (index, element) in list.iter().enumerate() {
            out.raw(if index == 0 { "" } else { "," });
            write(out, &element)?;
        }
        out.raw("]");
        Ok(())
    } else {
        scalar(out, value)
    }
}

fn string(out: &mut JsonText, text: &Bound<'_, PyString>) -> PyResult<()> {
    // Python 3.9's stable interface lends no UTF-8: this copies.
    let bytes = text.encode_utf8()?;
    out.string(crate::records::utf8(&bytes));
    Ok(())
}

/// Appends what is neither text nor a container.
fn scalar(out: &mut JsonText, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if value.is_none() {
        out.raw("null");
    } else if let Ok(flag) = value.cast::<PyBool>() {
        out.raw(if flag.is_true() { "true" } else { "false" });
    } else if value.is_instance_of::<PyInt>() {
        match value.extract() {
            Ok(number) => out.integer(number),
            Err(_) => out.raw(&value.str()?.extract::<String>()?),
        }
    } else if let Ok(number) = value.cast::<PyFloat>() {
        out.double(number.value());
    } else {
        return Err(PyTypeError::new_err("not a JSON value"));
    }
    Ok(())
}
