//! The conformance suite's model: what a case is, and how any subject is driven through it.
//!
//! `README.md` beside this crate describes the format for whoever writes a runner in another
//! language.

mod drive;
mod model;
#[cfg(feature = "native")]
pub mod native;
mod report;
mod settings;

pub use drive::*;
pub use model::*;
pub use report::*;
pub use settings::*;

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// Where time stands when a case begins, in ns since the Unix epoch.
pub const START_NS: u64 = 1_700_000_000_000_000_000;

/// How long the processor of a case may take, in ns.
pub const PROCESSOR_NS: u64 = 1_000_000_000;

/// The folder of the cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// All chapters, in order of their files' names.
pub fn chapters() -> Result<Vec<(PathBuf, Chapter)>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut chapters = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)?;
        let chapter: Chapter =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        ensure!(chapter.version == 1, "{}: version {}", path.display(), chapter.version);
        chapters.push((path, chapter));
    }
    Ok(chapters)
}
