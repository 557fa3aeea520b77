//! Finds and parses a setting: the option in code, else the variable. An invalid value gives one diagnostic
//! with the setting's name.

use crate::diagnostics::{Diagnostic, misread};
use crate::input::Input;
use crate::variables::{VARIABLES, Variable};

/// A setting that was found.
#[derive(Clone, Copy)]
pub(crate) struct Found<'i> {
    /// The name it was found by.
    pub(crate) name: &'static str,
    /// Trimmed, not empty.
    pub(crate) text: &'i str,
    /// What is accepted.
    pub(crate) accepted: &'static str,
    /// What applies if nothing is set.
    default: &'static str,
}

/// Settings by the names of their options, or of their variables where they have no option.
pub(crate) struct Values<'i> {
    input: &'i Input,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'i> Values<'i> {
    pub(crate) fn new(input: &'i Input) -> Self {
        Values { input, diagnostics: Vec::new() }
    }

    fn row(key: &str) -> Option<&'static Variable> {
        VARIABLES.iter().find(|row| row.key() == key)
    }

    /// What is set. An empty text and white space count as not set.
    pub(crate) fn find(&self, key: &str) -> Option<Found<'i>> {
        let row = Self::row(key)?;
        let input = self.input;
        let of = |pairs: &'i [(String, String)], name: &'static str| {
            // Of two of the same name the last counts.
            let found = pairs.iter().rev().find(|(given, _)| !name.is_empty() && given == name);
            let text = found.map(|(_, value)| value.trim()).filter(|text| !text.is_empty());
            text.map(|text| Found { name, text, accepted: row.accepted, default: row.default })
        };
        of(&input.options, row.option).or_else(|| of(&input.environment, row.name))
    }

    /// Whether code sets it.
    pub(crate) fn is_in_code(&self, key: &str) -> bool {
        self.find(key).is_some_and(|found| found.name == key)
    }

    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.find(key).map(|found| found.text.to_owned())
    }

    /// Adds a diagnostic that a setting is invalid, and what applies instead.
    pub(crate) fn misread(&mut self, found: Found<'_>, why: &str, then: &str) {
        self.diagnostics.push(misread(found.name, found.text, why, found.accepted, then));
    }

    /// Adds a diagnostic that a setting is invalid, and that its default applies.
    pub(crate) fn default_holds(&mut self, found: Found<'_>) {
        self.misread(found, "", &["the default applies: ", found.default].concat());
    }

    /// A switch. A value that is neither yes nor no counts as no, as in ddtrace, with a diagnostic.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let found = self.find(key)?;
        let is = |word: &str| found.text.eq_ignore_ascii_case(word);
        if is("1") || is("true") {
            return Some(true);
        }
        if !["0", "false", "no", "off"].into_iter().any(is) {
            self.misread(found, "", "it counts as false");
        }
        Some(false)
    }

    /// A whole number that is not below `least`.
    pub(crate) fn number(&mut self, key: &str, least: u64, most: u64) -> Option<u64> {
        let found = self.find(key)?;
        match found.text.parse() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                self.default_holds(found);
                None
            }
        }
    }

    /// Seconds, as nanoseconds.
    pub(crate) fn seconds(&mut self, key: &str, default_s: u64) -> u64 {
        let default = default_s * 1_000_000_000;
        let Some(found) = self.find(key) else { return default };
        match found.text.parse::<f64>() {
            // The cast keeps within the bounds.
            Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => (seconds * 1e9) as u64,
            _ => {
                self.default_holds(found);
                default
            }
        }
    }
}
