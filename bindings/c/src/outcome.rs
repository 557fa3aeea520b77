//! What a function gives back: a code, and the sentence about an error.

use crate::text::Text;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use witspan::Error;

/// The codes, as the header numbers them.
pub(crate) const OK: i32 = 0;
pub(crate) const TIMED_OUT: i32 = 9;
const FAILED: i32 = 10;

fn code(error: &Error) -> i32 {
    match error {
        Error::InvalidArgument { .. } => 1,
        Error::InvalidContext => 2,
        Error::InvalidRemote => 3,
        Error::SpanFinished => 4,
        Error::UnknownSpan => 5,
        Error::MemoryFull => 6,
        Error::Off => 7,
        Error::Lost => 8,
        _ => FAILED,
    }
}

/// An argument that only this interface has.
pub(crate) fn invalid(field: &str, given: impl std::fmt::Display, accepted: &str) -> Error {
    let message = format!("`{field}` is {given}; accepted: {accepted}");
    Error::InvalidArgument { field: field.to_owned(), message }
}

/// Runs a call that has no code. A panic is a defect of ours, which must not leave it.
pub(crate) fn guarded<T>(otherwise: T, call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(otherwise)
}

/// Runs a call, and gives its code. Its sentence goes to `message`, if there is one.
pub(crate) unsafe fn answer(
    message: *mut *mut Text,
    call: impl FnOnce() -> Result<(), Error>,
) -> i32 {
    give(message, null_mut());
    let panicked = || Err(Error::Internal("it panicked".to_owned()));
    match catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| panicked()) {
        Ok(()) => OK,
        Err(error) => {
            give_text(message, || error.to_string());
            code(&error)
        }
    }
}

/// Stores a result where the caller wants it.
pub(crate) unsafe fn give<T>(place: *mut T, value: T) {
    if !place.is_null() {
        place.write(value);
    }
}

/// Stores a text where the caller wants it; otherwise it is not made.
pub(crate) unsafe fn give_text(place: *mut *mut Text, text: impl FnOnce() -> String) {
    if !place.is_null() {
        place.write(Text::give(text()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_code_and_a_sentence_or_what_stands_for_it() {
        let mut message = null_mut();
        // SAFETY: the place is there, and so is the text in it.
        let code = unsafe { answer(&raw mut message, || panic!("on purpose")) };
        assert_eq!(code, FAILED);
        assert!(!message.is_null());
        // SAFETY: it is a text that was just given.
        unsafe { drop(Box::from_raw(message)) };
        assert_eq!(guarded(7, || panic!("on purpose")), 7);
    }

    #[test]
    fn a_message_is_cleared_where_there_is_none() {
        let mut message = std::ptr::dangling_mut();
        // SAFETY: the place is there; what stands in it is only overwritten.
        let code = unsafe { answer(&raw mut message, || Ok(())) };
        assert_eq!((code, message), (OK, null_mut()));
    }
}
