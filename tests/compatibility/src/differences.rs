//! Where we differ from Datadog's own SDKs on purpose, and why: `differences.json`.

use crate::compare::Difference;
use crate::fields::{fields_of, matches};
use crate::{Program, SDKS, folder, read};
use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::Value;

/// Differences that are meant for one reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Why, in a sentence.
    pub reason: String,
    /// Where they are.
    pub places: Vec<Allowed>,
}

/// One difference that is meant, or a family of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// `python`, `js` or `both`.
    pub sdk: String,
    /// The program; all, if absent.
    pub program: Option<String>,
    /// What of the program: events, evaluations, injections; all, if absent.
    pub of: Option<Vec<String>>,
    /// The path; `*` stands for one part of it, `**` at the end for any number.
    pub field: String,
    /// What they send; anything, if absent.
    pub theirs: Option<Value>,
    /// What the difference is.
    pub how: How,
}

/// What a difference is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum How {
    /// They send it, we do not.
    Missing,
    /// They send it with this value, we do not.
    MissingOf(Value),
    /// We send it, with this value; they do not.
    More(Value),
    /// We send it, with a value that depends on ids; they do not.
    MoreOfAnyValue,
    /// Both send it, we with this value.
    Value(Value),
    /// Both send an id, we that of another span or trace, or of none.
    OtherId,
    /// Both send text that is JSON of the same value.
    SameJson,
    /// The same value, which they send at this path.
    MovedFrom(String),
}

impl Allowed {
    fn applies(&self, program: &Program, of: &str) -> bool {
        (self.sdk == "both" || self.sdk == program.sdk)
            && self.program.as_ref().is_none_or(|name| *name == program.name)
            && self.of.as_ref().is_none_or(|names| names.iter().any(|name| name == of))
    }

    /// Whether the value at our field says that `found` stands at `path`: there, or below.
    fn says(&self, value: &Value, path: &str, found: &Value) -> bool {
        if matches(&self.field, path) {
            return value == found;
        }
        let below = path.strip_prefix(&self.field).and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|below| fields_of(value).get(below) == Some(found))
    }

    fn explains(&self, program: &Program, found: &Difference) -> bool {
        let path = &found.field;
        let here = matches(&self.field, path);
        self.applies(program, &found.of)
            && self.theirs.as_ref().is_none_or(|theirs| Some(theirs) == found.captured.as_ref())
            && match (&self.how, &found.captured, &found.ours) {
                (How::Missing, Some(_), None) | (How::MoreOfAnyValue, None, Some(_)) => here,
                (How::MissingOf(value), Some(theirs), None) => self.says(value, path, theirs),
                (How::More(value), None, Some(ours)) => self.says(value, path, ours),
                (How::Value(value), Some(_), Some(ours)) => self.says(value, path, ours),
                (How::OtherId, Some(Value::String(_)), Some(Value::String(ours))) => {
                    here && (ours == "undefined" || ours.bytes().all(|b| b.is_ascii_hexdigit()))
                }
                (How::SameJson, Some(Value::String(theirs)), Some(Value::String(ours))) => {
                    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
                    here && json(theirs).is_some() && json(theirs) == json(ours)
                }
                _ => false,
            }
    }
}

/// The list, and which of its entries explained something.
#[derive(Debug)]
pub struct Ledger {
    entries: Vec<(Allowed, bool)>,
}

impl Ledger {
    /// Reads `differences.json`.
    pub fn read() -> Result<Self> {
        Self::new(read(&folder().join("differences.json"))?)
    }

    /// A ledger of these.
    pub fn new(groups: Vec<Group>) -> Result<Self> {
        let mut entries = Vec::new();
        for group in groups {
            ensure!(group.reason.ends_with('.'), "`{}` is not a sentence", group.reason);
            for entry in group.places {
                let known = entry.sdk == "both" || SDKS.contains(&entry.sdk.as_str());
                ensure!(known, "no SDK: {}", entry.sdk);
                entries.push((entry, false));
            }
        }
        Ok(Ledger { entries })
    }

    /// Whether an entry explains the difference; if so, it was needed.
    pub fn explain(&mut self, program: &Program, found: &Difference) -> bool {
        let entry = self.entries.iter_mut().find(|(entry, _)| entry.explains(program, found));
        entry.map(|(_, needed)| *needed = true).is_some()
    }

    /// Where we send what they send at another path: ours, and theirs.
    pub(crate) fn moves(&self, program: &Program, of: &str) -> Vec<(String, String)> {
        let moves = self.entries.iter().filter_map(|(entry, _)| match &entry.how {
            How::MovedFrom(from) if entry.applies(program, of) => {
                Some((entry.field.clone(), from.clone()))
            }
            _ => None,
        });
        moves.collect()
    }

    /// Notes that a value was found where `moves` said.
    pub(crate) fn moved(&mut self, ours: &str, theirs: &str) {
        for (entry, needed) in &mut self.entries {
            if entry.field == ours && entry.how == How::MovedFrom(theirs.to_owned()) {
                *needed = true;
            }
        }
    }

    /// The entries that explained nothing.
    pub fn needless(&self) -> Vec<&Allowed> {
        self.entries.iter().filter(|(_, needed)| !needed).map(|(entry, _)| entry).collect()
    }
}
