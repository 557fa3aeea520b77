//! The name of a program that sets neither service nor ML app.

use crate::input::Folder;

/// The name that ddtrace 4.16 gives a program (its inferred base service): the packages that its file is
/// in, joined by dots. Without packages, the outermost of the folders with sources around the file; else
/// the file's own folder.
pub(crate) fn name(folders: &[Folder]) -> Option<String> {
    let packages: Vec<&str> = folders
        .iter()
        .take_while(|folder| folder.is_package)
        .map(|folder| folder.name.as_str())
        .collect();
    if !packages.is_empty() {
        let outermost_first: Vec<&str> = packages.into_iter().rev().collect();
        return Some(outermost_first.join("."));
    }
    let with_sources = folders.iter().take_while(|folder| folder.has_sources).last();
    let named = with_sources.or(folders.first())?;
    Some(named.name.clone()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, is_package: bool, has_sources: bool) -> Folder {
        Folder { name: name.to_owned(), is_package, has_sources }
    }

    #[test]
    fn a_program_is_named_after_its_packages_else_its_folders() {
        let nested =
            [folder("web", true, true), folder("shop", true, true), folder("src", false, true)];
        assert_eq!(name(&nested).as_deref(), Some("shop.web"));
        let plain =
            [folder("bin", false, true), folder("shop", false, true), folder("home", false, false)];
        assert_eq!(name(&plain).as_deref(), Some("shop"));
        assert_eq!(name(&[folder("empty", false, false)]).as_deref(), Some("empty"));
        assert_eq!(name(&[]), None);
    }
}
