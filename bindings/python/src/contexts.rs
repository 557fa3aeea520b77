//! Annotation contexts: what is said of every span that starts inside.

use crate::arguments::text;
use crate::variable::{Home, Variable};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple};
use std::sync::atomic::{AtomicBool, Ordering};

/// How many may be around one place. Each is read at every start of a span.
const MOST: usize = 1000;

/// Whether any annotation context was ever entered: until then nobody has to look for one.
static USED: AtomicBool = AtomicBool::new(false);

/// Whether any was ever left in another context than it was entered in.
static LEFT_ELSEWHERE: AtomicBool = AtomicBool::new(false);

/// An annotation context that was entered.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Entered {
    /// Its JSON text, which was checked.
    pub(crate) text: Py<PyString>,
    /// Where it was entered; none in a copy, which it does not leave with that one.
    home: std::sync::OnceLock<Home>,
    /// It was left, and not there.
    left: AtomicBool,
}

impl Entered {
    fn new(text: Py<PyString>) -> Entered {
        Entered { text, home: std::sync::OnceLock::new(), left: AtomicBool::new(false) }
    }
}

/// Its value is a tuple of `Entered`, the outermost first, or `None`.
fn variable(py: Python<'_>) -> PyResult<&'static Variable> {
    static VARIABLE: PyOnceLock<Variable> = PyOnceLock::new();
    VARIABLE.get_or_try_init(py, || Variable::new(py, "witspan_annotation_contexts"))
}

/// The annotation contexts around this place, if there is any.
pub(crate) fn around(py: Python<'_>) -> PyResult<Option<Bound<'_, PyTuple>>> {
    if !USED.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let Ok(around) = variable(py)?.get(py)?.cast_into::<PyTuple>() else { return Ok(None) };
    if LEFT_ELSEWHERE.load(Ordering::Relaxed) && entered(&around).any(|each| has_left(&each)) {
        return without_left(around).map(Some);
    }
    Ok(Some(around))
}

fn entered<'py>(around: &Bound<'py, PyTuple>) -> impl Iterator<Item = Bound<'py, Entered>> {
    around.iter().filter_map(|each| each.cast_into::<Entered>().ok())
}

fn has_left(entered: &Bound<'_, Entered>) -> bool {
    entered.get().left.load(Ordering::Relaxed)
}

/// Takes out what was entered here and left in another thread or task. What a copy of that context
/// has is the copy's: its work goes on inside.
#[cold]
fn without_left(around: Bound<'_, PyTuple>) -> PyResult<Bound<'_, PyTuple>> {
    let py = around.py();
    // Setting it tells which context this is.
    let context = variable(py)?.set(py, around.as_any())?;
    let mut still = Vec::new();
    for each in entered(&around) {
        if !has_left(&each) {
            still.push(each);
        } else if !each.get().home.get().is_some_and(|home| home.is(&context)) {
            // One of its own, that nobody has to look at again.
            still.push(Bound::new(py, Entered::new(each.get().text.clone_ref(py)))?);
        }
    }
    let still = PyTuple::new(py, still)?;
    variable(py)?.set(py, still.as_any())?;
    Ok(still)
}

/// The texts of annotation contexts.
pub(crate) fn texts(around: &Bound<'_, PyTuple>) -> Vec<String> {
    entered(around).map(|each| text(each.get().text.bind(around.py())).into_owned()).collect()
}

/// Enters an annotation context, whose text was checked; `None` if there are too many.
#[pyfunction]
pub(crate) fn enter_context<'py>(
    py: Python<'py>,
    text: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, Entered>>> {
    USED.store(true, Ordering::Relaxed);
    let mut all: Vec<Bound<'py, PyAny>> =
        around(py)?.map(|around| around.iter().collect()).unwrap_or_default();
    if all.len() >= MOST {
        return Ok(None);
    }
    let entered = Bound::new(py, Entered::new(text.clone().unbind()))?;
    all.push(entered.clone().into_any());
    let context = variable(py)?.set(py, PyTuple::new(py, all)?.as_any())?;
    if let Some(home) = Home::of(&context) {
        let _ = entered.get().home.set(home);
    }
    Ok(Some(entered))
}

/// Leaves it, here and where it was entered.
#[pyfunction]
pub(crate) fn leave_context<'py>(py: Python<'py>, entered: &Bound<'py, Entered>) -> PyResult<()> {
    let mut all: Vec<Bound<'py, PyAny>> =
        around(py)?.map(|around| around.iter().collect()).unwrap_or_default();
    if let Some(at) = all.iter().rposition(|other| other.is(entered)) {
        all.remove(at);
        let context = variable(py)?.set(py, PyTuple::new(py, all)?.as_any())?;
        if entered.get().home.get().is_some_and(|home| home.is(&context)) {
            return Ok(());
        }
    }
    entered.get().left.store(true, Ordering::Relaxed);
    LEFT_ELSEWHERE.store(true, Ordering::Relaxed);
    Ok(())
}

/// The annotation contexts around this place, for a function that takes them along.
pub(crate) fn carried(py: Python<'_>) -> PyResult<Option<Bound<'_, PyTuple>>> {
    let Some(around) = around(py)?.filter(|around| !around.is_empty()) else { return Ok(None) };
    let copies = entered(&around).map(|each| Entered::new(each.get().text.clone_ref(py)));
    let copies: PyResult<Vec<_>> = copies.map(|each| Bound::new(py, each)).collect();
    PyTuple::new(py, copies?).map(Some)
}

/// Puts this place inside these annotation contexts and no others; those it was inside. `None` for
/// no context.
#[pyfunction]
pub(crate) fn replace_contexts<'py>(
    py: Python<'py>,
    contexts: Option<&Bound<'py, PyTuple>>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let before = around(py)?;
    if before.is_some() || contexts.is_some() {
        let none = py.None().into_bound(py);
        variable(py)?.set(py, contexts.map_or(&none, |contexts| contexts.as_any()))?;
    }
    Ok(before)
}
