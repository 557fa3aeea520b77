//! All cases through one runner, and what it found, for the table of all runners.

use crate::{Case, FORMATS, Format, Subject, chapters, check, folder};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::path::Path;

/// What a runner is known not to do yet: the case, and why.
pub type Gaps = [(&'static str, &'static str)];

/// Runs every case in both formats with subjects from `make`; see `check_each`.
pub fn check_all<S: Subject>(
    runner: &str,
    gaps: &Gaps,
    mut make: impl FnMut(&Case, Format) -> Result<S>,
) -> Result<()> {
    check_each(runner, gaps, |case, format| check(case, format, &mut make(case, format)?))
}

/// Checks every case in both formats; fails with all that failed, and for a gap that has closed.
/// Writes `target/conformance/RUNNER.json` for the table of all runners.
pub fn check_each(
    runner: &str,
    gaps: &Gaps,
    mut check: impl FnMut(&Case, Format) -> Result<()>,
) -> Result<()> {
    let mut report = Report { runner: runner.to_owned(), chapters: Vec::new() };
    let mut failures = Vec::new();
    for (_, chapter) in chapters()? {
        let mut line = Line { chapter: chapter.chapter, passed: 0, failed: 0, gaps: 0 };
        for case in &chapter.cases {
            let mut wrong = Vec::new();
            for format in FORMATS {
                if let Err(error) = check(case, format) {
                    wrong.push(format!("{} ({format:?}): {error:#}", case.name));
                }
            }
            let gap = gaps.iter().find(|(name, _)| *name == case.name);
            match (gap, wrong.is_empty()) {
                (None, true) => line.passed += 1,
                (Some(_), false) => line.gaps += 1,
                (Some((name, why)), true) => {
                    line.failed += 1;
                    failures.push(format!("{name}: the gap has closed ({why}): take it off"));
                }
                (None, false) => {
                    line.failed += 1;
                    failures.append(&mut wrong);
                }
            }
        }
        report.chapters.push(line);
    }
    let cases: usize =
        report.chapters.iter().map(|line| line.passed + line.failed + line.gaps).sum();
    // Grows with the suite, so that an empty or half-read folder cannot pass.
    let count: usize = std::fs::read_to_string(folder().join("COUNT"))?.trim().parse()?;
    ensure!(cases == count, "{cases} cases instead of {count}");
    report.write()?;
    ensure!(failures.is_empty(), "{} of {cases} failed:\n{}", failures.len(), failures.join("\n"));
    Ok(())
}

/// What one runner found, for the table.
#[derive(Debug, Serialize)]
struct Report {
    runner: String,
    chapters: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    chapter: String,
    passed: usize,
    failed: usize,
    gaps: usize,
}

impl Report {
    fn write(&self) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.json", self.runner));
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?)
    }
}
