//! Writes the table of settings into `docs/configuration.md`, as `just configuration` asks for. Its
//! test fails where the document says anything else than the table.

use std::path::PathBuf;
use witspan_setup::VARIABLES;

const BEGIN: &str = "<!-- The table begins: `just configuration` writes it. -->\n";
const END: &str = "<!-- The table ends. -->\n";
const HEAD: &str = "| variable | in code | meaning | default | accepted | read by | secret |\n\
                    |---|---|---|---|---|---|---|\n";

fn main() -> std::io::Result<()> {
    let document = std::fs::read_to_string(path())?;
    std::fs::write(path(), with_table(&document))
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md")
}

/// The document with the table of now between its marks.
fn with_table(document: &str) -> String {
    let parts = document.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.expect("docs/configuration.md has the marks around its table");
    format!("{before}{BEGIN}{}{END}{after}", table())
}

fn table() -> String {
    let code = |name: &str| if name.is_empty() { String::new() } else { format!("`{name}`") };
    let rows = VARIABLES.iter().map(|row| {
        let cells = [
            code(row.name),
            code(row.option),
            row.meaning.to_owned(),
            row.default.to_owned(),
            row.accepted.to_owned(),
            row.read_by.name().to_owned(),
            row.secrecy.name().to_owned(),
        ];
        format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
    });
    HEAD.to_owned() + &rows.collect::<String>()
}

#[test]
fn the_document_has_the_table() {
    // A checkout may have other ends of lines.
    let document = std::fs::read_to_string(path()).expect("it is there").replace("\r\n", "\n");
    assert!(
        document == with_table(&document),
        "docs/configuration.md differs from the table in guest/setup/src/variables.rs: run \
         `just configuration` to write it"
    );
}
