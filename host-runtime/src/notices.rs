//! Diagnostics for a person: each kind of problem once, in one sentence.

use crate::instance::types::Warning;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use witspan_setup::{Diagnostic, Event, Level, diagnose};
use witspan_text::{Secrets, Shown};

/// A kind of problem. A tracer reports each kind once; the counters say how often it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Topic {
    /// A setting in the environment is not understood.
    Configuration,
    /// There is no API key, so nothing can be sent.
    NoApiKey,
    /// The intake could not be reached; the request is retried.
    Unreachable,
    /// The intake rejected a batch.
    Rejected,
    /// Spans or evaluations were dropped because a memory limit was reached.
    Full,
    /// Spans were dropped after the last retry.
    GivenUp,
    /// A part of an annotation or evaluation was left out or changed.
    Annotation,
    /// The application's processor failed, or took too long.
    Processor,
    /// An annotation had no open span to go to.
    Misplaced,
    /// The tracing core failed and was restarted.
    Trap,
    /// A signal ends the process before everything was sent, or could do so.
    Signal,
    /// The tracer ended before everything was finished and sent.
    Ended,
}

/// One sentence about one [`Topic`], in one line. Text that it quotes is escaped, and contains no
/// key and no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The kind of problem.
    pub topic: Topic,
    /// How much it matters.
    pub level: Level,
    /// The code of the sentence, for programs; it is the same in all versions.
    pub code: &'static str,
    /// The sentence, with advice where there is some.
    pub text: String,
}

/// Gets notices. It is called on any thread, at most once per topic, and must not block.
pub type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

/// Reports each topic once.
///
/// A notice is made where the problem is found, often while an instance is locked. It is delivered
/// later, when no lock is held: a listener may take its language's own lock, or call the tracer.
pub(crate) struct Notices {
    made: Mutex<Made>,
    waiting: AtomicBool,
    listener: Option<Listener>,
    secrets: Secrets,
}

#[derive(Default)]
struct Made {
    topics: Vec<Topic>,
    waiting: Vec<Notice>,
}

impl Notices {
    pub(crate) fn new(listener: Option<Listener>, secrets: Secrets) -> Self {
        Notices { made: Mutex::default(), waiting: AtomicBool::new(false), listener, secrets }
    }

    /// Reports the diagnostics of a plan, in one notice per topic.
    pub(crate) fn tell_plan(&self, diagnostics: &[Diagnostic], more: &[Warning]) {
        let about = |topic: Topic| {
            let of = |code: &str| {
                if code == "no-api-key" { Topic::NoApiKey } else { Topic::Configuration }
            };
            diagnostics.iter().filter(move |said| of(said.code) == topic)
        };
        let level = |topic| {
            let bad = about(topic).any(|said| said.level == Level::Error);
            if bad { Level::Error } else { Level::Warning }
        };
        let texts = |topic| about(topic).map(|said| said.message.as_str()).collect::<Vec<_>>();
        let mut settings = texts(Topic::Configuration);
        settings.extend(more.iter().map(|warning| warning.message.as_str()));
        let reports = [
            (Topic::Configuration, "configuration", settings),
            (Topic::NoApiKey, "no-api-key", texts(Topic::NoApiKey)),
        ];
        for (topic, code, texts) in reports.into_iter().filter(|(.., texts)| !texts.is_empty()) {
            self.make(topic, || (level(topic), code, texts.join("; ")));
        }
    }

    /// Makes a notice of the topic unless there was one. Only then the event is made.
    pub(crate) fn tell(&self, topic: Topic, event: impl FnOnce() -> Event) {
        self.make(topic, || {
            let said = diagnose(&event());
            (said.level, said.code, said.message)
        });
    }

    /// A text may quote what others sent: only here is it escaped for a log.
    fn make(&self, topic: Topic, text: impl FnOnce() -> (Level, &'static str, String)) {
        let mut made = crate::lock(&self.made);
        if made.topics.contains(&topic) {
            return;
        }
        made.topics.push(topic);
        let (level, code, text) = text();
        let text = Shown(self.secrets.hide(&text)).to_string();
        made.waiting.push(Notice { topic, level, code, text });
        self.waiting.store(true, Ordering::Release);
    }

    /// Hands the notices that wait to the listener. Called with no lock held.
    pub(crate) fn deliver(&self) {
        // This runs after every call, and there is nearly never a notice: a plain load comes first.
        if !self.waiting.load(Ordering::Relaxed) || !self.waiting.swap(false, Ordering::AcqRel) {
            return;
        }
        let waiting = std::mem::take(&mut crate::lock(&self.made).waiting);
        for notice in &waiting {
            match &self.listener {
                Some(listener) => listener(notice),
                // The text was escaped when it was made; nothing else here may log.
                #[allow(clippy::disallowed_macros)]
                None => log::warn!(target: "witspan", "{}", notice.text),
            }
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").finish_non_exhaustive()
    }
}
