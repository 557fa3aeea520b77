//! The component as a subject of the interface `setup`.

use crate::convert::name;
use anyhow::{Context, Result};
use std::result::Result as Either;
use witspan_cli_programs::{delivery, setup, tracing, types};
use witspan_conformance::{Answered, FirstRequest, Refused, SetupSubject};

/// The imported component, which nobody has called yet.
pub(crate) struct FreshComponent;

/// A refusal as a value; any other error is not expected.
fn answered<T>(result: Either<T, types::Error>) -> Answered<T> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(types::Error::InvalidArgument(wrong)) => {
            Ok(Err(Refused { field: wrong.field, message: wrong.message }))
        }
        Err(error) => Err(error.into()),
    }
}

impl SetupSubject for FreshComponent {
    fn make_plan(&mut self, input: &str) -> Answered<String> {
        answered(setup::make_plan(input))
    }

    fn configure(&mut self, settings: &str) -> Answered<Vec<Refused>> {
        let warning = |w: types::Warning| Refused { field: w.field, message: w.message };
        let told = answered(tracing::configure(settings))?;
        Ok(told.map(|warnings| warnings.into_iter().map(warning).collect()))
    }

    fn diagnose(&mut self, event: &str) -> [String; 3] {
        let said = setup::diagnose(event);
        let level = match said.level {
            setup::Level::Warning => "warning",
            setup::Level::Error => "error",
        };
        [level.to_owned(), said.code, said.message]
    }

    fn loss_header(&mut self, counters: &str) -> Option<String> {
        setup::loss_header(counters)
    }

    fn variables(&mut self) -> String {
        setup::variables()
    }

    fn names(&mut self) -> String {
        setup::names()
    }

    fn set_targets(&mut self, targets: &str) -> Result<()> {
        Ok(delivery::set_targets(targets)?)
    }

    fn first_request(&mut self) -> Result<Either<FirstRequest, String>> {
        let (kind, parent) = (types::SpanKind::Task, tracing::Parent::Root);
        let span = tracing::start_span(kind, &parent, None, None, None)?;
        tracing::finish(span, None, None, None)?;
        if let delivery::Action::Send(request) = delivery::poll(delivery::PollMode::Everything) {
            let headers = request.headers.into_iter().map(|header| (header.name, header.value));
            return Ok(Ok(FirstRequest {
                url: request.url,
                socket: request.socket,
                headers: headers.collect(),
                credentials: request.credentials.iter().map(credential).collect(),
            }));
        }
        let lost = delivery::statistics().dropped.pop().context("neither sent nor dropped")?;
        Ok(Err(name(lost.reason)))
    }
}

fn credential(credential: &delivery::Credential) -> String {
    let form = match credential.form {
        delivery::CredentialForm::Plain => "plain",
        delivery::CredentialForm::Basic => "basic",
    };
    format!("{}: {form} {}", credential.header, credential.secret)
}
