//! The tracer as Python holds it.

use crate::arguments::{
    self, LLMObsArgumentError, LLMObsError, any_text, optional_flag, optional_number, pairs,
    raise_if_wrong,
};
use crate::contexts;
use crate::counters::counters;
use crate::current::{self, Remote};
use crate::json::Writer;
use crate::memory::Memory;
use crate::processor;
use crate::signals;
use crate::span::{Span, target};
use crate::start::{Placement, start};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use witspan::{Clock, Config, Flushed, SpanKind, SpanOption};

const KINDS: [(&str, SpanKind); 7] = [
    ("llm", SpanKind::Llm),
    ("workflow", SpanKind::Workflow),
    ("agent", SpanKind::Agent),
    ("tool", SpanKind::Tool),
    ("task", SpanKind::Task),
    ("embedding", SpanKind::Embedding),
    ("retrieval", SpanKind::Retrieval),
];

/// The kind with this number.
pub(crate) fn kind(number: usize) -> SpanKind {
    KINDS[number % KINDS.len()].1
}

pub(crate) fn kind_name(kind: SpanKind) -> &'static str {
    KINDS.iter().find(|(_, k)| *k == kind).map_or("", |(name, _)| name)
}

/// Makes spans and sends them; one is made by each `LLMObs.enable()`.
#[pyclass(frozen, module = "witspan._native")]
pub(crate) struct Tracer {
    tracer: witspan::Tracer,
    clock: Clock,
    /// Seconds that the end of the program may wait.
    #[pyo3(get)]
    exit_timeout: f64,
    /// Whether signals that end the process deliver first.
    #[pyo3(get)]
    handle_signals: bool,
    /// The service of every span; empty for none.
    #[pyo3(get)]
    service: String,
}

/// Whether the environment sets a switch, found by its option's name, and says yes; None: not set.
#[pyfunction]
pub(crate) fn switch(option: &str) -> Option<bool> {
    witspan::setup::switch(option, |name| std::env::var(name).ok())
}

/// What the environment says for a host, found by its option's name; None: nothing.
#[pyfunction]
pub(crate) fn host_variable(option: &str) -> Option<String> {
    witspan::setup::host_variable(option, |name| std::env::var(name).ok())
}

/// How long a wait goes on before signals are looked at: Ctrl-C must not wait for an intake.
const PATIENCE: Duration = Duration::from_millis(100);

impl Tracer {
    pub(crate) fn core(&self) -> &witspan::Tracer {
        &self.tracer
    }

    /// The text of an annotation context; raises for a wrong one.
    fn checked_context(&self, members: &[(&str, Option<&Bound<'_, PyAny>>)]) -> PyResult<String> {
        let text = Writer::object(members)?;
        match self.tracer.check_context(&text) {
            Ok(_) => Ok(text),
            Err(error) => raise_if_wrong(error).map(|()| "{}".to_owned()),
        }
    }

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
    /// is called with each notice's text. `program` is the file that runs, by which one is named that
    /// names neither a service nor an ML app. `fixed_clock_ns` stops the clock, for tests, and `limits`
    /// are the bounds by their names in `wit/types.wit`. With a `memory` everything stays there, and
    /// the environment says nothing.
    #[new]
    #[pyo3(signature = (*, ml_app=None, agentless=None, site=None, api_key=None, env=None,
                        service=None, sample_rate=None, exit_timeout=None, handle_signals=None,
                        program=None, source_link=None, listener=None, fixed_clock_ns=None, limits=None,
                        memory=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        ml_app: Option<&Bound<'_, PyAny>>,
        agentless: Option<&Bound<'_, PyAny>>,
        site: Option<&Bound<'_, PyAny>>,
        api_key: Option<&Bound<'_, PyAny>>,
        env: Option<&Bound<'_, PyAny>>,
        service: Option<&Bound<'_, PyAny>>,
        sample_rate: Option<&Bound<'_, PyAny>>,
        exit_timeout: Option<f64>,
        handle_signals: Option<bool>,
        program: Option<std::path::PathBuf>,
        source_link: Option<String>,
        listener: Option<Py<PyAny>>,
        fixed_clock_ns: Option<u64>,
        limits: Option<HashMap<String, u64>>,
        memory: Option<PyRef<'_, Memory>>,
    ) -> PyResult<Self> {
        let mut config = match memory {
            None => Config::from_env(),
            Some(memory) => {
                let mut config = Config::default();
                config.exporter = Some(memory.0.exporter());
                config.set("intake", "sdk");
                config
            }
        };
        config.language = "python".to_owned();
        let warned = RefCell::new(Vec::new());
        let warn = |message| warned.borrow_mut().push(message);
        let own = |name, value| PyResult::Ok(any_text(name, value, &warn)?.map(|t| t.into_owned()));
        // An empty app is what is left of a setting that is not there.
        let app = own("ml_app", ml_app)?.filter(|app| !app.is_empty());
        let texts = [
            ("ml_app", app),
            ("service", own("service", service)?),
            ("site", own("site", site)?),
            ("env", own("env", env)?),
            ("api_key", own("api_key", api_key)?),
        ];
        for (option, text) in texts {
            if let Some(text) = text {
                config.set(option, text);
            }
        }
        if let Some(flag) = optional_flag("agentless_enabled", agentless)? {
            config.set("agentless_enabled", flag);
        }
        if let Some(rate) = optional_number("sample_rate", sample_rate)? {
            config.set("sample_rate", rate);
        }
        if let Some(seconds) = exit_timeout {
            config.set("exit_timeout", seconds);
        }
        if let Some(flag) = handle_signals {
            config.set("handle_signals", flag);
        }
        if let Some(path) = program {
            config.set_program(&path, "__init__.py", "py");
        }
        config.set_source_link(source_link.unwrap_or_default());
        if let Some(listener) = listener {
            config.listener = Some(Arc::new(move |notice| {
                // The interpreter may be ending; then nobody reads it.
                Python::try_attach(|py| listener.call1(py, (notice.text.as_str(),)).map(drop));
            }));
        }
        if let Some(ns) = fixed_clock_ns {
            config.clock = Clock::fixed_without_waits(ns);
        }
        for (name, value) in limits.unwrap_or_default() {
            config.set(&name, value);
        }
        let clock = config.clock.clone();
        let tracer = witspan::Tracer::start(config).map_err(|error| match error {
            wrong @ witspan::Error::InvalidArgument { .. } => {
                LLMObsArgumentError::new_err(wrong.to_string())
            }
            other => LLMObsError::new_err(other.to_string()),
        })?;
        warned.into_inner().into_iter().for_each(|message| tracer.warn(message));
        let plan = tracer.plan();
        let exit_timeout = plan.map_or(0, |plan| plan.exit_timeout_ns);
        let exit_timeout = Duration::from_nanos(exit_timeout).as_secs_f64();
        let handle_signals = plan.is_some_and(|plan| plan.handle_signals);
        let service = plan.map(|plan| plan.settings.service.clone()).unwrap_or_default();
        Ok(Tracer { tracer, clock, exit_timeout, handle_signals, service })
    }

    /// Tells what was lost at the end, if anything was.
    fn tell_ended(&self, unsent: u64, unfinished: u64) {
        self.tracer.tell_ended(unsent, unfinished);
    }

    /// Starts a span of the kind with this number and, unless `activate` is false, makes it current.
    /// `version` is an agent's; `parent` a span, or headers of a request.
    #[pyo3(signature = (kind, name=None, session_id=None, ml_app=None, model_name=None,
                        model_provider=None, version=None, start_ns=None, parent=None,
                        activate=None))]
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
        version: Option<&Bound<'py, PyAny>>,
        start_ns: Option<&Bound<'py, PyAny>>,
        parent: Option<&Bound<'py, PyAny>>,
        activate: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Span>> {
        let given = name;
        let warn = |message| self.tracer.warn(message);
        let name = any_text("name", name, &warn)?;
        let session_id = any_text("session_id", session_id, &warn)?;
        let ml_app = any_text("ml_app", ml_app, &warn)?;
        let model_name = any_text("model_name", model_name, &warn)?;
        let model_provider = any_text("model_provider", model_provider, &warn)?;
        let around = contexts::around(py)?;
        let mut contexts: Vec<String> = around.as_ref().map(contexts::texts).unwrap_or_default();
        if let Some(version) = version.filter(|version| !version.is_none()) {
            let agent = PyDict::new(py);
            agent.set_item("version", version)?;
            contexts.push(self.checked_context(&[("agent", Some(&agent))])?);
        }
        let options = [
            session_id.as_deref().map(SpanOption::SessionId),
            ml_app.as_deref().map(SpanOption::MlApp),
            model_name.as_deref().map(SpanOption::ModelName),
            model_provider.as_deref().map(SpanOption::ModelProvider),
            arguments::optional_time("start_ns", start_ns)?.map(SpanOption::StartNs),
        ];
        let kind = self::kind(kind);
        // Last, so that nothing wrong is said of a span that is then not started.
        let placement = Placement::of(&self.tracer, parent, activate)?;
        let begin = |options: &[SpanOption<'_>]| match placement {
            None => start(py, self.tracer.clone(), kind, name.as_deref(), options),
            Some(at) => at.start(py, self.tracer.clone(), kind, name.as_deref(), options),
        };
        let span = if contexts.is_empty() && options.iter().all(Option::is_none) {
            begin(&[])?
        } else {
            let contexts = contexts.iter().map(|text| SpanOption::Context(text));
            let options: Vec<_> = options.into_iter().flatten().chain(contexts).collect();
            begin(&options)?
        };
        let called = match (given, &name) {
            (Some(given), Some(name)) if !given.is_instance_of::<PyString>() => {
                Some(PyString::new(py, name).into_any())
            }
            (given, _) => given.cloned(),
        };
        span.get().surface.call(called.as_ref(), around.is_some());
        Ok(span)
    }

    /// Adds to a span, by default the current one.
    #[pyo3(signature = (span=None, input_data=None, output_data=None, metadata=None, metrics=None,
                        tags=None, prompt=None, tool_definitions=None, cost_tags=None, agent=None,
                        links=None))]
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
        prompt: Option<&Bound<'_, PyAny>>,
        tool_definitions: Option<&Bound<'_, PyAny>>,
        cost_tags: Option<&Bound<'_, PyAny>>,
        agent: Option<&Bound<'_, PyAny>>,
        links: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let Some(span) = target(py, span)? else {
            self.tracer.misplaced_annotation("no span is current here; pass one as `span`");
            return Ok(());
        };
        if !span.get().is_of(&self.tracer) {
            self.tracer.misplaced_annotation("its span is from before tracing was restarted");
            return Ok(());
        }
        span.get().annotate(&[
            ("input", input_data),
            ("output", output_data),
            ("metadata", metadata),
            ("metrics", metrics),
            ("tags", tags),
            ("prompt", prompt),
            ("tool_definitions", tool_definitions),
            ("cost_tags", cost_tags),
            ("agent", agent),
            ("links", links),
        ])
    }

    /// The text of an annotation context, which was checked.
    #[pyo3(signature = (tags=None, prompt=None, name=None, cost_tags=None, agent=None))]
    fn context(
        &self,
        tags: Option<&Bound<'_, PyAny>>,
        prompt: Option<&Bound<'_, PyAny>>,
        name: Option<&Bound<'_, PyAny>>,
        cost_tags: Option<&Bound<'_, PyAny>>,
        agent: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        self.checked_context(&[
            ("tags", tags),
            ("prompt", prompt),
            ("name", name),
            ("cost_tags", cost_tags),
            ("agent", agent),
        ])
    }

    /// Counts an annotation context that was not entered, and tells of the first one.
    fn too_many_contexts(&self) {
        self.tracer.misplaced_annotation(
            "1,000 annotation contexts are open here: each must be left where it ends",
        );
    }

    /// Submits an evaluation, or a feedback, with these members.
    fn submit(&self, members: &Bound<'_, PyDict>, feedback: bool) -> PyResult<()> {
        let text = Writer::json(members)?;
        let submitted = match feedback {
            true => self.tracer.submit_feedback(&text),
            false => self.tracer.submit_evaluation(&text),
        };
        submitted.map(drop).or_else(raise_if_wrong)
    }

    /// The headers to set so that a request that has `headers` continues the trace of a span, by
    /// default the current one.
    #[pyo3(signature = (headers, span=None))]
    fn inject(
        &self,
        py: Python<'_>,
        headers: Vec<(String, String)>,
        span: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<(String, String)>> {
        let known = match span.filter(|span| !span.is_none()) {
            // Also where no span is open: work that outlived one goes on in its trace.
            None => current::known(py)?,
            Some(span) => target(py, Some(span))?.map(|span| span.get().known().clone()),
        };
        Ok(known.map(|known| known.inject(&pairs(&headers))).unwrap_or_default())
    }

    /// Has what starts in this context continue the trace that the headers name.
    fn activate(&self, py: Python<'_>, headers: Vec<(String, String)>) -> PyResult<()> {
        match self.tracer.extract(&pairs(&headers)) {
            Ok(place) => current::set_value(py, Bound::new(py, Remote(place))?.as_any()).map(drop),
            Err(error) => {
                // Not the place of the request that was served here before.
                if current::value(py)?.is_instance_of::<Remote>() {
                    current::set_value(py, py.None().bind(py))?;
                }
                raise_if_wrong(error)
            }
        }
    }

    /// Has `run` look at every span before it is sent, for so many seconds at most: it takes an
    /// event's JSON text and gives the changed event, or `None` for no span.
    #[pyo3(signature = (run, limit=1.0))]
    fn set_processor(&self, py: Python<'_>, run: Option<Py<PyAny>>, limit: f64) {
        let limit = Duration::try_from_secs_f64(limit).unwrap_or(Duration::MAX);
        let processor = run.map(|run| {
            let process = move |event: &str| processor::run(&run, event);
            (Box::new(process) as _, limit)
        });
        py.detach(|| self.tracer.set_processor(processor));
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

    /// Has signals that would end the process deliver before, for at most `timeout` seconds; raises
    /// `OSError` where the system lets no handler be set.
    fn catch_signals(&self, py: Python<'_>, timeout: &Bound<'_, PyAny>) -> PyResult<()> {
        signals::catch(py, &self.tracer, arguments::timeout(timeout)?)
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
