//! The application's processor: a Python function between two JSON texts.

use crate::arguments::text;
use crate::json::Writer;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use std::cell::RefCell;
use witspan::Processed;

thread_local! {
    /// What ended the processor on this thread and is not about the span: Ctrl-C, or the end of
    /// the program. It goes on where the span was finished.
    static INTERRUPT: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// What ended the processor of the span that this thread just finished.
pub(crate) fn interrupt() -> Option<PyErr> {
    INTERRUPT.with_borrow_mut(Option::take)
}

/// Runs `run`, which takes an event's text and gives the changed event, or `None` for no span.
pub(crate) fn run(run: &Py<PyAny>, event: &str) -> Processed {
    // The interpreter may be ending; then the span goes without its content.
    let processed = Python::try_attach(|py| match call(py, run, event) {
        Ok(Some(changed)) => Processed::Changed(changed),
        Ok(None) => Processed::Drop,
        Err(error) => {
            let why = error.value(py).str().map(|why| text(&why).into_owned());
            let name = error.get_type(py).name().map(|name| name.to_string());
            if !error.is_instance_of::<PyException>(py) {
                INTERRUPT.set(Some(error));
            }
            let (name, why) = (name.unwrap_or_default(), why.unwrap_or_default());
            Processed::Failed(format!("{name}: {why}"))
        }
    });
    processed.unwrap_or_else(|| Processed::Failed("the interpreter is ending".to_owned()))
}

fn call(py: Python<'_>, run: &Py<PyAny>, event: &str) -> PyResult<Option<String>> {
    let changed = run.bind(py).call1((event,))?;
    match changed.is_none() {
        true => Ok(None),
        false => Writer::json(&changed).map(Some),
    }
}
