//! Other services: headers out, headers in.

use crate::input::{headers, text};
use crate::outcome::{answer, give, give_text};
use crate::text::Text;
use crate::tracer::{Handle, on};
use std::ffi::c_char;
use std::ptr::null_mut;
use witspan::SpanRef;

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_inject(
    tracer: *const Handle,
    span: u64,
    has: *const c_char,
    length: usize,
    set: *mut *mut Text,
) -> i32 {
    give(set, null_mut());
    answer(null_mut(), || {
        let has = text(has, length);
        let inject =
            |tracer: &witspan::Tracer| tracer.inject(SpanRef::from_bits(span), &headers(&has));
        let headers = on(tracer, inject)?;
        let line = |(name, value): &(String, String)| format!("{name}: {value}\n");
        give_text(set, || headers.iter().map(line).collect());
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_extract(
    tracer: *const Handle,
    has: *const c_char,
    length: usize,
    remote: *mut *mut Text,
    message: *mut *mut Text,
) -> i32 {
    give(remote, null_mut());
    answer(message, || {
        let has = text(has, length);
        let found = on(tracer, |tracer| tracer.extract(&headers(&has)))?;
        give_text(remote, || found);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_remote_of(
    tracer: *const Handle,
    span: u64,
    remote: *mut *mut Text,
) -> i32 {
    give(remote, null_mut());
    answer(null_mut(), || {
        let found = on(tracer, |tracer| tracer.remote_of(SpanRef::from_bits(span)))?;
        give_text(remote, || found);
        Ok(())
    })
}
