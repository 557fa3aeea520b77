//! The component under the `wasmtime` command: another engine build than ours, WASI as it comes,
//! no host of ours.

mod conformance;
mod demonstration;
mod examples;
mod invoke;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where the component and the programs composed with it are; another build of it may be named.
fn folder() -> PathBuf {
    match std::env::var_os("WITSPAN_COMPONENTS") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/component"),
    }
}

/// A file of that folder.
fn built(name: &str) -> PathBuf {
    let path = folder().join(name);
    assert!(path.is_file(), "`{}` is missing: build it with `just programs`", path.display());
    path
}

/// A component as machine code: otherwise `wasmtime` would compile it again each time. Its name is not that
/// of our own build's machine code, which is for another engine.
fn compiled(name: &str) -> PathBuf {
    let code = folder().join(format!("cli-{name}.cwasm"));
    let options = ["compile", "-o", code.to_str().expect("a path in UTF-8")];
    let done = wasmtime(&options, &built(&format!("{name}.wasm")), b"");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    code
}

/// Runs the `wasmtime` command; what it printed.
fn wasmtime(arguments: &[&str], file: &Path, input: &[u8]) -> Output {
    let named = std::env::var_os("WASMTIME").filter(|path| !path.is_empty());
    let program = named.unwrap_or_else(|| OsString::from("wasmtime"));
    let mut command = Command::new(&program);
    command.args(arguments).arg(file);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = match command.spawn() {
        Ok(running) => running,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "the `wasmtime` command is missing (looked for `{}`): `./bootstrap.sh test` prepares \
             it and runs this test; or set WASMTIME to its path",
            program.display()
        ),
        Err(error) => panic!("`{}` does not run: {error}", program.display()),
    };
    // One that ends early closes its input; what it printed says why.
    let _ = running.stdin.take().expect("piped").write_all(input);
    running.wait_with_output().expect("it ran")
}
