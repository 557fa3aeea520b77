//! Texts that functions give, and who has them.

use crate::input::text;
use crate::outcome::guarded;
use std::ffi::c_char;
use std::ptr::null_mut;

/// A text with a NUL behind it.
pub(crate) struct Text(Vec<u8>);

impl Text {
    /// A text that is the caller's from now on.
    pub(crate) fn give(text: impl Into<Vec<u8>>) -> *mut Text {
        let mut bytes = text.into();
        bytes.reserve_exact(1);
        bytes.push(0);
        Box::into_raw(Box::new(Text(bytes)))
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_text_data(text: *const Text) -> *const c_char {
    text.as_ref().map_or(c"".as_ptr(), |text| text.0.as_ptr().cast())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_text_length(text: *const Text) -> usize {
    text.as_ref().map_or(0, |text| text.0.len() - 1)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_text_free(text: *mut Text) {
    if !text.is_null() {
        drop(Box::from_raw(text));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_json_string(given: *const c_char, length: usize) -> *mut Text {
    guarded(null_mut(), || {
        Text::give(serde_json::Value::from(text(given, length).into_owned()).to_string())
    })
}

#[unsafe(no_mangle)]
extern "C" fn witspan_names() -> *mut Text {
    guarded(null_mut(), || Text::give(witspan::setup::names_text()))
}

#[unsafe(no_mangle)]
extern "C" fn witspan_variables() -> *mut Text {
    guarded(null_mut(), || Text::give(witspan::setup::variables_text()))
}
