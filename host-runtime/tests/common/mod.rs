//! What the tests share: a receiver on loopback that answers by a script and remembers what it
//! was sent, and a tracer that sends there.
//!
//! Nothing sleeps for a guess of time: a test waits for a condition, up to [`PATIENCE`].

mod http;
mod spans;

#[cfg(unix)]
pub(crate) use http::Folder;
pub(crate) use http::{Decoded, LONG, NOBODY};
pub(crate) use spans::{Sent, by_name, named};
pub(crate) use witspan_test_receiver::{Answer, Receiver};

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use witspan::{Config, DropReason, Flushed, Notice, SpanKind, Statistics, Topic, Tracer};

/// How long a test waits for what must come; only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// A deadline for a flush or shutdown that must not settle.
pub(crate) const SHORT: Duration = Duration::from_millis(100);
/// The key of every test; it must never be seen but in the header of a request to the intake.
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Settings as the environment would say them, and nothing of the real environment.
pub(crate) fn config(variables: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

/// Settings that send directly to a receiver, in batches that go only when they are full or
/// flushed: so a slow machine splits none.
pub(crate) fn direct(receiver: &Receiver) -> Config {
    unhurried(config(&[
        ("DD_API_KEY", KEY),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.origin()),
        ("DD_LLMOBS_ML_APP", "tests"),
    ]))
}

/// The same through a receiver that is taken for an agent.
pub(crate) fn through_agent(receiver: &Receiver) -> Config {
    unhurried(config(&[
        ("DD_API_KEY", KEY),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "0"),
        ("DD_TRACE_AGENT_URL", receiver.origin()),
        ("DD_LLMOBS_ML_APP", "tests"),
    ]))
}

pub(crate) fn unhurried(mut config: Config) -> Config {
    config.set("batch_age_ns", 3_600_000_000_000_u64);
    config
}

pub(crate) fn start(config: Config) -> Tracer {
    Tracer::start(config).expect("the tracer starts")
}

/// Makes a finished span that has no parent.
pub(crate) fn make(tracer: &Tracer, name: &str) {
    tracer.span(SpanKind::Task).name(name).start().expect("a root starts").finish();
}

/// Makes so many finished spans of one trace, `prefix0` being the root: one batch, if they fit.
pub(crate) fn make_many(tracer: &Tracer, prefix: &str, spans: usize) {
    let root = tracer.span(SpanKind::Task).name(&format!("{prefix}0")).start();
    let root = root.expect("a root starts");
    for n in 1..spans {
        let name = format!("{prefix}{n}");
        root.child(SpanKind::Task).name(&name).start().expect("a child starts").finish();
    }
    root.finish();
}

/// Waits until the condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The counters, which must add up whenever they are read.
#[track_caller]
pub(crate) fn counters(tracer: &Tracer) -> Statistics {
    adding_up(tracer.statistics())
}

#[track_caller]
pub(crate) fn adding_up(counters: Statistics) -> Statistics {
    let known = counters.pending() + counters.delivered + counters.dropped_total();
    assert_eq!(counters.accepted, known, "the counters do not add up: {counters:?}");
    let sent = &counters.evaluations;
    let known = sent.pending() + sent.delivered + sent.dropped_total();
    assert_eq!(sent.accepted, known, "the evaluations do not add up: {sent:?}");
    counters
}

/// Sends all there is, which must settle; the counters then.
#[track_caller]
pub(crate) fn flush(tracer: &Tracer) -> Statistics {
    settled(tracer.flush(PATIENCE))
}

/// Ends the tracer, which must settle and leave nothing; the counters then.
#[track_caller]
pub(crate) fn shutdown(tracer: &Tracer) -> Statistics {
    let ended = settled(tracer.shutdown(PATIENCE));
    assert_eq!(ended.pending(), 0, "{ended:?}");
    ended
}

#[track_caller]
fn settled(flushed: Flushed) -> Statistics {
    assert!(flushed.settled, "it did not settle: {flushed:?}");
    adding_up(flushed.statistics)
}

/// All losses, as a list to compare.
pub(crate) fn losses(counters: &Statistics) -> Vec<(DropReason, u64)> {
    counters.dropped()
}

/// Collects a tracer's notices.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Notice>>>);

impl Heard {
    /// Listens to the tracer that will be started with these settings.
    pub(crate) fn listen(config: &mut Config) -> Heard {
        let heard = Heard::default();
        let notices = heard.0.clone();
        config.listener = Some(Arc::new(move |notice: &Notice| {
            notices.lock().expect("no listener panics").push(notice.clone());
        }));
        heard
    }

    pub(crate) fn all(&self) -> Vec<Notice> {
        self.0.lock().expect("no listener panics").clone()
    }

    /// The texts that were told of a topic.
    pub(crate) fn of(&self, topic: Topic) -> Vec<String> {
        self.all().into_iter().filter(|n| n.topic == topic).map(|n| n.text).collect()
    }

    /// Waits for the one notice of a topic and gives its text.
    #[track_caller]
    pub(crate) fn one(&self, topic: Topic) -> String {
        wait_until("the notice comes", || !self.of(topic).is_empty());
        let texts = self.of(topic);
        assert_eq!(texts.len(), 1, "a topic is told once: {texts:?}");
        texts[0].clone()
    }
}
