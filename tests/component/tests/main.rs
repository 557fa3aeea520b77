//! The component by itself: what it asks for, what it offers, and that the `wasmtime` command
//! runs it as it is, without our host library.

mod command_line;
mod world;

use std::path::PathBuf;

/// The portable component of the last build.
fn component() -> PathBuf {
    let path =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/component/witspan.wasm"));
    assert!(path.is_file(), "`{}` is missing: build it with `just component`", path.display());
    path
}
