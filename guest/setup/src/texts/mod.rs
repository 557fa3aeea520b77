//! The interface `setup` as JSON texts, which is how other languages have it; `wit/setup.wit` describes
//! each member. Texts take new members without a new signature, and a host passes them on unread.

mod events;
mod input;
mod names;
mod plan;
mod settings;
mod value;
mod writer;

pub use names::{COUNTERS, EVALUATION_COUNTERS, KINDS, LIMITS, names_text, variables_text};
pub use settings::{read_settings, read_targets, settings_text, targets_text};
pub use value::Refusal;

use crate::diagnostics::{Diagnostic, diagnose};
use crate::losses::loss_header;
use crate::plan::Plan;
use crate::reasons::DropReason;
use value::{Json, Members};

/// As [`crate::make_plan`].
///
/// # Errors
/// A text that is not a JSON object, an unknown member, and one of a wrong type: defects of a host.
#[inline(never)]
pub fn make_plan_text(input: &str) -> Result<String, Refusal> {
    Ok(plan_text(&crate::make_plan(&input::read(input)?)))
}

/// A plan as the text that a host of another language gets.
pub fn plan_text(made: &Plan) -> String {
    plan::write(made)
}

/// As [`diagnose`]. An unknown event becomes a sentence with the event's JSON.
#[inline(never)]
pub fn diagnose_text(event: &str) -> Diagnostic {
    match events::read(event) {
        Ok(event) => diagnose(&event),
        Err(_) => events::unknown(event),
    }
}

/// As [`loss_header`], from `{"client", "spans": {reason: count}, "evaluations": {reason: count}}`. A
/// text of another form counts as one without losses.
#[inline(never)]
pub fn loss_header_text(counters: &str) -> Option<String> {
    let json = Json::read(counters).ok()?;
    let mut members = Members::of(json, "counters").ok()?;
    let client = members.text("client").ok()?.unwrap_or_default();
    let mut counts = |name| {
        let counts = members.object(name).ok().flatten().unwrap_or_default();
        let count = |reason: &DropReason| {
            let found = counts.iter().find(|(name, _)| name.replace('_', "-") == reason.name());
            (*reason, found.and_then(|(_, count)| count.number()).unwrap_or_default())
        };
        DropReason::ALL.iter().map(count).collect::<Vec<_>>()
    };
    let (spans, evaluations) = (counts("spans"), counts("evaluations"));
    loss_header(&client, &spans, &evaluations)
}

#[cfg(test)]
mod tests;
