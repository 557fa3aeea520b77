//! Names that every language needs, once, as data: of kinds, limits, drop reasons, counters, formats,
//! the bounds of what a host reads, and the table of variables.

use super::writer::Writer;
use crate::bounds::{BOUNDS, STAND_INS};
use crate::reasons::DropReason;
use crate::settings::{Format, Limits};
use crate::variables::{Reader, Secrecy, VARIABLES};

/// Kinds of spans, in the order of the contract.
pub const KINDS: [&str; 7] = ["llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"];

/// Counters of spans, in the order of the contract, besides `dropped`, which has one a reason.
pub const COUNTERS: [&str; 11] = [
    "accepted",
    "open",
    "queued",
    "in_flight",
    "delivered",
    "annotations_rejected",
    "warnings",
    "cut",
    "content_dropped",
    "evaluations_rejected",
    "bytes",
];

/// Counters of evaluations, besides `dropped`.
pub const EVALUATION_COUNTERS: [&str; 4] = ["accepted", "queued", "in_flight", "delivered"];

/// A limit: its name, the least it may be, and its place.
pub struct Limit {
    /// Its name in settings, and that of its option in code.
    pub name: &'static str,
    /// The least that is accepted.
    pub least: u64,
    /// The most that is accepted; what is more counts as this.
    pub most: u64,
    /// What it is in settings.
    pub get: fn(&Limits) -> u64,
    /// Sets it; what is more than its most counts as that.
    pub set: fn(&mut Limits, u64),
}

macro_rules! limit {
    ($name:ident, $type:ty, $least:literal) => {
        Limit {
            name: stringify!($name),
            least: $least,
            most: <$type>::MAX as u64,
            get: |limits| limits.$name as u64,
            set: |limits, value| limits.$name = <$type>::try_from(value).unwrap_or(<$type>::MAX),
        }
    };
}

/// Every limit; `wit/tracing.wit` says what each bounds.
pub static LIMITS: &[Limit] = &[
    limit!(batch_spans, u32, 1),
    limit!(batch_bytes, u32, 1),
    limit!(batch_age_ns, u64, 0),
    limit!(queue_bytes, u32, 1),
    limit!(open_bytes, u32, 1),
    limit!(event_bytes, u32, 1),
    limit!(attempts, u32, 1),
    limit!(retry_budget_ns, u64, 0),
];

/// The table of variables as a JSON list.
#[inline(never)]
pub fn variables_text() -> String {
    let mut json = Writer::new();
    json.list(&mut |json| {
        for row in VARIABLES {
            json.object(&mut |json| {
                let read_by = match row.read_by {
                    Reader::Core => "core",
                    Reader::Host => "host",
                    Reader::Command => "command",
                };
                let secrecy = match row.secrecy {
                    Secrecy::Open => "open",
                    Secrecy::Url => "url",
                    Secrecy::Secret => "secret",
                };
                for (name, text) in [
                    ("name", row.name),
                    ("option", row.option),
                    ("meaning", row.meaning),
                    ("default", row.default),
                    ("accepted", row.accepted),
                    ("read_by", read_by),
                    ("secrecy", secrecy),
                ] {
                    json.name(name).text(text);
                }
            });
        }
    });
    json.finish()
}

/// The names as a JSON object.
#[inline(never)]
pub fn names_text() -> String {
    let mut json = Writer::new();
    json.object(&mut |json| {
        let reasons = DropReason::ALL.map(DropReason::name);
        let formats = Format::ALL.map(Format::name);
        let lists: [(&str, &[&str]); 5] = [
            ("kinds", &KINDS),
            ("drop_reasons", &reasons),
            ("counters", &COUNTERS),
            ("evaluation_counters", &EVALUATION_COUNTERS),
            ("formats", &formats),
        ];
        for (name, list) in lists {
            json.name(name).list(&mut |json| list.iter().for_each(|each| json.text(each)));
        }
        json.name("limits").list(&mut |json| {
            for limit in LIMITS {
                json.object(&mut |json| {
                    json.name("name").text(limit.name);
                    json.name("default").number((limit.get)(&Limits::default()));
                    json.name("least").number(limit.least);
                    json.name("most").number(limit.most);
                });
            }
        });
        json.name("bounds").object(&mut |json| {
            BOUNDS.iter().for_each(|(name, most)| json.name(name).number(*most as u64));
        });
        json.name("stand_ins").object(&mut |json| {
            STAND_INS.iter().for_each(|(name, text)| json.name(name).text(text));
        });
    });
    json.finish()
}
