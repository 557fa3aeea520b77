//! All cases through one runner, and what it found, for the table of all runners.

use crate::{
    Case, FORMATS, Format, SetupCase, Subject, chapters, check, count, folder, setup_chapters,
    setup_folder,
};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::path::Path;

/// What a runner is known not to do yet: the case, and why.
pub type Gaps = [(&'static str, &'static str)];

/// Why a case of the interface `setup` is out of a runner's reach; `None` if it is not, and passed.
pub type OutOfReach = Option<&'static str>;

/// Runs every case in both formats with subjects from `make`; see `check_each`.
pub fn check_all<S: Subject>(
    runner: &str,
    gaps: &Gaps,
    mut make: impl FnMut(&Case, Format) -> Result<S>,
    setup: impl FnMut(&SetupCase) -> Result<OutOfReach>,
) -> Result<()> {
    check_each(runner, gaps, |case, format| check(case, format, &mut make(case, format)?), setup)
}

/// Checks every program in both formats, and every case of the interface `setup`; fails with all that
/// failed, and for a gap that has closed. Writes `target/conformance/RUNNER.json` for the table of all
/// runners.
pub fn check_each(
    runner: &str,
    gaps: &Gaps,
    mut check: impl FnMut(&Case, Format) -> Result<()>,
    mut setup: impl FnMut(&SetupCase) -> Result<OutOfReach>,
) -> Result<()> {
    let mut report = Report { runner: runner.to_owned(), chapters: Vec::new() };
    let mut failures = Vec::new();
    for (_, chapter) in chapters()? {
        let mut line = Line::of(chapter.chapter);
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
    let cases = report.cases();
    let wanted = count(&folder())?;
    ensure!(cases == wanted, "{cases} programs instead of {wanted}");
    for (_, chapter) in setup_chapters()? {
        let mut line = Line::of(chapter.chapter);
        for case in &chapter.cases {
            match setup(case) {
                Ok(None) => line.passed += 1,
                Ok(Some(_)) => line.gaps += 1,
                Err(error) => {
                    line.failed += 1;
                    failures.push(format!("{}: {error:#}", case.name));
                }
            }
        }
        report.chapters.push(line);
    }
    let (all, wanted) = (report.cases(), wanted + count(&setup_folder())?);
    ensure!(all == wanted, "{all} cases instead of {wanted}");
    report.write()?;
    ensure!(failures.is_empty(), "{} of {all} failed:\n{}", failures.len(), failures.join("\n"));
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

impl Line {
    fn of(chapter: String) -> Self {
        Line { chapter, passed: 0, failed: 0, gaps: 0 }
    }
}

impl Report {
    fn cases(&self) -> usize {
        self.chapters.iter().map(|line| line.passed + line.failed + line.gaps).sum()
    }

    fn write(&self) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.json", self.runner));
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?)
    }
}
