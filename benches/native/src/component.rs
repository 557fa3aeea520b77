//! The component, through the host library, as a Rust application uses it.

use crate::Outcome;
use crate::contender::{CHAT, Case, Contender, MODEL, PROVIDER, TASK};
use std::time::Duration;
use witspan::{Config, Parent, SpanKind, SpanOption, SpanRef, Tracer};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Component {
    tracer: Tracer,
}

impl Component {
    pub(crate) fn new() -> Outcome<Component> {
        let config = Config::from_env();
        if std::env::var_os("DD_LLMOBS_OVERRIDE_ORIGIN").is_none() {
            return Err("DD_LLMOBS_OVERRIDE_ORIGIN is not set: it must name a sink".into());
        }
        Ok(Component { tracer: Tracer::start(config)? })
    }

    pub(crate) fn close(self) -> Outcome<()> {
        match self.tracer.shutdown(PATIENCE).settled {
            true => Ok(()),
            false => Err("the tracer did not end in time".into()),
        }
    }
}

impl Contender for Component {
    const NAME: &'static str = "component, Rust";
    type Span = SpanRef;

    fn start(&mut self, case: Case) -> Outcome<SpanRef> {
        Ok(match case {
            Case::Bare => self.tracer.start_span(SpanKind::Task, Parent::Root, Some(TASK), &[])?,
            Case::Annotated => self.tracer.start_span(
                SpanKind::Llm,
                Parent::Root,
                Some(CHAT),
                &[SpanOption::ModelName(MODEL), SpanOption::ModelProvider(PROVIDER)],
            )?,
        })
    }

    fn annotate(&mut self, span: SpanRef, annotation: &str) -> Outcome<()> {
        self.tracer.annotate(span, annotation)?;
        Ok(())
    }

    fn finish(&mut self, span: SpanRef) -> Outcome<()> {
        self.tracer.finish(span, None, None);
        Ok(())
    }

    fn deliver(&mut self) -> Outcome<()> {
        let flushed = self.tracer.flush(PATIENCE);
        let counts = flushed.statistics;
        match flushed.settled && counts.accepted == counts.delivered {
            true => Ok(()),
            false => Err(format!("the tracer lost spans: {counts:?}").into()),
        }
    }
}
