//! The conformance suite's runner `wasmtime`: every case in a process of the `wasmtime` command,
//! where a program (`tests/cli/programs/examples/conformance/main.rs`) drives the component.

use crate::{compiled, folder, wasmtime};
use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use std::path::Path;
use witspan_conformance::{Gaps, Job, check_each, check_setup, compare};

/// What this runner cannot do, and why.
const GAPS: &Gaps = &[];

#[test]
fn the_component_sends_every_cases_bytes_under_the_wasmtime_command() {
    let program = compiled("conformance");
    check_each(
        &runner(),
        GAPS,
        |case, format| {
            let job = Job::Program(Box::new(case.clone()), format);
            compare(case, format, run(&program, &job)?)
        },
        |case| {
            check_setup(case, |at| run(&program, &Job::Setup(Box::new(case.clone()), at)))?;
            Ok(None)
        },
    )
    .unwrap();
}

/// `wasmtime`; for another build of the component, the name of its folder.
fn runner() -> String {
    match std::env::var_os("WITSPAN_COMPONENTS") {
        None => "wasmtime".to_owned(),
        Some(_) => folder().file_name().expect("a folder").to_string_lossy().into_owned(),
    }
}

/// What the program finds of a job.
fn run<Found: DeserializeOwned>(program: &Path, job: &Job) -> Result<Found> {
    let job = serde_json::to_vec(job)?;
    let done = wasmtime(&["run", "--allow-precompiled"], program, &job);
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{said}");
    ensure!(said.is_empty(), "it succeeded, but said: {said}");
    serde_json::from_slice(&done.stdout).context("what the program printed")
}
