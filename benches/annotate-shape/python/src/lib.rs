//! The native module for Python: walks dicts and lists straight into each of the shapes.

mod records;
mod text;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use shapes_host::{Instance, JsonText, Texts};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::component::ResourceAny;

/// The instance, and the buffers of the JSON texts.
struct State {
    instance: Instance,
    text: JsonText,
    texts: [JsonText; 5],
}

#[pyclass]
struct Shapes {
    state: Arc<Mutex<State>>,
}

fn trap(error: wasmtime::Error) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

fn with<T>(state: &Mutex<State>, call: impl FnOnce(&mut State) -> T) -> T {
    call(&mut state.lock().unwrap_or_else(PoisonError::into_inner))
}

#[pymethods]
impl Shapes {
    #[new]
    fn new(path: &str) -> PyResult<Self> {
        let instance = Instance::new(path).map_err(trap)?;
        let state = State { instance, text: JsonText::default(), texts: Default::default() };
        Ok(Shapes { state: Arc::new(Mutex::new(state)) })
    }

    /// (a)
    fn records(&self, annotation: &Bound<'_, PyDict>) -> PyResult<u32> {
        let walked = records::Walked::new(annotation)?;
        with(&self.state, |state| walked.with(|given| state.instance.records(given))).map_err(trap)
    }

    /// (b)
    fn texts(&self, annotation: &Bound<'_, PyDict>) -> PyResult<u32> {
        with(&self.state, |state| {
            let mut given =
                Texts { input: None, output: None, metadata: None, metrics: None, tags: None };
            let mut buffers = state.texts.iter_mut();
            for (key, value) in annotation {
                let Some(buffer) = buffers.next() else { break };
                buffer.clear();
                text::write(buffer, &value)?;
                let key = key.extract::<String>()?;
                let field = match key.as_str() {
                    "input" => &mut given.input,
                    "output" => &mut given.output,
                    "metadata" => &mut given.metadata,
                    "metrics" => &mut given.metrics,
                    "tags" => &mut given.tags,
                    _ => return Err(PyTypeError::new_err("no such field")),
                };
                *field = Some(buffer.as_str());
            }
            state.instance.texts(given).map_err(trap)
        })
    }

    /// (c)
    fn text(&self, annotation: &Bound<'_, PyDict>) -> PyResult<u32> {
        with(&self.state, |state| {
            state.text.clear();
            text::write(&mut state.text, annotation)?;
            state.instance.text(state.text.as_str()).map_err(trap)
        })
    }

    /// Only the text of (c).
    fn only_text(&self, annotation: &Bound<'_, PyDict>) -> PyResult<usize> {
        with(&self.state, |state| {
            state.text.clear();
            text::write(&mut state.text, annotation)?;
            Ok(state.text.len())
        })
    }

    fn kept<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let kept = with(&self.state, |state| state.instance.kept()).map_err(trap)?;
        Ok(PyBytes::new(py, &kept))
    }

    /// (d) A span as a number.
    fn start(&self) -> PyResult<u64> {
        with(&self.state, |state| state.instance.start()).map_err(trap)
    }

    fn finish(&self, span: u64) -> PyResult<bool> {
        with(&self.state, |state| state.instance.finish(span)).map_err(trap)
    }

    /// (d) A span as a resource.
    fn resource(&self) -> PyResult<Span> {
        let span = with(&self.state, |state| state.instance.resource_start()).map_err(trap)?;
        Ok(Span { state: Arc::clone(&self.state), span })
    }
}

/// Owns a resource; dropped when Python drops it.
#[pyclass]
struct Span {
    state: Arc<Mutex<State>>,
    span: ResourceAny,
}

#[pymethods]
impl Span {
    fn finish(&self) -> PyResult<bool> {
        with(&self.state, |state| state.instance.resource_finish(self.span)).map_err(trap)
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        // A failure here would be a trap before, which a call has reported.
        let _ = with(&self.state, |state| state.instance.resource_drop(self.span));
    }
}

#[pymodule]
fn shapes(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Shapes>()
}
