//! The native core as a subject of the interface `setup`.

use super::convert::{Fixed, record};
use crate::{Answered, FirstRequest, Refused, SetupSubject};
use anyhow::{Context, Result, anyhow};
use std::cell::Cell;
use std::rc::Rc;
use witspan_core as core;
use witspan_setup as setup;

/// A core that was just made.
pub struct NativeSetup(core::Core<Fixed>);

impl Default for NativeSetup {
    fn default() -> Self {
        NativeSetup(core::Core::new(Fixed { passed: Rc::new(Cell::new(0)), drawn: 0 }))
    }
}

fn refused(refusal: setup::Refusal) -> Refused {
    Refused { field: refusal.field, message: refusal.message }
}

impl SetupSubject for NativeSetup {
    fn make_plan(&mut self, input: &str) -> Answered<String> {
        Ok(setup::make_plan_text(input).map_err(refused))
    }

    fn configure(&mut self, settings: &str) -> Answered<Vec<Refused>> {
        let settings = match setup::read_settings(settings) {
            Ok(settings) => settings,
            Err(refusal) => return Ok(Err(refused(refusal))),
        };
        let warnings = self.0.configure(settings)?.into_iter();
        let warning = |w: core::Warning| Refused { field: w.field, message: w.message };
        Ok(Ok(warnings.map(warning).collect()))
    }

    fn diagnose(&mut self, event: &str) -> [String; 3] {
        let said = setup::diagnose_text(event);
        [said.level.name().to_owned(), said.code.to_owned(), said.message]
    }

    fn loss_header(&mut self, counters: &str) -> Option<String> {
        setup::loss_header_text(counters)
    }

    fn variables(&mut self) -> String {
        setup::variables_text()
    }

    fn names(&mut self) -> String {
        setup::names_text()
    }

    fn set_targets(&mut self, targets: &str) -> Result<()> {
        let targets = setup::read_targets(targets).map_err(|wrong| anyhow!(wrong.message))?;
        Ok(self.0.set_targets(targets)?)
    }

    fn first_request(&mut self) -> Result<std::result::Result<FirstRequest, String>> {
        let core = &mut self.0;
        let (kind, parent) = (core::SpanKind::Task, core::Parent::Root);
        let span = core.start_span(kind, parent, None, Vec::new(), None)?;
        core.finish(span, None, None, None)?;
        if let core::Action::Send(request) = core.poll(core::PollMode::Everything) {
            let credential =
                |c: &core::Credential| format!("{}: {} {}", c.header, c.form.name(), c.secret);
            return Ok(Ok(FirstRequest {
                url: request.url,
                socket: request.socket,
                headers: record(&request.headers),
                credentials: request.credentials.iter().map(credential).collect(),
            }));
        }
        let counts = core.statistics();
        let mut reasons = core::DropReason::ALL.into_iter();
        let lost = reasons.rfind(|reason| counts.dropped_for(*reason) > 0);
        Ok(Err(lost.context("neither sent nor dropped")?.name().to_owned()))
    }
}
