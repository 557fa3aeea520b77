//! Finds the precompiled component that the runtime embeds.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=WITSPAN_PRECOMPILED");
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let path = match std::env::var_os("WITSPAN_PRECOMPILED") {
        Some(path) => PathBuf::from(path),
        None => here.join("../target/component/witspan.cwasm"),
    };
    println!("cargo::rerun-if-changed={}", path.display());
    if path.is_file() {
        println!("cargo::rustc-env=WITSPAN_PRECOMPILED={}", path.display());
    } else {
        println!(
            "cargo::error=the component is not built: run `just component` (looked for {})",
            path.display()
        );
    }
}
