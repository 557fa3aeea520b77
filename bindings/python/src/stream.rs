//! What a decorated generator has given so far, kept as text: the items are the application's, and
//! may change or be collected before the stream ends.

use crate::arguments::text;
use crate::json::Writer;
use crate::span::Span;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use std::sync::{Mutex, PoisonError};

/// Bytes of one stream that are kept.
const MOST_BYTES: usize = 1_000_000;

/// Items of a list that are kept, as of any collection.
const MOST_ITEMS: usize = 10_000;

/// The items in the order in which they came. Texts are joined, and so are bytes, which may break
/// a character in two; anything else makes a list.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Stream {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    form: Form,
    /// Texts or bytes, joined.
    joined: Vec<u8>,
    /// Where each of the first of them ends, should they become a list.
    ends: Vec<usize>,
    /// Items of a list as JSON, with commas between them.
    list: String,
    listed: usize,
    /// Items that found no room.
    missing: usize,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Form {
    #[default]
    Nothing,
    Text,
    Bytes,
    List,
}

impl Kept {
    fn add(&mut self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.missing > 0 {
            // What is kept has no holes.
            self.missing += 1;
            return Ok(());
        }
        let string = item.cast::<PyString>().ok().map(text);
        let form = match string {
            Some(_) => Form::Text,
            None if item.is_instance_of::<PyBytes>() || item.is_instance_of::<PyByteArray>() => {
                Form::Bytes
            }
            None => Form::List,
        };
        if self.form == Form::Nothing {
            self.form = form;
        }
        if self.form == form && form != Form::List {
            match string {
                Some(string) => self.join(string.as_bytes()),
                None => self.join(&item.extract::<Vec<u8>>().unwrap_or_default()),
            }
            return Ok(());
        }
        self.become_list();
        let json = Writer::json(item)?;
        self.push(&json);
        Ok(())
    }

    fn join(&mut self, piece: &[u8]) {
        let room = MOST_BYTES - self.joined.len();
        if piece.len() > room {
            self.missing = 1;
            return;
        }
        self.joined.extend_from_slice(piece);
        if self.ends.len() < MOST_ITEMS {
            self.ends.push(self.joined.len());
        }
    }

    fn push(&mut self, json: &str) {
        if self.missing > 0
            || self.listed >= MOST_ITEMS
            || self.list.len() + json.len() > MOST_BYTES
        {
            self.missing += 1;
            return;
        }
        if self.listed > 0 {
            self.list.push(',');
        }
        self.list.push_str(json);
        self.listed += 1;
    }

    /// Makes a list of what was joined.
    fn become_list(&mut self) {
        if self.form == Form::List {
            return;
        }
        self.form = Form::List;
        let joined = std::mem::take(&mut self.joined);
        let mut start = 0;
        for end in std::mem::take(&mut self.ends) {
            let piece = quoted(&String::from_utf8_lossy(&joined[start..end]));
            self.push(&piece);
            start = end;
        }
        if start < joined.len() {
            // There were more pieces than a list has room for.
            self.missing += 1;
        }
    }

    /// All of it as one JSON value; `None` if there was no item.
    fn json(&self) -> Option<String> {
        let more = match self.missing {
            0 => String::new(),
            missing => format!("[{missing} more]"),
        };
        match self.form {
            Form::Nothing => None,
            Form::List => {
                let comma = if more.is_empty() || self.listed == 0 { "" } else { "," };
                let more = if more.is_empty() { more } else { quoted(&more) };
                Some(format!("[{}{comma}{more}]", self.list))
            }
            Form::Text | Form::Bytes => {
                Some(quoted(&(String::from_utf8_lossy(&self.joined) + more.as_str())))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    witspan::write_escaped(&mut out, text);
    out.push('"');
    out
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
        let json = self.kept.lock().unwrap_or_else(PoisonError::into_inner).json();
        match json {
            Some(json) => span.get().annotate_text(&format!("{{\"output\":{json}}}"), true),
            None => Ok(()),
        }
    }
}
