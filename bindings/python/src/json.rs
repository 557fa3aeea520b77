//! Walks Python objects straight into the JSON text that the core takes.
//!
//! Not the `json` module: it costs several times as much, refuses what applications hold, and
//! would decide what the core decides. What JSON cannot say is written as `wit/tracing.wit` allows:
//! `NaN`, and lone surrogates as `\uXXXX`. Objects of other types go through
//! `witspan._values.plain` first.

use crate::arguments::excused;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::ptr;
use witspan::setup::{
    CYCLIC, TOO_LARGE, TOO_MANY, UNSERIALIZABLE, UNSERIALIZABLE_KEY, WALK_BYTES, WALK_BYTES_LEAST,
    WALK_BYTES_TOGETHER, WALK_DEPTH, WALK_VALUES,
};

/// Bytes of a text that are escaped at a time; so many times six it may be longer than it should.
const STEP: usize = 16 << 10;

/// As how many values an object counts that Python code has to read first.
const OBJECT_COST: usize = 50;

/// The UTF-8 text that the string itself keeps; `None` if it holds a lone surrogate.
pub(crate) fn utf8<'a>(string: &'a Bound<'_, PyString>) -> Option<&'a str> {
    // `PyUnicode_AsUTF8AndSize` is there since 3.3 but stable only since 3.10, so PyO3 copies the
    // text for 3.9. Windows links by the stable list; elsewhere the symbol is simply used.
    #[cfg(not(windows))]
    {
        unsafe extern "C" {
            fn PyUnicode_AsUTF8AndSize(
                string: *mut pyo3::ffi::PyObject,
                size: *mut pyo3::ffi::Py_ssize_t,
            ) -> *const std::ffi::c_char;
        }
        let mut size = 0;
        // SAFETY: `string` is a str, alive as long as the result; we hold the interpreter.
        let data = unsafe { PyUnicode_AsUTF8AndSize(string.as_ptr(), &mut size) };
        if data.is_null() {
            // A lone surrogate. The error is ours to drop.
            drop(PyErr::take(string.py()));
            return None;
        }
        // SAFETY: CPython gives `size` bytes of valid UTF-8, which live as long as the string.
        Some(unsafe {
            std::str::from_utf8_unchecked(std::slice::from_raw_parts(data.cast(), size as usize))
        })
    }
    #[cfg(windows)]
    {
        string.to_str().ok()
    }
}

/// The UTF-16 units of any string.
pub(crate) fn utf16(string: &Bound<'_, PyString>) -> Vec<u16> {
    // Of `str` itself: a subclass may have an `encode` of its own.
    let encode = string.py().get_type::<PyString>().getattr("encode");
    let encoded = encode.and_then(|encode| encode.call1((string, "utf-16-le", "surrogatepass")));
    let bytes: Vec<u8> = encoded.and_then(|bytes| bytes.extract()).unwrap_or_default();
    bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()
}

/// Writes values into one text.
pub(crate) struct Writer<'py> {
    out: String,
    /// What the containers hold that are being walked: a value's own code may change them
    /// meanwhile. In the order of the walk, each taken out when its turn comes.
    held: Vec<Option<Bound<'py, PyAny>>>,
    /// The containers that are being walked, to notice one inside itself.
    open: Vec<*mut pyo3::ffi::PyObject>,
    /// Values that may still be walked.
    left: usize,
    /// How long the text may be when a value is begun.
    end: usize,
    /// What interrupted the walk: not the values' own failure, so not ours to drop.
    interrupt: Option<PyErr>,
}

thread_local! {
    /// The last text's memory, for the next one.
    static SPARE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Up to so many bytes a thread keeps for its next text.
const MOST_SPARE: usize = 64 << 10;

/// Keeps a text's memory for the next one of this thread.
pub(crate) fn recycle(mut text: String) {
    if text.capacity() <= MOST_SPARE {
        text.clear();
        let _ = SPARE.try_with(|spare| spare.replace(text));
    }
}

impl<'py> Writer<'py> {
    fn new() -> Self {
        let mut out = SPARE.try_with(RefCell::take).unwrap_or_default();
        out.reserve(2048);
        let end = WALK_BYTES;
        Writer { out, held: Vec::new(), open: Vec::new(), left: WALK_VALUES, end, interrupt: None }
    }

    /// So many members of a container may still be walked, and one to see that there are more.
    fn most_members(&self) -> usize {
        // Each takes two bytes or more.
        self.left.min(self.end.saturating_sub(self.out.len()) / 2) + 1
    }

    /// Whether no more is to be walked.
    fn is_full(&self) -> bool {
        self.left == 0 || self.out.len() >= self.end
    }

    /// An object of the members that are there. Fails only with what interrupted the walk.
    pub(crate) fn object(members: &[(&str, Option<&Bound<'py, PyAny>>)]) -> PyResult<String> {
        let mut writer = Writer::new();
        writer.out.push('{');
        for (name, value) in members {
            let Some(value) = value.filter(|value| !value.is_none()) else { continue };
            if writer.out.len() > 1 {
                writer.out.push(',');
            }
            // Names are ours: nothing in them is to be escaped.
            writer.out.push('"');
            writer.out.push_str(name);
            writer.out.push_str("\":");
            writer.left = WALK_VALUES;
            let room = WALK_BYTES_TOGETHER.saturating_sub(writer.out.len());
            writer.end = writer.out.len() + room.clamp(WALK_BYTES_LEAST, WALK_BYTES);
            writer.value(value);
            if let Some(interrupt) = writer.interrupt.take() {
                return Err(interrupt);
            }
        }
        writer.out.push('}');
        Ok(writer.out)
    }

    /// One value. Fails only with what interrupted the walk.
    pub(crate) fn json(value: &Bound<'py, PyAny>) -> PyResult<String> {
        let mut writer = Writer::new();
        writer.value(value);
        writer.interrupt.map_or(Ok(writer.out), Err)
    }

    /// Appends a value. Nothing that a value does can fail this: what cannot be written is a
    /// text that says so.
    fn value(&mut self, value: &Bound<'py, PyAny>) {
        self.left = self.left.saturating_sub(1);
        if let Ok(string) = value.cast_exact::<PyString>() {
            self.string(string);
        } else if value.is_none() {
            self.out.push_str("null");
        } else if let Ok(flag) = value.cast_exact::<PyBool>() {
            self.out.push_str(if flag.is_true() { "true" } else { "false" });
        } else if let Ok(integer) = value.cast_exact::<PyInt>() {
            self.integer(integer);
        } else if let Ok(float) = value.cast_exact::<PyFloat>() {
            self.float(float.value());
        } else if let Ok(string) = value.cast::<PyString>() {
            self.string(string);
        } else if let Ok(dict) = value.cast::<PyDict>() {
            self.inside(value, |writer| writer.dict(dict));
        } else if let Ok(list) = value.cast::<PyList>() {
            self.inside(value, |writer| writer.items(list.iter()));
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.inside(value, |writer| writer.items(tuple.iter()));
        } else {
            self.inside(value, |writer| writer.other(value));
        }
    }

    /// Walks a container, unless it is one of those around it, or too deep.
    fn inside(&mut self, value: &Bound<'py, PyAny>, walk: impl FnOnce(&mut Self)) {
        let this = value.as_ptr();
        if self.open.contains(&this) {
            self.text(CYCLIC);
        } else if self.open.len() >= WALK_DEPTH {
            self.out.push_str("[]");
        } else if self.is_full() {
            self.text(TOO_MANY);
        } else {
            self.open.push(this);
            walk(self);
            self.open.pop();
        }
    }

    fn dict(&mut self, dict: &Bound<'py, PyDict>) {
        self.out.push('{');
        let start = self.held.len();
        let (mut place, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
        let most = start + 2 * self.most_members();
        // SAFETY: it is a dict, which nothing changes before the loop has ended; what it gives is
        // alive as long.
        unsafe {
            while self.held.len() < most
                && ffi::PyDict_Next(dict.as_ptr(), &mut place, &mut key, &mut value) != 0
            {
                self.held.push(Bound::from_borrowed_ptr_or_opt(dict.py(), key));
                self.held.push(Bound::from_borrowed_ptr_or_opt(dict.py(), value));
            }
        }
        for at in (start..self.held.len()).step_by(2) {
            if at > start {
                self.out.push(',');
            }
            if self.is_full() {
                self.text(TOO_MANY);
                self.out.push_str(":true");
                break;
            }
            if let (Some(key), Some(value)) = (self.held[at].take(), self.held[at + 1].take()) {
                self.key(&key);
                self.out.push(':');
                self.value(&value);
            }
        }
        self.held.truncate(start);
        self.out.push('}');
    }

    /// Keys as the `json` module has them, bytes as UTF-8, and `str(key)` of anything else.
    fn key(&mut self, key: &Bound<'_, PyAny>) {
        if let Ok(string) = key.cast::<PyString>() {
            return self.string(string);
        }
        let text = if let Ok(bytes) = key.cast::<PyBytes>() {
            String::from_utf8_lossy(bytes.as_bytes()).into_owned()
        } else if key.is_none() {
            "null".to_owned()
        } else if let Ok(flag) = key.cast_exact::<PyBool>() {
            flag.is_true().to_string()
        } else {
            match excused(key.str()) {
                Ok(Some(string)) => return self.string(&string),
                Ok(None) => UNSERIALIZABLE_KEY.to_owned(),
                Err(interrupt) => self.interrupted(interrupt),
            }
        };
        self.text(&text);
    }

    fn items(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>) {
        self.out.push('[');
        let start = self.held.len();
        let most = self.most_members();
        self.held.extend(items.take(most).map(Some));
        for at in start..self.held.len() {
            if at > start {
                self.out.push(',');
            }
            if self.is_full() {
                self.text(TOO_MANY);
                break;
            }
            if let Some(item) = self.held[at].take() {
                self.value(&item);
            }
        }
        self.held.truncate(start);
        self.out.push(']');
    }

    fn integer(&mut self, integer: &Bound<'_, PyInt>) {
        match integer.extract::<i64>() {
            Ok(small) => self.out.push_str(itoa::Buffer::new().format(small)),
            // Digits of any length; the interpreter itself refuses some thousands.
            Err(_) => match integer.str().map(|digits| utf8(&digits).map(str::to_owned)) {
                Ok(Some(digits)) => self.out.push_str(&digits),
                _ => self.text(TOO_LARGE),
            },
        }
    }

    fn float(&mut self, float: f64) {
        if float.is_finite() {
            // Always with a point or exponent: a float stays a float until the core decides.
            if (1e-5..1e16).contains(&float.abs()) {
                let mut buffer = ryu_js::Buffer::new();
                let text = buffer.format_finite(float);
                self.out.push_str(text);
                if !text.contains('.') {
                    self.out.push_str(".0");
                }
            } else {
                let _ = write!(self.out, "{float:?}");
            }
        } else if float.is_nan() {
            self.out.push_str("NaN");
        } else {
            self.out.push_str(if float > 0.0 { "Infinity" } else { "-Infinity" });
        }
    }

    /// Any other object: what `witspan._values.plain` makes of it.
    fn other(&mut self, value: &Bound<'py, PyAny>) {
        static PLAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        if self.open.len() >= WALK_DEPTH {
            // Nor would what it consists of be walked.
            return self.out.push_str("[]");
        }
        let py = value.py();
        let plain = PLAIN.get_or_try_init(py, || {
            py.import("witspan._values")?.getattr("plain").map(Bound::unbind)
        });
        self.left = self.left.saturating_sub(OBJECT_COST);
        match excused(plain.and_then(|plain| plain.bind(py).call1((value,)))) {
            Ok(Some(plain)) => self.value(&plain),
            Ok(None) => self.text(UNSERIALIZABLE),
            Err(interrupt) => {
                let text = self.interrupted(interrupt);
                self.text(&text);
            }
        }
    }

    /// Ends the walk; what stands in the place of the value.
    fn interrupted(&mut self, interrupt: PyErr) -> String {
        self.left = 0;
        self.interrupt = Some(interrupt);
        "[interrupted]".to_owned()
    }

    fn string(&mut self, string: &Bound<'_, PyString>) {
        let short = begin_of(string);
        let string = short.as_ref().unwrap_or(string);
        match utf8(string) {
            Some(text) => self.text(text),
            None => {
                self.out.push('"');
                for unit in char::decode_utf16(utf16(string)) {
                    match unit {
                        Ok(character) => escape(&mut self.out, character.encode_utf8(&mut [0; 4])),
                        Err(lone) => {
                            let unit = lone.unpaired_surrogate();
                            self.out.push_str("\\u");
                            self.out.extend([12, 8, 4, 0].map(|at| {
                                char::from_digit(u32::from(unit >> at) & 15, 16).unwrap_or('0')
                            }));
                        }
                    }
                    if self.out.len() > self.end {
                        self.out.push_str(CUT);
                        break;
                    }
                }
                self.out.push('"');
            }
        }
    }

    fn text(&mut self, mut text: &str) {
        self.out.reserve(text.len().min(WALK_BYTES) + 2);
        self.out.push('"');
        while text.len() > STEP {
            let (begin, rest) = text.split_at(text.floor_char_boundary(STEP));
            escape(&mut self.out, begin);
            text = rest;
            if self.out.len() > self.end {
                text = CUT;
            }
        }
        escape(&mut self.out, text);
        self.out.push('"');
    }
}

/// What ends a text that is not written to its end. The core cuts it before this.
const CUT: &str = "[cut]";

/// So much of a string as may be written, where that is not all of it: the UTF-8 form of all would
/// stay in memory as long as the string does.
fn begin_of<'py>(string: &Bound<'py, PyString>) -> Option<Bound<'py, PyString>> {
    let most = WALK_BYTES + STEP;
    // SAFETY: it is a str, and we hold the interpreter.
    unsafe {
        if ffi::PyUnicode_GetLength(string.as_ptr()) <= most as ffi::Py_ssize_t {
            return None;
        }
        let begin = ffi::PyUnicode_Substring(string.as_ptr(), 0, most as ffi::Py_ssize_t);
        Bound::from_owned_ptr_or_opt(string.py(), begin)?.cast_into().ok()
    }
}

fn escape(out: &mut String, text: &str) {
    witspan::write_escaped(out, text);
}
