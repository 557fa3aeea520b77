//! The `witspan` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    witspan_intake::main()
}
