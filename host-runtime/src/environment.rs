//! What this host finds for a plan: the environment's variables, without their secrets, the program's
//! folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use witspan_setup::{Folder, Reader, Secrecy, Secret, VARIABLES};

/// Folders above a program that are looked at; more than any layout has.
const MOST_FOLDERS: usize = 32;
/// Entries of one folder that are looked at for sources.
const MOST_ENTRIES: usize = 1000;

/// Variables that the core reads, and secrets by the names of their variables.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    pub(crate) open: Vec<(String, String)>,
    pub(crate) secrets: BTreeMap<String, String>,
}

impl Environment {
    /// Reads every variable of the table that the core reads.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut found = Environment::default();
        for row in VARIABLES.iter().filter(|row| row.read_by == Reader::Core) {
            if let Some(value) = lookup(row.name).filter(|_| !row.name.is_empty()) {
                found.keep(row.name, row.secrecy, &value);
            }
        }
        found
    }

    /// Keeps a value that the environment or code says: what is open of it, and what is secret.
    fn keep(&mut self, name: &str, secrecy: Secrecy, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        match secrecy {
            Secrecy::Secret => {
                self.secrets.insert(name.to_owned(), value.to_owned());
            }
            Secrecy::Url => {
                let (url, user) = without_user(value);
                match user {
                    Some(user) => self.secrets.insert(name.to_owned(), user),
                    None => self.secrets.remove(name),
                };
                self.open.push((name.to_owned(), url));
            }
            Secrecy::Open => self.open.push((name.to_owned(), value.to_owned())),
        }
    }

    /// An option that code says: what may go to the core of it. Its secret replaces the
    /// environment's.
    pub(crate) fn keep_option(&mut self, option: &str, value: &str) -> Option<String> {
        let row = VARIABLES.iter().find(|row| !row.option.is_empty() && row.option == option);
        let Some(row) = row.filter(|row| row.secrecy != Secrecy::Open) else {
            return Some(value.to_owned());
        };
        let mut kept = Environment { open: Vec::new(), secrets: std::mem::take(&mut self.secrets) };
        kept.keep(row.name, row.secrecy, value);
        self.secrets = kept.secrets;
        kept.open.pop().map(|(_, url)| url)
    }

    /// The secrets by name, for a plan.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let fits = |value: &str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let secret = |(name, value): (&String, &String)| {
            let is_user =
                VARIABLES.iter().any(|row| row.name == *name && row.secrecy == Secrecy::Url);
            Secret { name: name.clone(), usable: is_user || fits(value) }
        };
        self.secrets.iter().map(secret).collect()
    }
}

/// A URL without user name and password, and those, if it has them.
fn without_user(url: &str) -> (String, Option<String>) {
    let whole = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else { return whole() };
    if scheme.eq_ignore_ascii_case("unix") {
        return whole();
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => (format!("{scheme}://{}", &rest[at + 1..]), Some(rest[..at].to_owned())),
        None => whole(),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn secrets_stay_in_the_host() {
        let found = read(&[
            ("DD_API_KEY", " key "),
            ("DD_TRACE_AGENT_URL", "http://u:p@w@h:1/b"),
            ("DD_SITE", "x"),
            ("PATH", "/bin"),
        ]);
        assert_eq!(found.secrets["DD_API_KEY"], "key");
        assert_eq!(found.secrets["DD_TRACE_AGENT_URL"], "u:p@w");
        let open: Vec<_> = found.open.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(open, [("DD_SITE", "x"), ("DD_TRACE_AGENT_URL", "http://h:1/b")]);
        assert!(read(&[("DD_API_KEY", "a\nb")]).secrets().iter().all(|secret| !secret.usable));
    }
}
