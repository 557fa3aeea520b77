//! What a span is under: what is current again after it, and what stands for it where it is over.
//!
//! Most spans are under what was current where they started, and both are one. One that was given
//! a parent is under that, and what was current is current again once it has finished.

use crate::current::{Above, Outlived, Place, lock};
use crate::span::Span;
use pyo3::prelude::*;
use std::cell::{Cell, RefCell};
use witspan::SpanRef;

/// What a span is sent as a child of.
pub(crate) enum Under {
    Nothing,
    Span(SpanRef),
    Remote,
}

impl Span {
    /// What was current before it, or is left of that.
    pub(crate) fn above(&self, py: Python<'_>) -> Above {
        lock(&self.place).above.clone_ref(py)
    }

    /// The parent that it was given, or what was current before it.
    fn lineage(&self, py: Python<'_>) -> Above {
        let place = lock(&self.place);
        place.parent.as_ref().unwrap_or(&place.above).clone_ref(py)
    }

    /// Whether this context made it current itself. Where it is ended, which `ending` says, a
    /// context that is gone counts as this one: some frameworks carry what is current from one
    /// context to the next.
    pub(crate) fn is_at_home(&self, context: &Bound<'_, PyAny>, ending: bool) -> bool {
        let place = lock(&self.place);
        if place.home.as_ref().is_some_and(|home| home.is(context)) {
            return true;
        }
        place.homes().any(|home| home.is(context))
            || ending && place.homes().all(|home| home.is_gone(context.py()))
    }

    /// Its nearest ancestor that has not finished.
    fn nearest_open(&self, py: Python<'_>) -> Option<Py<Span>> {
        let mut above = self.lineage(py);
        loop {
            above = match (&above, above.span()) {
                (Above::Unkept(span), _) => span.now(py),
                (_, Some(span)) if span.get().has_finished() => span.get().lineage(py),
                (_, span) => return span.map(|span| span.clone_ref(py)),
            };
        }
    }

    /// What stands for it, after its end, where it is the parent of what outlives it: its nearest
    /// open ancestor, else its trace. One that was not kept has none: it stands for nothing.
    pub(crate) fn outlived(&self, py: Python<'_>) -> PyResult<Above> {
        if let Some(open) = self.nearest_open(py) {
            return Ok(Above::Span(open));
        }
        match self.known().span().is_none() {
            true => Ok(self.lineage(py)),
            false => Ok(Above::Outlived(Py::new(py, Outlived(self.known().clone()))?)),
        }
    }

    /// Holds, once it has finished, no longer what is over of the spans above it. What is left is
    /// what is to be current again.
    #[cold]
    pub(crate) fn let_go(&self) -> PyResult<()> {
        let (unkept, parent) = {
            let place = lock(&self.place);
            let unkept = match &place.above {
                Above::Unkept(here) => Some(here.clone()),
                _ => None,
            };
            (unkept, place.parent.is_some())
        };
        Python::attach(|py| {
            if parent {
                self.let_go_of_parent(py)?;
            }
            let mut above = unkept.as_ref().map_or_else(|| self.above(py), |here| here.above(py));
            loop {
                above = match above.span().map(Py::get) {
                    Some(span) if span.has_finished() => {
                        let here = matches!(above, Above::Span(_)) && self.started_where(span);
                        if here { span.above(py) } else { span.outlived(py)? }
                    }
                    _ => break,
                };
            }
            match unkept {
                Some(here) => here.set_above(above),
                None => {
                    let before = std::mem::replace(&mut lock(&self.place).above, above);
                    drop(before);
                }
            }
            Ok(())
        })
    }

    /// The same for a parent that it was given.
    fn let_go_of_parent(&self, py: Python<'_>) -> PyResult<()> {
        let left = match self.lineage(py).span().map(Py::get) {
            Some(parent) if parent.has_finished() => parent.outlived(py)?,
            _ => return Ok(()),
        };
        let before = lock(&self.place).parent.replace(left);
        drop(before);
        Ok(())
    }

    /// Whether both were started in one context.
    fn started_where(&self, other: &Span) -> bool {
        match (&lock(&self.place).home, &lock(&other.place).home) {
            (Some(mine), Some(theirs)) => mine.is_same(theirs),
            _ => false,
        }
    }

    /// The span or place that it is under, as it is sent.
    pub(crate) fn parent(&self) -> Option<u64> {
        let tracer = self.known().tracer()?;
        let id = match self.under() {
            Under::Nothing => return None,
            Under::Span(span) => tracer.export_span(*span).ok()?.span_id,
            Under::Remote => tracer.span_info(self.known().span()).ok()?.parent_id?,
        };
        id.parse().ok()
    }
}

/// Drops what was above a span, and parents that only their children kept, one after the other: a
/// chain of them may be longer than the stack is deep.
#[inline]
pub(crate) fn drop_place(place: &mut Place) {
    match std::mem::take(&mut place.above) {
        Above::Nothing => {}
        above => drop_in_turn(above),
    }
    if let Some(parent) = place.parent.take() {
        drop_in_turn(parent);
    }
}

fn drop_in_turn(above: Above) {
    thread_local! {
        static WAITING: RefCell<Vec<Above>> = const { RefCell::new(Vec::new()) };
        static DROPPING: Cell<bool> = const { Cell::new(false) };
    }
    let next = || WAITING.try_with(|waiting| waiting.borrow_mut().pop()).ok().flatten();
    let _ = WAITING.try_with(|waiting| waiting.borrow_mut().push(above));
    if DROPPING.try_with(|dropping| dropping.replace(true)).unwrap_or(true) {
        return;
    }
    while let Some(above) = next() {
        drop(above);
    }
    let _ = DROPPING.try_with(|dropping| dropping.set(false));
}
