//! The intake's schema against that of the suite, and the texts of its errors.

use serde_json::{Value, json};

use super::*;

fn event() -> Value {
    json!({
        "name": "ask", "span_id": "1", "trace_id": "2", "parent_id": "undefined",
        "start_ns": 1, "duration": 2, "meta": { "kind": "llm" }
    })
}

#[test]
fn the_reference_s_smallest_span_is_taken_and_is_not_what_witspan_sends() {
    assert_eq!(check(Shape::PublicSpan, &event()), Ok(()));
    assert!(!problems(Rule::Suite, Shape::PublicSpan, &event()).is_empty());
}

#[test]
fn every_place_of_the_wider_schema_is_in_the_suite_s_and_has_another_value_there() {
    for (name, places) in Wider::read().places {
        let schema = SCHEMAS.iter().find(|(known, _)| *known == name);
        let (_, text) = schema.unwrap_or_else(|| panic!("the suite has no schema `{name}`"));
        let schema: Value = serde_json::from_str(text).expect("it is JSON");
        for (pointer, value) in places {
            let here = schema.pointer(&pointer);
            let here = here.unwrap_or_else(|| panic!("`{name}` has no place `{pointer}`"));
            assert_ne!(*here, value, "`{name}` `{pointer}` needs no change");
        }
    }
}

#[test]
fn a_wrong_event_is_refused_by_the_name_of_its_field() {
    let wrong = |pointer: &str, value: Value| {
        let mut event = event();
        *event.pointer_mut(pointer).expect("it is there") = value;
        check(Shape::PublicSpan, &event).expect_err("it is wrong").to_string()
    };
    assert_eq!(wrong("/start_ns", json!("now")), "`/start_ns`: a string; expected type number");
    assert_eq!(
        wrong("/meta", json!({ "kind": "chat" })),
        "`/meta/kind`: \"chat\"; expected one of \"llm\", \"workflow\", \"agent\", \"tool\", \"task\", \
         \"embedding\", \"retrieval\", \"experiment\", \"step\""
    );
    assert_eq!(wrong("/meta", json!({})), "`/meta/kind`: missing");
    assert_eq!(
        wrong("/meta", json!({ "kind": "llm", "input": { "messages": [{ "content": ["hi"] }] } })),
        "`/meta/input/messages/0/content`: an array; expected type null or string"
    );
}

#[test]
fn a_long_value_is_not_repeated_in_the_answer() {
    let mut event = event();
    event["meta"]["kind"] = Value::from("x".repeat(100_000));
    assert!(check(Shape::PublicSpan, &event).expect_err("it is wrong").reason.len() < 300);
}

#[test]
fn an_evaluation_needs_what_it_judges_and_one_value() {
    let evaluation = |more: Value| {
        let mut metric = json!({
            "label": "good", "metric_type": "score", "ml_app": "app", "timestamp_ms": 1
        });
        let members = metric.as_object_mut().expect("it is an object");
        members.extend(more.as_object().expect("an object").clone());
        check(Shape::Evaluation, &metric).map_err(|problem| problem.pointer)
    };
    let span = json!({ "span": { "span_id": "1", "trace_id": "2" } });
    assert_eq!(evaluation(json!({ "score_value": 1, "join_on": span })), Ok(()));
    assert_eq!(evaluation(json!({ "score_value": 1 })), Err("/join_on".to_owned()));
    assert_eq!(
        evaluation(json!({ "score_value": 1, "eval_scope": "session", "session_id": "s" })),
        Ok(())
    );
    assert_eq!(
        evaluation(json!({ "score_value": "high", "join_on": span })),
        Err("/score_value".to_owned())
    );
    assert_eq!(
        evaluation(json!({
            "event_kind": "feedback", "score_value": 1, "span_id": "1", "submitter": { "id": "u" }
        })),
        Ok(())
    );
}
