//! What a decorated generator has given so far, kept as text: the items are the application's, and
//! may change or be collected before the stream ends. The core makes one output of them.

use crate::json::{Writer, recycle};
use crate::span::Span;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use std::sync::{Mutex, PoisonError};
use witspan::setup::STREAM_BYTES;

/// The items in the order in which they came; bytes count as text, and may break a character in two.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Stream {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// As JSON, with commas between them.
    items: String,
    /// Bytes of the items alone.
    size: usize,
    /// Items that found no room.
    missing: usize,
    /// One of them was no text, whatever its JSON is.
    is_list: bool,
    /// The beginning of a character whose other bytes have not come yet.
    torn: Vec<u8>,
}

impl Kept {
    fn add(&mut self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.missing > 0 {
            // What is kept has no holes.
            self.missing += 1;
        } else if item.is_instance_of::<PyBytes>() || item.is_instance_of::<PyByteArray>() {
            self.bytes(&item.extract::<Vec<u8>>().unwrap_or_default());
        } else {
            self.end_bytes();
            let json = Writer::json(item)?;
            let is_text = item.is_instance_of::<PyString>();
            self.is_list |= !is_text;
            let quotes = if is_text { 2 } else { 0 };
            self.push(json.len() - quotes, |items| items.push_str(&json));
            recycle(json);
        }
        Ok(())
    }

    fn bytes(&mut self, piece: &[u8]) {
        let mut bytes = std::mem::take(&mut self.torn);
        bytes.extend_from_slice(piece);
        // A character has four bytes at most.
        let tail = bytes.len().saturating_sub(3);
        let torn = (tail..bytes.len()).find(|&at| {
            let rest = std::str::from_utf8(&bytes[at..]);
            rest.is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        });
        self.torn = bytes.split_off(torn.unwrap_or(bytes.len()));
        self.text(&String::from_utf8_lossy(&bytes));
    }

    /// What was torn is whole no more.
    fn end_bytes(&mut self) {
        if !self.torn.is_empty() {
            let torn = std::mem::take(&mut self.torn);
            self.text(&String::from_utf8_lossy(&torn));
        }
    }

    fn text(&mut self, text: &str) {
        self.push(text.len(), |items| {
            items.push('"');
            witspan::write_escaped(items, text);
            items.push('"');
        });
    }

    fn push(&mut self, size: usize, write: impl FnOnce(&mut String)) {
        if self.missing > 0 || self.size + size > STREAM_BYTES {
            self.missing += 1;
            return;
        }
        self.size += size;
        if !self.items.is_empty() {
            self.items.push(',');
        }
        write(&mut self.items);
    }

    /// The annotation that says it; `None` if there was no item.
    fn annotation(&mut self) -> Option<String> {
        self.end_bytes();
        if self.items.is_empty() && self.missing == 0 {
            return None;
        }
        let Kept { items, missing, is_list, .. } = self;
        Some(format!(
            r#"{{"output_stream":{{"items":[{items}],"list":{is_list},"missing":{missing}}}}}"#
        ))
    }
}

#[pymethods]
impl Stream {
    #[new]
    fn new() -> Stream {
        Stream { kept: Mutex::new(Kept::default()) }
    }

    /// Keeps an item. Raises only what is not about the item, such as Ctrl-C.
    fn add(&self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        // Its own code may run, and drive this very stream: not while the lock is held.
        let mut kept =
            std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let added = kept.add(item);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        added
    }

    /// Annotates the span with what came, unless the application said itself what came out.
    fn annotate(&self, span: &Bound<'_, Span>) -> PyResult<()> {
        if span.get().said_output() {
            return Ok(());
        }
        let said = self.kept.lock().unwrap_or_else(PoisonError::into_inner).annotation();
        said.map_or(Ok(()), |said| span.get().annotate_text(&said, true))
    }
}
