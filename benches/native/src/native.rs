//! The core as plain Rust, with the machine's clocks: what the component is measured against.

use crate::Outcome;
use crate::contender::{CHAT, Case, Contender, MODEL, PROVIDER, TASK};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use witspan_core::{
    Action, Core, Handle, Outcome as Answer, Parent, Platform, PollMode, Response, Settings,
    SpanKind, SpanOption,
};

/// The machine's clocks, read as the host library reads them.
struct Machine {
    origin: Instant,
}

impl Platform for Machine {
    fn wall_ns(&mut self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
    }

    fn monotonic_ns(&mut self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn entropy(&mut self) -> u64 {
        RandomState::new().hash_one(0)
    }
}

pub(crate) struct Native {
    core: Core<Machine>,
}

impl Native {
    pub(crate) fn new() -> Outcome<Native> {
        let mut core = Core::new(Machine { origin: Instant::now() });
        // What `Config::from_env` gives the component; the format is the default, the public API.
        let settings = witspan::Config::from_env().plan().settings;
        core.configure(Settings {
            ml_app: settings.ml_app,
            service: settings.service,
            env: settings.env,
            version: settings.version,
            tags: settings.tags,
            language: settings.language,
            ..Settings::default()
        })
        .map_err(|error| format!("{error:?}"))?;
        Ok(Native { core })
    }
}

impl Native {
    /// The event of the one span that has finished, as it is sent.
    pub(crate) fn event(&mut self) -> Outcome<serde_json::Value> {
        let Action::Send(request) = self.core.poll(PollMode::Everything) else {
            return Err("no span waits to be sent".into());
        };
        let accepted = Answer::Response(Response { status: 202, headers: Vec::new() });
        self.core.complete(request.id, &accepted).map_err(|error| format!("{error:?}"))?;
        let mut body: serde_json::Value = serde_json::from_slice(&request.body)?;
        match body.pointer_mut("/data/attributes/spans/0") {
            Some(event) => Ok(event.take()),
            None => Err("the body has no span".into()),
        }
    }
}

impl Contender for Native {
    const NAME: &'static str = "native core";
    type Span = Handle;

    fn start(&mut self, case: Case) -> Outcome<Handle> {
        let (kind, name, options) = match case {
            Case::Bare => (SpanKind::Task, TASK, Vec::new()),
            Case::Annotated => {
                let model = SpanOption::ModelName(MODEL.to_owned());
                let provider = SpanOption::ModelProvider(PROVIDER.to_owned());
                (SpanKind::Llm, CHAT, vec![model, provider])
            }
        };
        let started =
            self.core.start_span(kind, Parent::Root, Some(name.to_owned()), options, None);
        started.map_err(|error| format!("{error:?}").into())
    }

    fn annotate(&mut self, span: Handle, annotation: &str) -> Outcome<()> {
        match self.core.annotate(span, annotation) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{error:?}").into()),
        }
    }

    fn finish(&mut self, span: Handle) -> Outcome<()> {
        match self.core.finish(span, None, None, None) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{error:?}").into()),
        }
    }

    fn deliver(&mut self) -> Outcome<()> {
        let accepted = Answer::Response(Response { status: 202, headers: Vec::new() });
        loop {
            match self.core.poll(PollMode::Everything) {
                Action::Send(request) => {
                    self.core
                        .complete(request.id, &accepted)
                        .map_err(|error| format!("{error:?}"))?;
                }
                Action::Wait(_) => {}
                Action::Idle => break,
            }
        }
        let counts = self.core.statistics();
        match counts.accepted == counts.delivered {
            true => Ok(()),
            false => Err(format!("the core lost spans: {counts:?}").into()),
        }
    }
}
