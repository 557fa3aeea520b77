//! What a person should read: each kind of trouble once, in one sentence.

use crate::instance::types::Warning;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use witspan_setup::{Diagnostic, Event, diagnose};
use witspan_text::{Secrets, Shown};

/// A kind of trouble. Of each kind a tracer tells once; counters tell how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Topic {
    /// A setting in the environment is not understood.
    Configuration,
    /// There is no API key, so nothing can be sent.
    NoApiKey,
    /// The intake could not be reached; it is tried again.
    Unreachable,
    /// The intake refused a batch for good.
    Rejected,
    /// Spans or evaluations were dropped for want of memory.
    Full,
    /// Spans were given up after the last attempt.
    GivenUp,
    /// A part of an annotation or evaluation was left out or changed.
    Annotation,
    /// The application's processor failed, or took too long.
    Processor,
    /// An annotation had no open span to go to.
    Misplaced,
    /// The tracing core failed and was started again.
    Trap,
    /// A signal ends the process before all was sent, or would.
    Signal,
    /// The tracer ended before all was sent or finished.
    Ended,
}

/// One sentence about one [`Topic`], in one line: what it quotes of others is escaped, and holds no key
/// and no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub topic: Topic,
    /// The kind, for programs; it stays the same over versions.
    pub code: &'static str,
    /// The sentence, with what to do where something can be done.
    pub text: String,
}

/// Who is told. Called from any thread, at most once a topic; it must not block.
pub type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

/// Tells each topic once.
///
/// A notice is made wherever trouble is found, often while an instance is held, and told later,
/// when nothing is: a listener may take its language's own lock, or call the tracer.
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

    /// Tells what a plan says of the settings, all of it in one notice a topic.
    pub(crate) fn tell_plan(&self, diagnostics: &[Diagnostic], more: &[Warning]) {
        let about = |topic: Topic| {
            let of = |code: &str| {
                if code == "no-api-key" { Topic::NoApiKey } else { Topic::Configuration }
            };
            let said = diagnostics.iter().filter(|said| of(said.code) == topic);
            said.map(|said| said.message.as_str()).collect::<Vec<_>>()
        };
        let mut settings = about(Topic::Configuration);
        settings.extend(more.iter().map(|warning| warning.message.as_str()));
        let told = [
            (Topic::Configuration, "configuration", settings),
            (Topic::NoApiKey, "no-api-key", about(Topic::NoApiKey)),
        ];
        for (topic, code, texts) in told.into_iter().filter(|(.., texts)| !texts.is_empty()) {
            self.make(topic, || (code, texts.join("; ")));
        }
    }

    /// Makes a notice of the topic unless there was one; the event is only made then.
    pub(crate) fn tell(&self, topic: Topic, event: impl FnOnce() -> Event) {
        self.make(topic, || {
            let said = diagnose(&event());
            (said.code, said.message)
        });
    }

    /// Whatever a text quotes may be another's: here is the one place where that is made fit for a log.
    fn make(&self, topic: Topic, text: impl FnOnce() -> (&'static str, String)) {
        let mut made = crate::lock(&self.made);
        if made.topics.contains(&topic) {
            return;
        }
        made.topics.push(topic);
        let (code, text) = text();
        let text = Shown(self.secrets.hide(&text)).to_string();
        made.waiting.push(Notice { topic, code, text });
        self.waiting.store(true, Ordering::Release);
    }

    /// Hands the notices that wait to the listener. Called with no lock held.
    pub(crate) fn deliver(&self) {
        // Asked after every call, and nearly always in vain: a plain load first.
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
