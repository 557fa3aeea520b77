//! Evaluations and feedback.

use crate::input::text;
use crate::outcome::answer;
use crate::text::Text;
use crate::tracer::{Handle, on};
use std::ffi::c_char;

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_evaluate(
    tracer: *const Handle,
    json: *const c_char,
    length: usize,
    message: *mut *mut Text,
) -> i32 {
    answer(message, || {
        let json = text(json, length);
        on(tracer, |tracer| tracer.submit_evaluation(&json)).map(drop)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_feedback(
    tracer: *const Handle,
    json: *const c_char,
    length: usize,
    message: *mut *mut Text,
) -> i32 {
    answer(message, || {
        let json = text(json, length);
        on(tracer, |tracer| tracer.submit_feedback(&json)).map(drop)
    })
}
