//! The counters as a dict.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use witspan::{DropReason, Statistics};

fn dict<'py>(py: Python<'py>, counts: &[(&str, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let counters = PyDict::new(py);
    for (name, count) in counts {
        counters.set_item(name, count)?;
    }
    Ok(counters)
}

fn by_reason<'py>(
    py: Python<'py>,
    dropped: Vec<(DropReason, u64)>,
) -> PyResult<Bound<'py, PyDict>> {
    let counters = PyDict::new(py);
    for (reason, count) in dropped {
        counters.set_item(witspan::reason_name(reason).replace('-', "_"), count)?;
    }
    Ok(counters)
}

/// All counters; losses are dicts by reason, and evaluations have a dict of their own.
pub(crate) fn counters<'py>(
    py: Python<'py>,
    statistics: &Statistics,
) -> PyResult<Bound<'py, PyDict>> {
    let counters = dict(
        py,
        &[
            ("accepted", statistics.accepted),
            ("open", statistics.open),
            ("queued", statistics.queued),
            ("in_flight", statistics.in_flight),
            ("delivered", statistics.delivered),
            ("annotations_rejected", statistics.annotations_rejected),
            ("warnings", statistics.warnings),
            ("cut", statistics.cut),
            ("content_dropped", statistics.content_dropped),
            ("evaluations_rejected", statistics.evaluations_rejected),
            ("bytes", statistics.bytes),
        ],
    )?;
    counters.set_item("dropped", by_reason(py, statistics.dropped())?)?;
    let sent = &statistics.evaluations;
    let evaluations = dict(
        py,
        &[
            ("accepted", sent.accepted),
            ("queued", sent.queued),
            ("in_flight", sent.in_flight),
            ("delivered", sent.delivered),
        ],
    )?;
    evaluations.set_item("dropped", by_reason(py, sent.dropped())?)?;
    counters.set_item("evaluations", evaluations)?;
    Ok(counters)
}
