//! Reads what happened: the text that `diagnose` is given.

use super::value::{Json, Members, Refusal};
use crate::diagnostics::{Advice, Diagnostic, Event, Level, Load, sentence};
use crate::reasons::DropReason;

pub(crate) fn read(text: &str) -> Result<Event, Refusal> {
    let mut members = Members::of(Json::read(text)?, "event")?;
    let kind = members.text("event")?.unwrap_or_default();
    let mut text = |name| Ok(members.text(name)?.unwrap_or_default());
    let (target, why) = (text("target")?, text("why")?);
    let (variable, path) = (text("variable")?, text("path")?);
    let mut number = |name| Ok(members.number(name)?.unwrap_or_default());
    let load = Load { spans: number("spans")?, evaluations: number("evaluations")? };
    let (unsent, unfinished) = (number("unsent")?, number("unfinished")?);
    let reason = members.text("reason")?.unwrap_or_default();
    let advice = match members.text("advice")?.as_deref() {
        None => Advice::Nothing,
        Some("set-key") => Advice::SetKey,
        Some("check-key") => Advice::CheckKey,
        Some(_) => {
            return Err(Refusal::new("event.advice", "unknown", "set-key or check-key"));
        }
    };
    members.end()?;
    Ok(match kind.as_str() {
        "no-api-key" => Event::NoApiKey,
        "retried" => Event::Retried(target, why, advice),
        "rejected" => Event::Rejected(target, why, load, advice),
        "retries-exhausted" => Event::RetriesExhausted(target, why, load),
        "dropped" => match DropReason::ALL.into_iter().find(|known| known.name() == reason) {
            Some(reason) => Event::Dropped(reason),
            None => return Err(Refusal::new("event.reason", "unknown", "a drop reason")),
        },
        "memory-full" => Event::MemoryFull,
        "changed" => Event::Changed(why),
        "misplaced" => Event::Misplaced(why),
        "processor-failed" => Event::ProcessorFailed(why),
        "trapped" => Event::Trapped(why, load),
        "no-thread" => Event::NoThread(why),
        "file-unusable" => Event::FileUnusable(variable, path, why),
        "ended" => Event::Ended(unsent, unfinished),
        "interrupted" => Event::Interrupted(unsent),
        "signals-missed" => Event::SignalsMissed(why),
        _ => return Err(Refusal::new("event.event", "unknown", "the name of an event")),
    })
}

/// The diagnostic of an unknown event.
pub(crate) fn unknown(event: &str) -> Diagnostic {
    Diagnostic::new(Level::Warning, "unknown-event", sentence(&["unknown event: ", event]))
}
