//! Reads what a host knows: the text that `make-plan` is given.

use super::value::{Json, Members, Refusal};
use crate::input::{Folder, Input, Secret, UnusableFile};

pub(crate) fn read(text: &str) -> Result<Input, Refusal> {
    let mut members = Members::of(Json::read(text)?, "")?;
    let mut input = Input {
        language: members.text("language")?.unwrap_or_default(),
        environment: members.texts("environment")?,
        options: members.texts("options")?,
        source_link: members.text("source_link")?.unwrap_or_default(),
        ..Input::default()
    };
    for (name, usable) in members.object("secrets")?.unwrap_or_default() {
        let Json::Bool(usable) = usable else {
            let path = ["secrets.", &name].concat();
            let accepted = "a boolean (whether a header can hold it), never the secret itself";
            return Err(Refusal::new(&path, usable.describe(), accepted));
        };
        input.secrets.push(Secret { name, usable });
    }
    if let Some(host) = members.take("host") {
        let mut host = Members::of(host, "host")?;
        input.unix_sockets = host.flag("unix_sockets")?.unwrap_or(false);
        input.files = host.flag("files")?.unwrap_or(false);
        input.gzip = host.flag("gzip")?.unwrap_or(false);
        host.end()?;
    }
    for folder in members.list("program")?.unwrap_or_default() {
        let mut folder = Members::of(folder, "program[]")?;
        input.program.push(Folder {
            name: folder.text("name")?.unwrap_or_default(),
            is_package: folder.flag("is_package")?.unwrap_or(false),
            has_sources: folder.flag("has_sources")?.unwrap_or(false),
        });
        folder.end()?;
    }
    for file in members.list("unusable_files")?.unwrap_or_default() {
        let mut file = Members::of(file, "unusable_files[]")?;
        input.unusable_files.push(UnusableFile {
            variable: file.text("variable")?.unwrap_or_default(),
            path: file.text("path")?.unwrap_or_default(),
            why: file.text("why")?.unwrap_or_default(),
        });
        file.end()?;
    }
    members.end()?;
    Ok(input)
}
