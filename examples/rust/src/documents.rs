//! The documents of this repository, as passages short enough to search and to cite.

use crate::manifest::made;
use crate::steps::{note, within};
use anyhow::Result;
use serde_json::json;
use std::path::{Path, PathBuf};
use witspan::{Span, SpanKind};

/// What `documents_of` looks for.
const PATTERNS: [&str; 4] = ["README.md", "ARCHITECTURE.md", "docs/**/*.md", "wit/*.wit"];
const PASSAGE_CHARACTERS: usize = 700;

/// A few paragraphs of one document, and where they begin: `path:line`.
pub(crate) struct Passage {
    pub(crate) source: String,
    pub(crate) text: String,
}

/// Reads all documents below `root`.
pub(crate) fn read(root: &Path, parent: &Span) -> Result<Vec<Passage>> {
    within(parent.child(SpanKind::Task).name("read_documents"), |span| {
        made(span, "read_documents", "task", Some("ask"), "read_documents");
        let files = documents_of(root)?;
        let mut passages = Vec::new();
        for path in &files {
            let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
            let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            split(&text, &name, &mut passages);
        }
        // Every passage would be too much to look at. The counts say enough.
        let counts = json!({"files": files.len(), "passages": passages.len()});
        note(span, json!({"input": {"patterns": PATTERNS}, "output": counts}));
        Ok(passages)
    })
}

fn documents_of(root: &Path) -> Result<Vec<PathBuf>> {
    let at_the_top = ["README.md", "ARCHITECTURE.md"].map(|name| root.join(name));
    let mut files: Vec<PathBuf> = at_the_top.into_iter().filter(|path| path.is_file()).collect();
    collect(&root.join("docs"), "md", true, &mut files)?;
    collect(&root.join("wit"), "wit", false, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, ending: &str, deep: bool, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && deep {
            collect(&path, ending, deep, files)?;
        } else if path.is_file() && path.extension().is_some_and(|found| found == ending) {
            files.push(path);
        }
    }
    Ok(())
}

/// Cuts `text` at blank lines and headings into passages of about PASSAGE_CHARACTERS.
fn split(text: &str, name: &str, passages: &mut Vec<Passage>) {
    let mut lines: Vec<&str> = Vec::new();
    let mut first = 1;
    let mut close = |lines: &mut Vec<&str>, first: usize| {
        let text = lines.join("\n").trim().to_owned();
        if !text.is_empty() {
            passages.push(Passage { source: format!("{name}:{first}"), text });
        }
        lines.clear();
    };
    for (number, line) in (1..).zip(text.lines()) {
        let blank = line.trim().is_empty();
        let characters: usize = lines.iter().map(|line| line.chars().count()).sum();
        if line.starts_with('#') || blank && characters >= PASSAGE_CHARACTERS {
            close(&mut lines, first);
        }
        if lines.is_empty() {
            first = number;
        }
        if !lines.is_empty() || !blank {
            lines.push(line);
        }
    }
    close(&mut lines, first);
}
