//! Where spans stay that a test looks at, instead of leaving the process.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Requests as they would be sent, up to so many bytes.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Memory(pub(crate) witspan::Memory);

#[pymethods]
impl Memory {
    #[new]
    fn new(most_bytes: usize) -> Memory {
        Memory(witspan::Memory::new(most_bytes))
    }

    /// Path and body of each, in the order in which they came.
    fn requests<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyBytes>)> {
        let kept = self.0.requests();
        kept.iter().map(|each| (each.path.clone(), PyBytes::new(py, &each.body))).collect()
    }

    /// How many spans, evaluations and feedbacks found no room.
    fn refused(&self) -> u64 {
        self.0.refused()
    }

    /// Forgets everything.
    fn clear(&self) {
        self.0.clear();
    }
}
