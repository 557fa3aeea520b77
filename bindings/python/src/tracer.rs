//! The tracer as Python holds it.

use crate::arguments;
use crate::arguments::{LLMObsArgumentError, LLMObsError, optional_flag, optional_text};
use crate::span::{Parts, Span, start, target, with_options};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use std::time::{Duration, Instant};
use witspan::{Clock, Config, Flushed, SpanKind, Statistics};

const KINDS: [(&str, SpanKind); 7] = [
    ("llm", SpanKind::Llm),
    ("workflow", SpanKind::Workflow),
    ("agent", SpanKind::Agent),
    ("tool", SpanKind::Tool),
    ("task", SpanKind::Task),
    ("embedding", SpanKind::Embedding),
    ("retrieval", SpanKind::Retrieval),
];

pub(crate) fn kind_name(kind: SpanKind) -> &'static str {
    KINDS.iter().find(|(_, k)| *k == kind).map_or("", |(name, _)| name)
}

/// Makes spans and sends them; one is made by each `LLMObs.enable()`.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Tracer {
    tracer: witspan::Tracer,
    clock: Clock,
}

fn counters<'py>(py: Python<'py>, statistics: &Statistics) -> PyResult<Bound<'py, PyDict>> {
    let counters = PyDict::new(py);
    for (name, value) in [
        ("accepted", statistics.accepted),
        ("open", statistics.open),
        ("queued", statistics.queued),
        ("in_flight", statistics.in_flight),
        ("delivered", statistics.delivered),
        ("annotations_rejected", statistics.annotations_rejected),
        ("warnings", statistics.warnings),
        ("bytes", statistics.bytes),
    ] {
        counters.set_item(name, value)?;
    }
    let dropped = PyDict::new(py);
    for (reason, spans) in statistics.dropped() {
        dropped.set_item(witspan::reason_name(reason).replace('-', "_"), spans)?;
    }
    counters.set_item("dropped", dropped)?;
    Ok(counters)
}

/// How long a wait goes on before signals are looked at: Ctrl-C must not wait for an intake.
const PATIENCE: Duration = Duration::from_millis(100);

impl Tracer {
    /// Flushes for at most so long, or until a signal's handler raises.
    fn settle(&self, py: Python<'_>, timeout: Duration) -> PyResult<Flushed> {
        let began = Instant::now();
        loop {
            let left = timeout.saturating_sub(began.elapsed());
            let flushed = py.detach(|| self.tracer.flush(left.min(PATIENCE)));
            if flushed.settled || left <= PATIENCE {
                return Ok(flushed);
            }
            py.check_signals()?;
        }
    }
}

#[pymethods]
impl Tracer {
    /// Starts tracing with the environment's settings and what is given over them. `listener`
    /// is called with each notice's text. `fixed_clock_ns` stops the clock, for tests.
    #[new]
    #[pyo3(signature = (*, ml_app=None, agentless=None, site=None, api_key=None, env=None,
                        service=None, listener=None, fixed_clock_ns=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        ml_app: Option<&Bound<'_, PyAny>>,
        agentless: Option<&Bound<'_, PyAny>>,
        site: Option<&Bound<'_, PyAny>>,
        api_key: Option<&Bound<'_, PyAny>>,
        env: Option<&Bound<'_, PyAny>>,
        service: Option<&Bound<'_, PyAny>>,
        listener: Option<Py<PyAny>>,
        fixed_clock_ns: Option<u64>,
    ) -> PyResult<Self> {
        let mut config = Config::from_env();
        config.language = "python".to_owned();
        let own = |name, value| PyResult::Ok(optional_text(name, value)?.map(|t| t.into_owned()));
        if let Some(service) = own("service", service)? {
            // The service names the app too, unless something names it outright.
            if config.ml_app == config.service || config.ml_app == "unnamed-ml-app" {
                config.ml_app.clone_from(&service);
            }
            config.service = service;
        }
        for (place, given) in [
            (&mut config.ml_app, own("ml_app", ml_app)?),
            (&mut config.site, own("site", site)?),
            (&mut config.env, own("env", env)?),
        ] {
            if let Some(given) = given {
                *place = given;
            }
        }
        config.api_key = own("api_key", api_key)?.filter(|key| !key.is_empty()).or(config.api_key);
        config.agentless = optional_flag("agentless_enabled", agentless)?.or(config.agentless);
        if let Some(listener) = listener {
            config.listener = Some(Arc::new(move |notice| {
                // The interpreter may be ending; then nobody reads it.
                Python::try_attach(|py| listener.call1(py, (notice.text.as_str(),)).map(drop));
            }));
        }
        if let Some(ns) = fixed_clock_ns {
            config.clock = Clock::fixed(ns);
        }
        let clock = config.clock.clone();
        let tracer = witspan::Tracer::start(config).map_err(|error| match error {
            witspan::Error::InvalidArgument { message, .. } => {
                LLMObsArgumentError::new_err(message)
            }
            other => LLMObsError::new_err(other.to_string()),
        })?;
        Ok(Tracer { tracer, clock })
    }

    /// Starts a span of the kind with this number and makes it current.
    #[pyo3(signature = (kind, name=None, session_id=None, ml_app=None, model_name=None, model_provider=None))]
    #[allow(clippy::too_many_arguments)]
    fn start<'py>(
        &self,
        py: Python<'py>,
        kind: usize,
        name: Option<&Bound<'py, PyAny>>,
        session_id: Option<&Bound<'py, PyAny>>,
        ml_app: Option<&Bound<'py, PyAny>>,
        model_name: Option<&Bound<'py, PyAny>>,
        model_provider: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Span>> {
        let name = optional_text("name", name)?;
        let kind = KINDS[kind % KINDS.len()].1;
        with_options(session_id, ml_app, model_name, model_provider, |options| {
            start(py, &self.tracer, kind, name.as_deref(), options)
        })
    }

    /// Adds to a span, by default the current one.
    #[pyo3(signature = (span=None, input_data=None, output_data=None, metadata=None, metrics=None, tags=None))]
    #[allow(clippy::too_many_arguments)]
    fn annotate(
        &self,
        py: Python<'_>,
        span: Option<&Bound<'_, PyAny>>,
        input_data: Option<&Bound<'_, PyAny>>,
        output_data: Option<&Bound<'_, PyAny>>,
        metadata: Option<&Bound<'_, PyAny>>,
        metrics: Option<&Bound<'_, PyAny>>,
        tags: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let Some(span) = target(py, span)? else {
            self.tracer.misplaced_annotation("no span is current here; pass one as `span`");
            return Ok(());
        };
        if !span.get().is_of(&self.tracer) {
            self.tracer.misplaced_annotation("its span began before tracing was started anew");
            return Ok(());
        }
        span.get().annotate(&Parts {
            input: input_data,
            output: output_data,
            metadata,
            metrics,
            tags,
        })
    }

    /// The ids of a span, by default the current one; `None` if there is none.
    #[pyo3(signature = (span=None))]
    fn export_span<'py>(
        &self,
        py: Python<'py>,
        span: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        match target(py, span)? {
            Some(span) => span.get().ids(py),
            None => Ok(None),
        }
    }

    /// Sends what has finished and waits at most `timeout` seconds: whether all was settled, and
    /// the counters.
    fn flush<'py>(
        &self,
        py: Python<'py>,
        timeout: &Bound<'py, PyAny>,
    ) -> PyResult<(bool, Bound<'py, PyDict>)> {
        let flushed = self.settle(py, arguments::timeout(timeout)?)?;
        Ok((flushed.settled, counters(py, &flushed.statistics)?))
    }

    /// The same, and ends the tracer, also when a signal cuts the wait short.
    fn shutdown<'py>(
        &self,
        py: Python<'py>,
        timeout: &Bound<'py, PyAny>,
    ) -> PyResult<(bool, Bound<'py, PyDict>)> {
        let settled = self.settle(py, arguments::timeout(timeout)?);
        let ended = py.detach(|| self.tracer.shutdown(Duration::ZERO));
        Ok((settled?.settled, counters(py, &ended.statistics)?))
    }

    /// The counters.
    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counters(py, &py.detach(|| self.tracer.statistics()))
    }

    /// Lets a fixed clock go on, for tests.
    fn advance(&self, ns: u64) {
        self.clock.advance(ns);
    }
}
