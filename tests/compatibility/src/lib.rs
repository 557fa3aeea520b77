//! What Datadog's own SDKs sent for a program, beside what the core sends for the same program.
//!
//! `captured/` holds what they sent, `scenarios/` the programs as steps of the conformance suite,
//! `differences.json` where we differ on purpose, and why. `README.md` describes the files.

mod compare;
mod differences;
mod fields;
mod headers;
mod produce;

pub use compare::{Count, Difference, compare};
pub use differences::{Allowed, Group, How, Ledger};
pub use produce::{Produced, produce};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use witspan_conformance::{Headers, Settings, Step};

/// The SDKs, by their folders.
pub const SDKS: [&str; 2] = ["python", "js"];

/// One program: what an SDK sent for it, and its steps.
#[derive(Debug, Clone)]
pub struct Program {
    /// The folder: `python` or `js`.
    pub sdk: String,
    /// The file's name.
    pub name: String,
    /// What the SDK sent.
    pub captured: Captured,
    /// The same program as steps.
    pub scenario: Scenario,
}

/// What an SDK sent and said.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captured {
    /// Which SDK, its version, and the program.
    pub source: String,
    /// What all its span requests share.
    pub request: Request,
    /// One for each `evaluate` of the scenario, in order.
    #[serde(default)]
    pub evaluations: Vec<Evaluation>,
    /// Of which spans `annotate` raised; absent where that is not compared.
    pub raised: Option<Vec<String>>,
    /// One for each `inject` of the scenario, in order.
    #[serde(default)]
    pub injected: Vec<Injected>,
    /// The events, by the name that the scenario gives their span.
    pub events: Map<String, Value>,
}

/// What all span requests of a capture share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The path, where the SDK went through an agent as the scenario does.
    pub path: Option<String>,
    /// The same for its headers.
    #[serde(default)]
    pub headers: Headers,
    /// What is around each event.
    pub envelope: Map<String, Value>,
}

/// What came of a call of `submit_evaluation`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// A name for it.
    pub call: String,
    /// What was sent.
    pub metric: Option<Value>,
    /// What was raised instead.
    pub raised: Option<String>,
}

/// The headers that were injected.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Injected {
    /// The span whose trace they continue.
    pub span: String,
    /// What they are.
    pub headers: Headers,
}

/// A captured program as steps of the conformance suite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is about.
    pub says: String,
    /// As the capture was set up.
    pub settings: Settings,
    /// The steps.
    pub program: Vec<Step>,
}

/// This crate's folder.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All programs, in order of their names.
pub fn programs() -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for sdk in SDKS {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("captured").join(sdk))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.sort();
        for path in files {
            let file = path.file_name().context("a file")?;
            programs.push(Program {
                sdk: sdk.to_owned(),
                name: path.file_stem().context("a name")?.to_string_lossy().into_owned(),
                captured: read(&path)?,
                scenario: read(&folder().join("scenarios").join(sdk).join(file))?,
            });
        }
    }
    Ok(programs)
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}
