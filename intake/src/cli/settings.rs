//! The table of settings, for a person: those that are set here, and all that there are.

use witspan_setup::{Secrecy, VARIABLES, Variable};
use witspan_text::{Secrets, Url, without_secrets};

use crate::terminal::say;
use crate::words::plural;

/// The variables that are set in the environment.
#[derive(Debug)]
pub(crate) struct Set {
    /// Variables, with the part of their values that may be printed.
    pub(crate) shown: Vec<(&'static str, String)>,
    /// Secrets to remove from errors and answers that repeat them.
    pub(crate) secrets: Secrets,
}

impl Set {
    /// Looks every variable of the table up, whoever reads it.
    pub(crate) fn find(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let (mut shown, mut secrets) = (Vec::new(), Secrets::default());
        for row in VARIABLES.iter().filter(|row| !row.name.is_empty()) {
            let value = lookup(row.name).unwrap_or_default();
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match row.secrecy {
                Secrecy::Open => {}
                Secrecy::Url => secrets.add_url(value),
                Secrecy::Secret => secrets.add(value, "(hidden)"),
            }
            shown.push((row.name, seen(row, value)));
        }
        Self { shown, secrets }
    }
}

/// The part of a value that may be printed.
fn seen(row: &Variable, value: &str) -> String {
    match row.secrecy {
        Secrecy::Open => without_secrets(value),
        Secrecy::Url => Url(value).to_string(),
        Secrecy::Secret => format!("set, {}, hidden", plural(value.chars().count(), "character")),
    }
}

/// Prints every row of the table.
pub(crate) fn print() {
    for row in VARIABLES {
        let Variable { name, option, meaning, default, accepted, .. } = row;
        match (*name, *option) {
            ("", option) => say!("in code `{option}`: {meaning}"),
            (name, "") => say!("{name}: {meaning}"),
            (name, option) => say!("{name}, in code `{option}`: {meaning}"),
        }
        let secret = match row.secrecy.name() {
            "" => String::new(),
            what => format!("; secret: {what}"),
        };
        let reader = row.read_by.name();
        say!("    default: {default}; accepted: {accepted}; read by the {reader}{secret}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_are_never_shown() {
        let variables = [
            ("DD_API_KEY", "abcdef0123456789"),
            ("WITSPAN_INTAKE_TOKEN", "tok-secret"),
            ("HTTPS_PROXY", "http://user:hunter2@proxy:3128/"),
            ("https_proxy", "user:hunter3@proxy:3128"),
            ("WITSPAN_INTAKE_URL", "http://user:hun/ter4@host?api_key=hunter5"),
            ("DD_TRACE_AGENT_URL", "user:hun@ter6@agent:8126"),
            ("DD_SITE", "user:hunter7@site"),
            ("DD_AGENT_HOST", "user:hunter8@agent"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x=hunter9"),
            ("DD_SERVICE", " "),
        ];
        let set = Set::find(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(set.shown.len(), variables.len() - 1, "{set:?}");
        let text = format!("{set:?}");
        for secret in ["abcdef", "tok-secret", "hun", "ter4", "ter6", "user"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("set, 16 characters, hidden"));
    }
}
