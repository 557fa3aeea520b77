//! The conformance suite's runner `wasmtime`: every case in a process of the `wasmtime` command,
//! where a program (`programs/examples/conformance.rs`) drives the component.

use crate::{compiled, folder, wasmtime};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use witspan_conformance::{Case, Format, Gaps, check_each, compare};

/// What this runner cannot do, and why.
const GAPS: &Gaps = &[];

#[test]
fn the_component_sends_every_cases_bytes_under_the_wasmtime_command() {
    let program = compiled("conformance");
    check_each(&runner(), GAPS, |case, format| check(&program, case, format)).unwrap();
}

/// `wasmtime`; for another build of the component, the name of its folder.
fn runner() -> String {
    match std::env::var_os("WITSPAN_COMPONENTS") {
        None => "wasmtime".to_owned(),
        Some(_) => folder().file_name().expect("a folder").to_string_lossy().into_owned(),
    }
}

fn check(program: &Path, case: &Case, format: Format) -> Result<()> {
    let job = serde_json::to_vec(&(case, format))?;
    let done = wasmtime(&["run", "--allow-precompiled"], program, &job);
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{said}");
    ensure!(said.is_empty(), "it succeeded, but said: {said}");
    let outcome = serde_json::from_slice(&done.stdout).context("what the program printed")?;
    compare(case, format, outcome)
}
