//! The verbs besides `intake`: clients of a running intake, and `validate`, which needs none.

mod client;
mod doctor;
mod export;
mod reach;
mod settings;
mod show;
mod source;
mod tail;
mod tree;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;

use crate::terminal::note;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print traces as they arrive, as trees
    Tail(tail::Options),
    /// Print one trace as a tree, with inputs and outputs
    Show(show::Options),
    /// Write spans to a file or to standard output
    Export(export::Options),
    /// Check a request's body, or lines of events, against the schema of the intake
    Validate(validate::Options),
    /// Print the configuration, the reachable receivers, and where spans would be sent
    Doctor(doctor::Options),
}

/// Runs one verb. The exit status is 1 if it failed.
pub(crate) fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Tail(options) => tail::run(&options),
        Command::Show(options) => show::run(&options),
        Command::Export(options) => export::run(&options),
        Command::Validate(options) => validate::run(&options),
        Command::Doctor(options) => doctor::run(&options),
    };
    match outcome {
        Ok(status) => status,
        // A closed pipe, as of `head`, is not a failure.
        Err(reason) if reason.is_empty() => ExitCode::SUCCESS,
        Err(reason) => {
            note!("witspan: {reason}");
            ExitCode::FAILURE
        }
    }
}
