//! What this host looks up in the file system for a plan: the program's folders.

use std::path::{Path, PathBuf};
use witspan_setup::Folder;

/// How many folders above a program are looked at; no layout has more.
const MOST_FOLDERS: usize = 32;
/// How many entries of a folder are searched for sources.
const MOST_ENTRIES: usize = 1000;

/// The folders from a program's file upward.
pub(crate) fn folders(program: &Path, package_marker: &str, extension: &str) -> Vec<Folder> {
    let Ok(program) = program.canonicalize() else { return Vec::new() };
    let start = if program.is_dir() { Some(program.as_path()) } else { program.parent() };
    let Some(start) = start else { return Vec::new() };
    let is_source = |path: PathBuf| path.extension().is_some_and(|found| found == extension);
    let mut found = Vec::new();
    for folder in start.ancestors().take(MOST_FOLDERS) {
        let Some(name) = folder.file_name() else { break };
        let entries = std::fs::read_dir(folder).into_iter().flatten().take(MOST_ENTRIES);
        let has_sources = entries.flatten().any(|entry| is_source(entry.path()));
        let is_package = folder.join(package_marker).is_file();
        found.push(Folder { name: name.to_string_lossy().into_owned(), is_package, has_sources });
        if !has_sources && !is_package {
            break;
        }
    }
    found
}
