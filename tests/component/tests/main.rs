//! The component by itself: what it asks for and what it offers.

mod world;

use std::path::{Path, PathBuf};

/// The portable component of the last build; another build of it may be named.
fn component() -> PathBuf {
    let named = std::env::var_os("WITSPAN_COMPONENTS").map(PathBuf::from);
    let path = named.unwrap_or_else(default_folder).join("witspan.wasm");
    assert!(path.is_file(), "`{}` is missing: build it with `just component`", path.display());
    path
}

/// Where `just component` puts what it builds.
fn default_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/component")
}
