//! witspan in C: `include/witspan.h` says what each function does; here is how.
//!
//! A function reads its pointers, calls the Rust host and gives back numbers and texts. It decides
//! nothing. What this adds to the host: a tracer that starts anew in a forked process, and that no
//! panic leaves a function.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]
// The header is the contract: what a function may be given stands there, once.
#![allow(unsafe_op_in_unsafe_fn, reason = "every function here reads pointers from C")]

mod config;
mod counters;
mod diagnostics;
mod evaluation;
mod input;
mod outcome;
mod processor;
mod propagation;
mod recorder;
mod span;
mod text;
mod tracer;

use std::ffi::c_char;

/// The interface that `include/witspan.h` describes.
const INTERFACE: u32 = 1;

#[unsafe(no_mangle)]
extern "C" fn witspan_interface() -> u32 {
    INTERFACE
}

#[unsafe(no_mangle)]
extern "C" fn witspan_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
