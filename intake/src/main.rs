//! The `witspan` command.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

use std::process::ExitCode;

fn main() -> ExitCode {
    witspan_intake::main()
}
