//! Every sentence that a user reads about configuration, delivery, limits and misuse.
//!
//! A sentence is one line: texts of others are escaped against terminal escape injection and log forging,
//! and long ones are cut. Each kind has a stable code, so that a tracer can print it once.

use crate::reasons::DropReason;
use crate::words::counted;
use witspan_text::{Shown, Url};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was accepted, but not as it was given, or something is lost.
    Warning,
    /// Nothing is sent until this is fixed.
    Error,
}

/// One sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub level: Level,
    /// What kind it is, for programs: a tracer prints each kind once.
    pub code: &'static str,
    /// The sentence, with what to do where something can be done.
    pub message: String,
}

impl Level {
    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

impl Diagnostic {
    pub(crate) fn new(level: Level, code: &'static str, message: String) -> Self {
        Diagnostic { level, code, message }
    }
}

/// How much a request held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Spans.
    pub spans: u64,
    /// Evaluations and feedbacks.
    pub evaluations: u64,
}

/// What happened, as a host or the core saw it. Texts are those of others, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// There is no API key where one is needed.
    NoApiKey,
    /// A request did not arrive and is sent again: the URL, and what went wrong.
    Retried(String, String, Advice),
    /// The receiver rejected a request: the URL, the answer, what is lost.
    Rejected(String, String, Load, Advice),
    /// A request was given up after its last attempt: the URL, what went wrong, what is lost.
    RetriesExhausted(String, String, Load),
    /// A span or evaluation was dropped: the reason.
    Dropped(DropReason),
    /// An annotation did not fit into the memory for open spans.
    MemoryFull,
    /// A part of an annotation or evaluation was left out or changed: the text of the warning.
    Changed(String),
    /// There was no open span for an annotation: why.
    Misplaced(String),
    /// The application's processor failed, or took too long: how.
    ProcessorFailed(String),
    /// An instance failed: how, and what was lost.
    Trapped(String, Load),
    /// No thread could be started for sending: why.
    NoThread(String),
    /// The file that a variable names cannot be used: the variable, the path, why.
    FileUnusable(String, String, String),
    /// The tracer ended with spans that were not sent, and with spans that never finished.
    Ended(u64, u64),
    /// A signal ended the process: the number of spans that were not sent.
    Interrupted(u64),
    /// No thread can wait for the signals that end the process: why.
    SignalsMissed(String),
}

/// What else a person could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Nothing that is known.
    Nothing,
    /// Spans go to an agent only because there is no key.
    SetKey,
    /// The receiver may not know the key.
    CheckKey,
}

impl Advice {
    fn text(self) -> &'static str {
        match self {
            Advice::Nothing => "",
            Advice::SetKey => "; to send without an agent, set DD_API_KEY",
            Advice::CheckKey => "; if access was denied, check that DD_API_KEY belongs to DD_SITE",
        }
    }
}

const IS: [&str; 2] = [" is", " are"];

/// The sentence about an event.
pub fn diagnose(event: &Event) -> Diagnostic {
    use Level::{Error, Warning};
    // With the verb: `1 span is`, `2 spans and 1 evaluation are`.
    let load = |load: &Load, [is, are]: [&str; 2]| {
        let spans = counted(load.spans, "span");
        let evaluations = counted(load.evaluations, "evaluation");
        let verb = if load.spans + load.evaluations == 1 { is } else { are };
        match (load.spans, load.evaluations) {
            (_, 0) => [&spans, verb].concat(),
            (0, _) => [&evaluations, verb].concat(),
            _ => [&spans, " and ", &evaluations, verb].concat(),
        }
    };
    let (level, code, message) = match event {
        Event::NoApiKey => (
            Error,
            "no-api-key",
            "there is no API key: spans are dropped and counted; set DD_API_KEY, or run an agent and \
             set DD_LLMOBS_AGENTLESS_ENABLED=0"
                .to_owned(),
        ),
        Event::Retried(url, why, advice) => {
            let parts =
                [url, " ", why, "; spans stay in the queue, up to its limit, and are retried", advice.text()];
            (Warning, "unreachable", sentence(&parts))
        }
        Event::Rejected(url, answer, lost, advice) => {
            let lost = load(lost, IS);
            let parts = [url, " ", answer, ": ", &lost, " dropped and counted", advice.text()];
            (Error, "rejected", sentence(&parts))
        }
        Event::RetriesExhausted(url, why, lost) => {
            let lost = load(lost, IS);
            let parts = [url, " ", why, ": ", &lost, " dropped and counted after the last attempt"];
            (Error, "retries-exhausted", sentence(&parts))
        }
        Event::Dropped(reason) => return dropped(*reason),
        Event::MemoryFull => (Warning, "memory-full", full("open spans")),
        Event::Changed(warning) => (Warning, "changed", sentence(&[warning])),
        Event::Misplaced(why) => {
            (Warning, "misplaced", sentence(&["an annotation was dropped: ", why]))
        }
        Event::ProcessorFailed(how) => {
            let parts = [
                "the span processor failed, so its span is sent without its content and counted: ",
                how,
            ];
            (Warning, "processor-failed", sentence(&parts))
        }
        Event::Trapped(how, lost) => {
            let lost = load(lost, [" was", " were"]);
            let parts = ["the tracing core failed and was restarted; ", &lost, " lost: ", how];
            (Error, "trapped", sentence(&parts))
        }
        Event::NoThread(why) => {
            let parts = [
                "the sending thread cannot be started (",
                why,
                "): spans stay in the queue, up to its limit",
            ];
            (Error, "no-thread", sentence(&parts))
        }
        Event::FileUnusable(variable, path, why) => {
            let parts = ["`", variable, "` is `", path, "`, which cannot be used: ", why];
            (Error, "file-unusable", sentence(&parts))
        }
        Event::Ended(unsent, unfinished) => {
            let (unsent, unfinished) = (counted(*unsent, "span"), counted(*unfinished, "span"));
            let parts = [
                &unsent,
                " could not be sent in time and ",
                &unfinished,
                " did not finish: they are dropped and counted",
            ];
            (Warning, "ended", sentence(&parts.map(|part| part as &str)))
        }
        Event::SignalsMissed(why) => {
            let parts = [
                "no thread can wait for signals (",
                why,
                "): if a signal ends this process, the spans of its last second are lost; flush before \
                 the process ends",
            ];
            (Warning, "signals-missed", sentence(&parts))
        }
        Event::Interrupted(unsent) => {
            let unsent = counted(*unsent, "span");
            let parts = [&unsent, " could not be sent before a signal ended the process"];
            (Warning, "interrupted", sentence(&parts))
        }
    };
    Diagnostic::new(level, code, message)
}

fn full(what: &str) -> String {
    [what, " use too much memory: new ones are dropped and counted until there is room"].concat()
}

fn dropped(reason: DropReason) -> Diagnostic {
    let message = match reason {
        DropReason::QueueFull => full("finished spans in the queue"),
        DropReason::OpenFull => full("open spans"),
        DropReason::TooLarge => {
            "a span or evaluation exceeds the size limit of one event: it is dropped and counted"
                .to_owned()
        }
        DropReason::NoApiKey => return diagnose(&Event::NoApiKey),
        DropReason::NoReceiver => {
            "no usable receiver is configured: spans are dropped and counted".to_owned()
        }
        other => sentence(&["spans are dropped and counted: ", other.name()]),
    };
    Diagnostic::new(Level::Warning, reason.name(), message)
}

/// The diagnostic of an invalid setting: what it is, what is accepted, what applies instead.
pub(crate) fn misread(name: &str, text: &str, why: &str, accepted: &str, then: &str) -> Diagnostic {
    let shown = Url(text).to_string();
    let why = if why.is_empty() { String::new() } else { [", which ", why].concat() };
    let message =
        sentence(&["`", name, "` is `", &shown, "`", &why, "; accepted: ", accepted, "; ", then]);
    Diagnostic::new(Level::Warning, "configuration", message)
}

/// The most characters of one part of a sentence.
const PART: usize = 600;

/// Joins parts to one line. What steers a terminal or a log is escaped, and long parts are cut.
pub(crate) fn sentence(parts: &[&str]) -> String {
    let mut line = String::new();
    for part in parts {
        let end = part.char_indices().nth(PART).map(|(at, _)| at);
        line.push_str(end.and_then(|end| part.get(..end)).unwrap_or(part));
        line.push_str(if end.is_some() { "…" } else { "" });
    }
    Shown(line.trim_end()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_stays_in_its_line() {
        let event = Event::Rejected(
            "http://h".to_owned(),
            "answered 400 a\nb\u{1b}[31m\u{202e}".to_owned(),
            Load { spans: 2, evaluations: 1 },
            Advice::Nothing,
        );
        let told = diagnose(&event).message;
        assert!(!told.contains(['\n', '\u{1b}', '\u{202e}']), "{told}");
        assert!(told.contains("a\\nb\\u001b[31m"), "{told}");
        assert!(told.contains("2 spans and 1 evaluation are dropped"), "{told}");
        let long = diagnose(&Event::Changed("x".repeat(100_000))).message;
        assert!(long.chars().count() <= PART + 1);
    }

    #[test]
    fn each_kind_of_event_has_its_code() {
        let codes = [
            diagnose(&Event::NoApiKey).code,
            diagnose(&Event::MemoryFull).code,
            diagnose(&Event::Dropped(DropReason::QueueFull)).code,
            diagnose(&Event::Dropped(DropReason::NoApiKey)).code,
        ];
        assert_eq!(codes, ["no-api-key", "memory-full", "queue-full", "no-api-key"]);
    }

    #[test]
    fn a_password_is_not_shown() {
        let told = misread("X", "http://u:pw@h", "has no host", "a URL", "nothing is sent").message;
        assert!(!told.contains("pw"), "{told}");
    }
}
