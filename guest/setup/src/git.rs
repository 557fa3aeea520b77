//! The commit and repository that spans are tagged with, by the rules of ddtrace 4.16.

use crate::environment::split_user;

pub(crate) const COMMIT: &str = "git.commit.sha";
pub(crate) const REPOSITORY: &str = "git.repository_url";

/// The tags of commit and repository: from variables, else from `DD_TAGS`, else from the main package.
/// They are removed from `tags`.
pub(crate) fn tags(
    enabled: bool,
    commit: Option<&str>,
    repository: Option<&str>,
    source_link: &str,
    tags: &mut Vec<(String, String)>,
) -> Vec<(String, String)> {
    let mut take = |wanted: &str| {
        let found = tags.iter().position(|(key, _)| key == wanted);
        found.map(|at| tags.remove(at).1).filter(|value| !value.is_empty())
    };
    let (tagged_commit, tagged_repository) = (take(COMMIT), take(REPOSITORY));
    if !enabled {
        return Vec::new();
    }
    let stated = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (linked_repository, linked_commit) = source_link.split_once('#').unwrap_or_default();
    let linked_commit = linked_commit.split('&').next().unwrap_or_default();
    let commit = commit.and_then(stated).or(tagged_commit).or_else(|| stated(linked_commit));
    let repository =
        repository.and_then(stated).or(tagged_repository).or_else(|| stated(linked_repository));
    let pairs = [(COMMIT, commit), (REPOSITORY, repository.map(|url| split_user(&url).0))];
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs = Vec<(String, String)>;

    fn of(
        enabled: bool,
        commit: Option<&str>,
        given: &[(&str, &str)],
        link: &str,
    ) -> (Pairs, Pairs) {
        let mut given: Vec<_> =
            given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let found = tags(enabled, commit, None, link, &mut given);
        (found, given)
    }

    #[test]
    fn variables_win_over_tags_and_tags_over_the_package() {
        let link = "https://u:pw@h.example/r.git#c&more";
        let (found, left) = of(true, Some("a"), &[(COMMIT, "b"), ("x", "y")], link);
        assert_eq!(found[0], (COMMIT.to_owned(), "a".to_owned()));
        assert_eq!(found[1], (REPOSITORY.to_owned(), "https://h.example/r.git".to_owned()));
        assert_eq!(left, [("x".to_owned(), "y".to_owned())]);
        assert_eq!(of(true, None, &[(COMMIT, "b")], "").0[0].1, "b");
        assert_eq!(of(true, None, &[], link).0[0].1, "c");
        assert_eq!(of(false, Some("a"), &[(COMMIT, "b")], link).0, []);
    }
}
