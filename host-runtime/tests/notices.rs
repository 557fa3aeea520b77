//! The application's log: a notice is one line, without a key or password, and text of others cannot forge
//! a line or control the terminal.

use crate::common::*;
use serde_json::json;
use witspan::{SpanKind, Topic, Tracer};

/// A line of a log, the title of a terminal, BEL, CR, C1 for `ESC [`, DEL, a turn of direction.
const EVIL: &str =
    "x\nERROR forged\r\u{1b}]0;owned\u{7}\u{9b}2J\u{7f}\u{202e}\u{2066}\u{200b}\u{2028}y";
const SECRET: &str = "PWSECRET";
/// `user:PWSECRET`, as the header of a request has it.
const HEADER: &str = "Basic dXNlcjpQV1NFQ1JFVA==";

#[track_caller]
fn assert_one_line(text: &str) {
    let steers = |letter: char| {
        letter.is_control()
            || ('\u{200b}'..='\u{200f}').contains(&letter)
            || ('\u{2028}'..='\u{202e}').contains(&letter)
            || ('\u{2060}'..='\u{206f}').contains(&letter)
    };
    assert!(!text.contains(steers), "{text:?}");
    assert!(text.contains(r"x\nERROR forged\r\u001b]0;owned\u0007\u009b2J\u007f\u202e"), "{text}");
}

/// A span that waits for its annotation, and the tracer's notices.
fn told(variables: &[(&str, &str)], act: impl FnOnce(&Tracer)) -> Heard {
    let mut config = unhurried(config(variables));
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    act(&tracer);
    heard
}

#[test]
fn an_answer_cannot_forge_a_line_of_the_log() {
    for status in [400, 503] {
        let answer = Answer::status(status).body(EVIL);
        let receiver = Receiver::start().otherwise(answer);
        let mut config = direct(&receiver);
        let heard = Heard::listen(&mut config);
        let tracer = start(config);
        make(&tracer, "one");
        tracer.flush(SHORT);
        let topic = if status == 400 { Topic::Rejected } else { Topic::Unreachable };
        assert_one_line(&heard.one(topic));
    }
}

#[test]
fn an_exporters_error_cannot_forge_a_line_of_the_log() {
    let mut config = config(&[]);
    let heard = Heard::listen(&mut config);
    config.exporter = Some(std::sync::Arc::new(|_| Err(EVIL.to_owned())));
    let tracer = start(config);
    make(&tracer, "one");
    shutdown(&tracer);
    assert_one_line(&heard.one(Topic::Rejected));
}

#[test]
fn the_environment_cannot_forge_a_line_of_the_log() {
    for name in [
        "WITSPAN_INTAKE",
        "DD_LLMOBS_SAMPLE_RATE",
        "DD_LLMOBS_SAMPLING_RULES",
        "DD_LLMOBS_EVENT_SIZE_BYTES",
        "DD_TRACE_AGENT_URL",
        "DD_LLMOBS_OVERRIDE_ORIGIN",
    ] {
        let heard = told(&[(name, EVIL)], |_| {});
        let text = heard.one(Topic::Configuration);
        assert!(!text.contains(char::is_control), "{name}: {text:?}");
    }
    assert_one_line(&told(&[("WITSPAN_INTAKE", EVIL)], |_| {}).one(Topic::Configuration));
}

#[test]
fn names_in_an_annotation_cannot_forge_a_line_or_an_error() {
    let annotated = |annotation: serde_json::Value| {
        let receiver = Receiver::start();
        let mut config = direct(&receiver);
        let heard = Heard::listen(&mut config);
        let tracer = start(config);
        let span = tracer.span(SpanKind::Llm).start().expect("a root");
        let error = span.annotate(&annotation).err();
        (heard, error)
    };
    let name = format!("a.{EVIL}");
    let (heard, _) = annotated(json!({"metrics": {name.as_str(): 1}}));
    assert_one_line(&heard.one(Topic::Annotation));
    // The error of a wrong member is printed by many a program.
    let (_, error) = annotated(json!({EVIL: "much"}));
    assert_one_line(&error.expect("no member has this name").to_string());
}

#[test]
fn a_password_is_sent_and_never_logged() {
    for (variable, way) in [("DD_TRACE_AGENT_URL", "0"), ("DD_LLMOBS_OVERRIDE_ORIGIN", "1")] {
        let receiver = Receiver::start().otherwise(Answer::echo(400));
        let url = receiver.origin().replace("http://", &format!("http://user:{SECRET}@"));
        let variables =
            [(variable, url.as_str()), ("DD_LLMOBS_AGENTLESS_ENABLED", way), ("DD_API_KEY", KEY)];
        let mut config = unhurried(config(&variables));
        let shown = format!("{config:?}");
        let heard = Heard::listen(&mut config);
        let tracer = start(config);
        make(&tracer, "one");
        shutdown(&tracer);
        // As ever: who has a proxy with a password before the agent gets there.
        assert_eq!(receiver.requests()[0].header("authorization"), Some(HEADER));
        let text = heard.one(Topic::Rejected);
        assert!(text.starts_with(receiver.origin()), "{text}");
        // The receiver repeats the header.
        assert!(text.contains("authorization: Basic …"), "{text}");
        for text in [shown, text] {
            assert!(!text.contains(SECRET) && !text.contains(HEADER), "{text}");
        }
    }
}

#[test]
fn no_password_of_any_url_is_logged() {
    for url in [
        "http://user:PWSECRET@127.0.0.1:1",
        "http://PWSECRET@127.0.0.1:1",
        "http://user:a@PWSECRET@127.0.0.1:1",
        "http://user:a/PWSECRET@127.0.0.1:1",
        "http://user:a%40PWSECRET@127.0.0.1:1",
        "http://user:PWSECRET b@127.0.0.1:1",
        "http://user:PWSECRET@[::1",
        "user:PWSECRET@127.0.0.1:1",
        "ftp://user:PWSECRET@127.0.0.1:1",
        "http://127.0.0.1:1/?api_key=PWSECRET",
        "http://127.0.0.1:1/base?token=PWSECRET&x=1",
    ] {
        for (variable, way) in [("DD_TRACE_AGENT_URL", "0"), ("DD_LLMOBS_OVERRIDE_ORIGIN", "1")] {
            let key = ("DD_API_KEY", KEY);
            let heard =
                told(&[(variable, url), ("DD_LLMOBS_AGENTLESS_ENABLED", way), key], |tracer| {
                    make(tracer, "one");
                    tracer.flush(SHORT);
                });
            // What cannot work is told at once, and what looks as if it could is tried.
            let told = |topic| !heard.of(topic).is_empty();
            wait_until("a notice comes", || told(Topic::Unreachable) || told(Topic::Configuration));
            for notice in heard.all() {
                assert!(!notice.text.contains(SECRET), "{url}: {}", notice.text);
            }
        }
    }
}

#[test]
fn an_invalid_switch_turns_tracing_off_with_a_notice() {
    let heard = told(&[("DD_LLMOBS_ENABLED", "maybe")], |tracer| assert!(!tracer.is_on()));
    let said =
        "`DD_LLMOBS_ENABLED` is `maybe`; accepted: 1 or true, 0 or false; it counts as false";
    assert_eq!(heard.one(Topic::Configuration), said);
}

#[test]
fn a_switch_that_is_off_gives_no_notice() {
    let off = [("DD_LLMOBS_ENABLED", "0"), ("DD_SITE", "no site")];
    let heard = told(&off, |tracer| assert!(!tracer.is_on()));
    assert!(heard.all().is_empty());
}
