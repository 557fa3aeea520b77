//! The verbs besides `intake`: clients of a running intake, or of its files.

use std::process::ExitCode;

use clap::Subcommand;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print traces as they arrive, as trees
    Tail,
}

/// Runs one verb.
pub(crate) fn run(command: Command) -> ExitCode {
    match command {
        Command::Tail => ExitCode::FAILURE,
    }
}
