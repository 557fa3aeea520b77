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
mod setup;

pub use drive::*;
pub use model::*;
pub use report::*;
pub use settings::*;
pub use setup::*;

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Where time stands when a case begins, in ns since the Unix epoch.
pub const START_NS: u64 = 1_700_000_000_000_000_000;

/// How long the processor of a case may take, in ns.
pub const PROCESSOR_NS: u64 = 1_000_000_000;

/// The folder of the cases that are programs.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// The folder of the cases of the interface `setup`.
pub fn setup_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("setup")
}

/// All chapters of programs, in order of their files' names.
pub fn chapters() -> Result<Vec<(PathBuf, Chapter)>> {
    let chapters: Vec<(PathBuf, Chapter)> = read_all(&folder())?;
    for (path, chapter) in &chapters {
        ensure!(chapter.version == 1, "{}: version {}", path.display(), chapter.version);
    }
    Ok(chapters)
}

/// All chapters of the interface `setup`, in order of their files' names.
pub fn setup_chapters() -> Result<Vec<(PathBuf, SetupChapter)>> {
    let chapters: Vec<(PathBuf, SetupChapter)> = read_all(&setup_folder())?;
    for (path, chapter) in &chapters {
        ensure!(chapter.version == 1, "{}: version {}", path.display(), chapter.version);
    }
    Ok(chapters)
}

/// How many cases a folder must have, so that an empty or half-read one cannot pass.
pub fn count(folder: &Path) -> Result<usize> {
    Ok(std::fs::read_to_string(folder.join("COUNT"))?.trim().parse()?)
}

fn read_all<T: DeserializeOwned>(folder: &Path) -> Result<Vec<(PathBuf, T)>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path)?;
        let chapter = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        Ok((path, chapter))
    };
    files.into_iter().map(read).collect()
}
