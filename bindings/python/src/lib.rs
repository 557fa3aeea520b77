//! The native half of witspan's Python package: translates, and decides nothing.
//!
//! The typed surface above it is `python/witspan`.

mod arguments;
mod counters;
mod current;
mod failure;
mod fork;
mod json;
mod processor;
mod span;
mod tracer;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::current::{enter_context, leave_context};
    #[pymodule_export]
    use crate::fork::forked;
    #[pymodule_export]
    use crate::span::Span;
    #[pymodule_export]
    use crate::tracer::Tracer;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        module.add("LLMObsError", module.py().get_type::<crate::arguments::LLMObsError>())?;
        let argument = module.py().get_type::<crate::arguments::LLMObsArgumentError>();
        module.add("LLMObsArgumentError", argument)
    }
}
