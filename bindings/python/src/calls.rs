//! The calls of `LLMObs` that programs make for every span, as native functions.
//!
//! While tracing is on they stand on the class in the place of the Python methods of the same names:
//! a call then goes from the program into this module without any Python code between, which costs
//! as much as the span itself. Whatever is unusual about a call (a wrong argument, an annotation
//! context, tracing that has ended) goes to the Python method that was there, so that each rule and
//! each error text stands in one place.

use crate::contexts;
use crate::current;
use crate::fast::{Arguments, Function};
use crate::json::utf8;
use crate::span::Span;
use crate::start;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use std::sync::{Mutex, PoisonError};
use witspan::{SpanKind, SpanOption};

/// The tracer of the process, while there is one.
static TRACER: Mutex<Option<witspan::Tracer>> = Mutex::new(None);

fn with_tracer<T>(look: impl FnOnce(&witspan::Tracer) -> T) -> Option<T> {
    TRACER.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(look)
}

/// The tracer of the process, while there is one.
pub(crate) fn tracer() -> Option<witspan::Tracer> {
    with_tracer(Clone::clone)
}

/// The parameters of a call that starts a span of a model; the last three by keyword only.
const MODEL: [&str; 9] = [
    "model_name",
    "name",
    "model_provider",
    "session_id",
    "ml_app",
    "agent_service",
    "start_ns",
    "parent",
    "activate=True",
];
/// Of an agent's, and of any other.
const AGENT: [&str; 8] = [
    "name",
    "session_id",
    "ml_app",
    "agent_service",
    "version",
    "start_ns",
    "parent",
    "activate=True",
];
const PLAIN: [&str; 7] =
    ["name", "session_id", "ml_app", "agent_service", "start_ns", "parent", "activate=True"];
/// Of `annotate`; the last one by keyword only.
const ANNOTATE: [&str; 11] = [
    "span",
    "prompt",
    "input_data",
    "output_data",
    "metadata",
    "metrics",
    "tags",
    "tool_definitions",
    "cost_tags",
    "agent",
    "links",
];

/// What is put on the class: the method it stands for, and the module where that is ours.
const FUNCTIONS: [(Function, &str); 8] = [
    (Function::new("llm", &MODEL, 6, model::<0>), "witspan._starters"),
    (Function::new("embedding", &MODEL, 6, model::<5>), "witspan._starters"),
    (Function::new("workflow", &PLAIN, 4, plain::<1>), "witspan._starters"),
    (Function::new("agent", &AGENT, 5, plain::<2>), "witspan._starters"),
    (Function::new("tool", &PLAIN, 4, plain::<3>), "witspan._starters"),
    (Function::new("task", &PLAIN, 4, plain::<4>), "witspan._starters"),
    (Function::new("retrieval", &PLAIN, 4, plain::<6>), "witspan._starters"),
    (Function::new("annotate", &ANNOTATE, 10, annotate), "witspan._llmobs"),
];

/// What is given for a text: `None` from Python is nothing.
fn text<'a>(value: &'a Option<Bound<'_, PyAny>>) -> Result<Option<&'a str>, Unusual> {
    match value {
        None => Ok(None),
        Some(value) => {
            let string = value.cast_exact::<PyString>().map_err(|_| Unusual)?;
            utf8(string).map(Some).ok_or(Unusual)
        }
    }
}

/// The Python method shall take the call.
struct Unusual;

/// A call's result; `None`: the Python method shall take it.
type Made<'py> = PyResult<Option<Bound<'py, PyAny>>>;

fn model<'py, const KIND: usize>(py: Python<'py>, given: &Arguments<'py>) -> Made<'py> {
    let [model, name, provider, session, app, service, start_ns, parent, activate, ..] = given;
    if [start_ns, parent, activate].into_iter().any(Option::is_some) {
        return Ok(None);
    }
    start(py, KIND, name, session, service.as_ref().map_or(app, |_| service), model, provider)
}

fn plain<'py, const KIND: usize>(py: Python<'py>, given: &Arguments<'py>) -> Made<'py> {
    let [name, session, app, service, rare @ ..] = given;
    if rare[..AGENT.len() - 4].iter().any(Option::is_some) {
        return Ok(None);
    }
    start(py, KIND, name, session, service.as_ref().map_or(app, |_| service), &None, &None)
}

type Given<'a, 'py> = &'a Option<Bound<'py, PyAny>>;

fn start<'py>(
    py: Python<'py>,
    kind: usize,
    name: Given<'_, 'py>,
    session: Given<'_, 'py>,
    app: Given<'_, 'py>,
    model: Given<'_, 'py>,
    provider: Given<'_, 'py>,
) -> Made<'py> {
    if contexts::around(py)?.is_some_and(|contexts| !contexts.is_empty()) {
        return Ok(None);
    }
    let Some(tracer) = tracer() else { return Ok(None) };
    let called = name.as_ref();
    let Ok(name) = text(name) else { return Ok(None) };
    let mut options = [const { SpanOption::StartNs(0) }; 4];
    let mut count = 0;
    for (value, option) in [
        (session, SpanOption::SessionId as fn(_) -> _),
        (app, SpanOption::MlApp),
        (model, SpanOption::ModelName),
        (provider, SpanOption::ModelProvider),
    ] {
        match text(value) {
            Ok(None) => {}
            Ok(Some(text)) => {
                options[count] = option(text);
                count += 1;
            }
            Err(Unusual) => return Ok(None),
        }
    }
    let kind: SpanKind = crate::tracer::kind(kind);
    let span = start::start(py, tracer, kind, name, &options[..count])?;
    span.get().surface.call(called, false);
    Ok(Some(span.into_any()))
}

fn annotate<'py>(py: Python<'py>, given: &Arguments<'py>) -> Made<'py> {
    let [span, prompt, input, output, metadata, metrics, tags, tools, cost_tags, agent, links] =
        given;
    let span = match span {
        None => current::span(py)?,
        Some(span) => span.cast_exact::<Span>().ok().cloned(),
    };
    let Some(span) = span else { return Ok(None) };
    if with_tracer(|tracer| span.get().is_of(tracer)) != Some(true) {
        return Ok(None);
    }
    span.get().annotate(&[
        ("input", input.as_ref()),
        ("output", output.as_ref()),
        ("metadata", metadata.as_ref()),
        ("metrics", metrics.as_ref()),
        ("tags", tags.as_ref()),
        ("prompt", prompt.as_ref()),
        ("tool_definitions", tools.as_ref()),
        ("cost_tags", cost_tags.as_ref()),
        ("agent", agent.as_ref()),
        ("links", links.as_ref()),
    ])?;
    Ok(Some(py.None().into_bound(py)))
}

/// A function that stands on a class, and what the class itself had under its name.
struct Placed {
    owner: Py<PyType>,
    name: &'static str,
    function: Py<PyAny>,
    before: Option<Py<PyAny>>,
}

static PLACED: Mutex<Vec<Placed>> = Mutex::new(Vec::new());

/// Makes this the tracer of the process, or none, and puts the native functions on the class, or
/// takes them off. What the program itself has put there, or overrides, stays.
#[pyfunction]
pub(crate) fn use_tracer(
    py: Python<'_>,
    owner: &Bound<'_, PyType>,
    tracer: Option<&Bound<'_, crate::tracer::Tracer>>,
) -> PyResult<()> {
    let tracer = tracer.map(|tracer| tracer.get().core().clone());
    let on = tracer.is_some();
    let last =
        std::mem::replace(&mut *TRACER.lock().unwrap_or_else(PoisonError::into_inner), tracer);
    // Without a lock: the end of a tracer takes others.
    drop(last);
    let placed = std::mem::take(&mut *PLACED.lock().unwrap_or_else(PoisonError::into_inner));
    for place in placed {
        let owner = place.owner.bind(py);
        let now = owner.getattr("__dict__")?.get_item(place.name).ok();
        if now.is_some_and(|now| now.is(&place.function)) {
            match &place.before {
                Some(before) => owner.setattr(place.name, before)?,
                None => owner.delattr(place.name)?,
            }
        }
    }
    if !on {
        return Ok(());
    }
    for (function, module) in &FUNCTIONS {
        let name = function.name();
        let method = owner.getattr(name)?;
        if method.getattr("__module__").and_then(|of| of.eq(*module)).unwrap_or(false) {
            let before = owner.getattr("__dict__")?.get_item(name).ok().map(Bound::unbind);
            let native = function.standing_for(&method)?;
            owner.setattr(name, &native)?;
            let place =
                Placed { owner: owner.clone().unbind(), name, function: native.unbind(), before };
            PLACED.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        }
    }
    Ok(())
}
