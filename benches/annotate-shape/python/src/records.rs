//! From Python values to the typed records. The records borrow, so what they borrow is kept here.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use shapes_host::{JsonText, Member, Message, Metric, Records, Tag};

type Bytes<'py> = Bound<'py, PyBytes>;
type Pairs<'py, T> = Option<Vec<(Bytes<'py>, T)>>;

/// One annotation, walked.
#[derive(Default)]
pub(crate) struct Walked<'py> {
    input: Pairs<'py, Bytes<'py>>,
    output: Pairs<'py, Bytes<'py>>,
    metadata: Pairs<'py, JsonText>,
    metrics: Pairs<'py, f64>,
    tags: Pairs<'py, Bytes<'py>>,
}

impl<'py> Walked<'py> {
    pub(crate) fn new(annotation: &Bound<'py, PyDict>) -> PyResult<Self> {
        let mut walked = Walked::default();
        for (key, value) in annotation {
            let key = bytes(&key)?;
            match key.as_bytes() {
                b"input" => walked.input = Some(messages(&value)?),
                b"output" => walked.output = Some(messages(&value)?),
                b"metadata" => {
                    walked.metadata = Some(pairs(&value, |value| {
                        let mut json = JsonText::default();
                        crate::text::write(&mut json, value)?;
                        Ok(json)
                    })?);
                }
                b"metrics" => walked.metrics = Some(pairs(&value, |value| value.extract())?),
                b"tags" => walked.tags = Some(pairs(&value, bytes)?),
                _ => return Err(PyTypeError::new_err("no such field")),
            }
        }
        Ok(walked)
    }

    pub(crate) fn with<T>(&self, call: impl FnOnce(Records<'_>) -> T) -> T {
        let message = |role, content| Message { role, content };
        let input = map(&self.input, |role, content| message(role, utf8(content)));
        let output = map(&self.output, |role, content| message(role, utf8(content)));
        let metadata = map(&self.metadata, |key, json| Member { key, json: json.as_str() });
        let metrics = map(&self.metrics, |key, value| Metric { key, value: *value });
        let tags = map(&self.tags, |key, value| Tag { key, value: utf8(value) });
        call(Records {
            input: input.as_deref(),
            output: output.as_deref(),
            metadata: metadata.as_deref(),
            metrics: metrics.as_deref(),
            tags: tags.as_deref(),
        })
    }
}

fn map<'a, T, R>(given: &'a Pairs<'_, T>, make: impl Fn(&'a str, &'a T) -> R) -> Option<Vec<R>> {
    given.as_ref().map(|pairs| pairs.iter().map(|(key, value)| make(utf8(key), value)).collect())
}

fn bytes<'py>(text: &Bound<'py, PyAny>) -> PyResult<Bytes<'py>> {
    text.cast::<PyString>()?.encode_utf8()
}

/// The text of `bytes`, which must come from [`PyString::encode_utf8`].
pub(crate) fn utf8<'a>(bytes: &'a Bytes<'_>) -> &'a str {
    // SAFETY: Python encoded it.
    unsafe { std::str::from_utf8_unchecked(bytes.as_bytes()) }
}

fn messages<'py>(value: &Bound<'py, PyAny>) -> PyResult<Vec<(Bytes<'py>, Bytes<'py>)>> {
    let list = value.cast::<PyList>()?;
    let mut walked = Vec::with_capacity(list.len());
    for message in list {
        let (mut role, mut content) = (None, None);
        for (key, value) in message.cast::<PyDict>()? {
            match bytes(&key)?.as_bytes() {
                b"role" => role = Some(bytes(&value)?),
                b"content" => content = Some(bytes(&value)?),
                _ => return Err(PyTypeError::new_err("no such member")),
            }
        }
        let message = role.zip(content);
        walked.push(message.ok_or_else(|| PyTypeError::new_err("a message lacks a member"))?);
    }
    Ok(walked)
}

fn pairs<'py, T>(
    value: &Bound<'py, PyAny>,
    read: impl Fn(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<(Bytes<'py>, T)>> {
    let dict = value.cast::<PyDict>()?;
    let mut walked = Vec::with_capacity(dict.len());
    for (key, value) in dict {
        walked.push((bytes(&key)?, read(&value)?));
    }
    Ok(walked)
}
