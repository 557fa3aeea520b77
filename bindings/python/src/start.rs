//! How spans start: below what is current, or below a parent that the application names.

use crate::arguments::{pairs, raise_if_wrong, wrong_type};
use crate::current::{self, Above, Known, Place, Remote, Unkept, lock};
use crate::lineage::Under;
use crate::span::Span;
use crate::variable::Home;
use pyo3::prelude::*;
use pyo3::types::PyBool;
use std::sync::Arc;
use witspan::{Parent, SpanKind, SpanOption, SpanRef};

/// Starts a span below what is current, and makes it current.
pub(crate) fn start<'py>(
    py: Python<'py>,
    tracer: witspan::Tracer,
    kind: SpanKind,
    name: Option<&str>,
    options: &[SpanOption<'_>],
) -> PyResult<Bound<'py, Span>> {
    let mut above = Above::here(py)?;
    let parent = above.parent(&tracer);
    let span = kept(tracer.start_span(kind, parent, name, options))?;
    let under = Under::of(parent, &above);
    let unkept = span.is_none().then(|| not_kept(&mut above));
    let span = made(
        py,
        Known::new(tracer, span),
        kind,
        under,
        Place { above, ..Place::default() },
        unkept,
    )?;
    make_current(&span)?;
    Ok(span)
}

/// Where a span is to start, where that is not just below what is current.
pub(crate) struct Placement<'py> {
    /// The parent; `None` for what is current.
    parent: Option<Chosen<'py>>,
    /// Whether it becomes current.
    activate: bool,
}

/// A parent that the application named.
enum Chosen<'py> {
    Span(Bound<'py, Span>),
    Remote(Bound<'py, Remote>),
    /// It named one, and there is none of it: the span begins a trace.
    Nothing,
}

impl<'py> Placement<'py> {
    /// What the arguments `parent` and `activate` say; `None` for the usual.
    pub(crate) fn of(
        tracer: &witspan::Tracer,
        parent: Option<&Bound<'py, PyAny>>,
        activate: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Self>> {
        let activate = match activate.filter(|activate| !activate.is_none()) {
            None => true,
            Some(activate) => match activate.cast::<PyBool>() {
                Ok(activate) => activate.is_true(),
                Err(_) => return Err(wrong_type("activate", activate, "bool")),
            },
        };
        let parent = match parent.filter(|parent| !parent.is_none()) {
            None if activate => return Ok(None),
            None => None,
            Some(parent) => Some(Chosen::of(tracer, parent)?),
        };
        Ok(Some(Placement { parent, activate }))
    }

    /// Starts a span there.
    pub(crate) fn start(
        self,
        py: Python<'py>,
        tracer: witspan::Tracer,
        kind: SpanKind,
        name: Option<&str>,
        options: &[SpanOption<'_>],
    ) -> PyResult<Bound<'py, Span>> {
        let here = match (&self.parent, self.activate) {
            // Nothing comes back to what is current here.
            (Some(_), false) => Above::Nothing,
            _ => Above::here(py)?,
        };
        let parent = match &self.parent {
            None => here.parent(&tracer),
            Some(Chosen::Span(span)) => Parent::ChildOf(span.get().known().span()),
            Some(Chosen::Remote(place)) => Parent::Remote(&place.get().0),
            Some(Chosen::Nothing) => Parent::Root,
        };
        let (parent, span) = match tracer.start_span(kind, parent, name, options) {
            Err(witspan::Error::UnknownSpan) => {
                // As where it is current: so long after its end nothing is known of it.
                tracer.warn(format!("`parent` finished too many spans ago: {BEGINS_A_TRACE}"));
                (Parent::Root, kept(tracer.start_span(kind, Parent::Root, name, options))?)
            }
            started => (parent, kept(started)?),
        };
        let given = match (&self.parent, parent) {
            (None, _) => None,
            (Some(Chosen::Span(given)), Parent::ChildOf(_)) => Some(lineage(given)?),
            (Some(Chosen::Remote(place)), _) => Some(Above::Remote(place.clone().unbind())),
            (Some(_), _) => Some(Above::Nothing),
        };
        let under = Under::of(parent, given.as_ref().unwrap_or(&here));
        let mut place = match (self.activate, given) {
            (true, parent) => Place { above: here, parent, ..Place::default() },
            (false, given) => Place { above: given.unwrap_or(here), ..Place::default() },
        };
        let unkept = span.is_none().then(|| not_kept(&mut place.above));
        let span = made(py, Known::new(tracer, span), kind, under, place, unkept)?;
        if self.activate {
            make_current(&span)?;
        }
        Ok(span)
    }
}

const BEGINS_A_TRACE: &str = "the new span begins a trace of its own";

impl<'py> Chosen<'py> {
    /// What was given as `parent`.
    fn of(tracer: &witspan::Tracer, parent: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(span) = parent.cast::<Span>() {
            if span.get().is_of(tracer) {
                return Ok(Chosen::Span(span.clone()));
            }
            let before = "`parent` is from another process, or from before tracing was restarted";
            tracer.warn(format!("{before}: {BEGINS_A_TRACE}"));
            return Ok(Chosen::Nothing);
        }
        let py = parent.py();
        let headers = py.import("witspan._headers")?.getattr("of_parent")?.call1((parent,))?;
        let Some(headers) = headers.extract::<Option<Vec<(String, String)>>>()? else {
            let before = "`parent` was made while tracing was off";
            tracer.warn(format!("{before}: {BEGINS_A_TRACE}"));
            return Ok(Chosen::Nothing);
        };
        match tracer.extract(&pairs(&headers)) {
            Ok(place) => Ok(Chosen::Remote(Bound::new(py, Remote(place))?)),
            // Another service's doing, not the programmer's.
            Err(_) => Ok(Chosen::Nothing),
        }
    }
}

/// What a span that was given this parent holds of it: the parent while that is open, else what it
/// stands for. Of one that found no room nothing is held.
fn lineage(parent: &Bound<'_, Span>) -> PyResult<Above> {
    let span = parent.get();
    if span.has_finished() {
        return span.outlived(parent.py());
    }
    let above = Above::Span(parent.clone().unbind());
    match span.known().span().is_none() {
        true => Ok(Above::Unkept(Unkept::new(above))),
        false => Ok(above),
    }
}

impl Under {
    #[inline]
    fn of(parent: Parent<'_>, above: &Above) -> Under {
        match (parent, above) {
            (Parent::Current(span) | Parent::ChildOf(span), _) => Under::Span(span),
            (_, Above::Remote(_)) => Under::Remote,
            _ => Under::Nothing,
        }
    }
}

/// The span that was started; none if it is not kept, which the core has counted.
#[inline]
fn kept(started: Result<SpanRef, witspan::Error>) -> PyResult<SpanRef> {
    started.or_else(|error| raise_if_wrong(error).map(|()| SpanRef::NONE))
}

/// Has one that is not kept remembered weakly by those that start inside it.
#[cold]
fn not_kept(above: &mut Above) -> Arc<Unkept> {
    let here = Unkept::new(std::mem::take(above));
    *above = Above::Unkept(here.clone());
    here
}

#[inline]
fn made<'py>(
    py: Python<'py>,
    known: Known,
    kind: SpanKind,
    under: Under,
    place: Place,
    unkept: Option<Arc<Unkept>>,
) -> PyResult<Bound<'py, Span>> {
    let span = Bound::new(py, Span::new(known, kind, under, place))?;
    if let Some(unkept) = unkept {
        unkept.is(&span);
    }
    Ok(span)
}

#[inline]
fn make_current(span: &Bound<'_, Span>) -> PyResult<()> {
    let context = current::set_value(span.py(), span.as_any())?;
    lock(&span.get().place).home = Home::of(&context);
    Ok(())
}
