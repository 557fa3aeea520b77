//! Embeds the page: every file of `page/`, and what `just page` has fetched into `target/page/`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What the page is made of, and the programs it shows.
const KINDS: [&str; 9] = [".html", ".css", ".js", ".svg", ".woff2", ".txt", ".py", ".rs", ".sh"];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let fetched = root.join("../target/page");
    if !fetched.join("chart.js").is_file() || !fetched.join("fonts").is_dir() {
        panic!(
            "the page's chart library and fonts are not here: run `just page` (or ./bootstrap.sh setup)"
        );
    }
    let mut files = Vec::new();
    for folder in [root.join("page"), fetched] {
        println!("cargo::rerun-if-changed={}", folder.display());
        collect(&folder, "", &mut files)?;
    }
    files.sort();
    let mut text = "&[\n".to_owned();
    for (name, path) in files {
        writeln!(text, "    ({name:?}, include_bytes!({path:?})),").expect("text grows");
    }
    text.push_str("]\n");
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(target.join("assets.rs"), text)
}

/// Adds the files below a folder, each by its name with `/` between the parts.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), files)?;
        } else if KINDS.iter().any(|kind| name.ends_with(kind)) {
            files.push((format!("{prefix}{name}"), entry.path().canonicalize()?));
        }
    }
    Ok(())
}
