//! The native half of witspan's Python package: translates, and decides nothing.
//!
//! The typed surface above it is `python/witspan`.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod arguments;
mod calls;
mod contexts;
mod counters;
mod current;
mod failure;
mod fast;
mod fork;
mod json;
mod lineage;
mod memory;
mod processor;
mod propagated;
mod signals;
mod span;
mod start;
mod stream;
mod surface;
mod tracer;
mod variable;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::calls::use_tracer;
    #[pymodule_export]
    use crate::contexts::{Entered, enter_context, leave_context, replace_contexts};
    #[pymodule_export]
    use crate::fork::forked;
    #[pymodule_export]
    use crate::memory::Memory;
    #[pymodule_export]
    use crate::propagated::propagated;
    #[pymodule_export]
    use crate::signals::release_signals;
    #[pymodule_export]
    use crate::span::Span;
    #[pymodule_export]
    use crate::stream::Stream;
    #[pymodule_export]
    use crate::tracer::{Tracer, host_variable, switch};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        if !crate::is_main_interpreter() {
            let why = "it works in the main interpreter only, and this is a subinterpreter";
            return Err(pyo3::exceptions::PyImportError::new_err(why));
        }
        crate::span::hasten(module.py())?;
        module.add("VERSION", env!("CARGO_PKG_VERSION"))
    }
}

/// Whether this is the process's first interpreter. In another one our static data would belong to
/// two, and a thread of our own could not call back: the C API brings it to the first.
#[cfg(not(windows))]
fn is_main_interpreter() -> bool {
    // SAFETY: a module is initialized with its interpreter attached.
    unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) == 0 }
}

/// Windows links by the stable list of 3.9, which has no way to ask; PyO3 refuses a second
/// interpreter there.
#[cfg(windows)]
fn is_main_interpreter() -> bool {
    true
}
