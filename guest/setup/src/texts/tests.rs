//! That texts say what the types do, both ways.

use super::*;
use crate::{Input, Limits, Settings, make_plan};

#[test]
fn settings_come_back_from_their_text() {
    let mut settings = make_plan(&Input { unix_sockets: true, ..Input::default() }).settings;
    settings.tags = vec![("team".to_owned(), "a\"b".to_owned())];
    settings.limits = Limits { batch_spans: 7, retry_budget_ns: u64::MAX, ..Limits::default() };
    settings.sampling.rate = 0.25;
    assert_eq!(read_settings(&settings_text(&settings)), Ok(settings.clone()));
    settings.targets = None;
    assert_eq!(read_settings(&settings_text(&settings)), Ok(settings));
    assert_eq!(read_settings("{}"), Ok(Settings::default()));
}

#[test]
fn a_wrong_text_is_rejected_with_the_name_of_its_field() {
    for (text, field) in [
        ("[]", ""),
        ("{", "text"),
        (r#"{"mlapp":"x"}"#, "mlapp"),
        (r#"{"ml_app":""}"#, "ml_app"),
        (r#"{"limits":{"attempts":0}}"#, "limits.attempts"),
        (r#"{"limits":{"attempts":"x"}}"#, "limits.attempts"),
        (r#"{"targets":[]}"#, "targets"),
        (r#"{"targets":[{"format":"xml"}]}"#, "targets[].format"),
    ] {
        assert_eq!(read_settings(text).unwrap_err().field, field, "{text}");
    }
    let whole = make_plan_text("[]").unwrap_err().message;
    assert_eq!(whole, "the argument is a list; accepted: an object");
    let steering = read_settings(r#"{"targets":[{"format":"\u001b[31m"}]}"#).unwrap_err();
    assert!(!steering.message.contains('\u{1b}'), "{}", steering.message);
    let secret = make_plan_text(r#"{"secrets":{"DD_API_KEY":"abc"}}"#).unwrap_err();
    assert!(!secret.message.contains("abc") && secret.field == "secrets.DD_API_KEY");
}

#[test]
fn a_number_that_a_language_rounded_up_counts_as_the_largest() {
    let limits = read_settings(r#"{"limits":{"retry_budget_ns":18446744073709552000}}"#);
    assert_eq!(limits.unwrap().limits.retry_budget_ns, u64::MAX);
    assert!(read_settings(r#"{"limits":{"retry_budget_ns":"+5"}}"#).is_err());
}

#[test]
fn an_unknown_event_is_a_sentence_too() {
    let told = diagnose_text(r#"{"event":"rejected","target":"t","why":"answered 403","spans":2}"#);
    assert_eq!((told.code, told.level.name()), ("rejected", "error"));
    assert_eq!(told.message, "t answered 403: 2 spans are dropped and counted");
    let told = diagnose_text("{\"event\":\"flood\",\"why\":\"\u{1b}[31m\"}");
    assert_eq!(told.code, "unknown-event");
    assert!(told.message.contains("flood") && !told.message.contains('\u{1b}'));
}

#[test]
fn losses_are_counted_by_reason() {
    let text = r#"{"client":"1-a","spans":{"queue_full":3},"evaluations":{"rejected":"1"}}"#;
    let header = loss_header_text(text);
    assert_eq!(header.as_deref(), Some("client=1-a;queue_full=3;evaluations.rejected=1"));
    assert_eq!(loss_header_text("{}"), None);
}
