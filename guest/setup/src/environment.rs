//! The environment as a host finds it: what a plan may know, and what stays with the host.

use crate::input::Secret;
use crate::variables::{Reader, Secrecy, VARIABLES};
use std::collections::BTreeMap;
use witspan_text::Secrets;

/// Variables that the core reads, and secrets by the names of their variables.
#[derive(Clone, Default)]
pub struct Environment {
    /// What a plan may know; URLs are without their user name and password.
    pub open: Vec<(String, String)>,
    /// What only the host knows.
    pub secrets: BTreeMap<String, String>,
}

impl Environment {
    /// Reads every variable of the table that the core reads.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut found = Environment::default();
        for row in VARIABLES.iter().filter(|row| row.read_by == Reader::Core) {
            if let Some(value) = lookup(row.name).filter(|_| !row.name.is_empty()) {
                found.keep(row.name, row.secrecy, &value);
            }
        }
        found
    }

    /// Keeps a value of the environment or of code: its open part, and its secret part.
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
                let (url, user) = split_user(value);
                match user {
                    Some(user) => self.secrets.insert(name.to_owned(), user),
                    None => self.secrets.remove(name),
                };
                self.open.push((name.to_owned(), url));
            }
            Secrecy::Open => self.open.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Keeps the secret part of an option in code, which replaces the environment's. Returns the part that
    /// may go to a plan.
    pub fn keep_option(&mut self, option: &str, value: &str) -> Option<String> {
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
    pub fn secrets(&self) -> Vec<Secret> {
        let fits = |value: &str| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let secret = |(name, value): (&String, &String)| {
            let is_user =
                VARIABLES.iter().any(|row| row.name == *name && row.secrecy == Secrecy::Url);
            Secret { name: name.clone(), usable: is_user || fits(value) }
        };
        self.secrets.iter().map(secret).collect()
    }
}

/// A URL without its user name and password, and these if it has them. What is not a URL
/// (`git@host:path`) stays as it is.
pub(crate) fn split_user(url: &str) -> (String, Option<String>) {
    let whole = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else { return whole() };
    if scheme.eq_ignore_ascii_case("unix") {
        return whole();
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) => ([scheme, "://", host, path].concat(), Some(user.to_owned())),
        None => whole(),
    }
}

/// Hides what is secret in the proxies that a host goes through.
pub fn hide_proxies(secrets: &mut Secrets, lookup: impl Fn(&str) -> Option<String>) {
    let host_url = |secrecy, reader| (secrecy, reader) == (Secrecy::Url, Reader::Host);
    for row in VARIABLES.iter().filter(|row| host_url(row.secrecy, row.read_by)) {
        if let Some(url) = lookup(row.name) {
            secrets.add_url(&url);
        }
    }
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

    #[test]
    fn user_name_and_password_are_split_off() {
        for (url, open, user) in [
            ("http://u:p@h/p@q", "http://h/p@q", Some("u:p")),
            ("http://u@h?x=@", "http://h?x=@", Some("u")),
            ("unix:///run/a@b", "unix:///run/a@b", None),
            ("git@h:r.git", "git@h:r.git", None),
        ] {
            assert_eq!(split_user(url), (open.to_owned(), user.map(str::to_owned)));
        }
    }

    #[test]
    fn passwords_of_proxies_are_hidden() {
        let mut secrets = Secrets::default();
        let proxy = |name: &str| (name == "https_proxy").then(|| "http://u:hunter2@p".to_owned());
        hide_proxies(&mut secrets, proxy);
        assert_eq!(secrets.hide("it says hunter2"), "it says …");
    }
}
