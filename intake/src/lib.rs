//! The local intake: receives traces and evaluations from LLM tracers, stores them in SQLite, and shows them
//! on a page and in the terminal.
//!
//! `endpoints` is the table of what tracers send where. `decode` turns every format into the one `model`,
//! `store` keeps it and answers questions, `server` is HTTP around both, `cli` the other verbs of the command.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod certificates;
mod cli;
mod decode;
mod encode;
mod endpoints;
mod forward;
mod memory;
mod model;
mod schema;
mod server;
mod store;
mod terminal;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Traces of LLM applications, kept and shown on this machine.
#[derive(Parser)]
#[command(name = "witspan", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Receive, keep and show traces
    Intake(server::Options),
    #[command(flatten)]
    Client(cli::Command),
}

/// Runs the command with the process's arguments.
pub fn main() -> ExitCode {
    terminal::catch_panics();
    let arguments: Arguments = match terminal::arguments() {
        Ok(arguments) => arguments,
        Err(status) => return ExitCode::from(status),
    };
    let outcome = match arguments.command {
        Command::Intake(options) => server::run(options),
        Command::Client(command) => return cli::run(command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            terminal::note!("witspan: {reason}");
            ExitCode::FAILURE
        }
    }
}
