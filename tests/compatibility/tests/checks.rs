//! The comparison itself can fail: each kind of change to a capture is found.

use serde_json::{Value, json};
use witspan_compatibility::{Difference, Group, Ledger, Program, compare, produce, programs};

/// What is unexplained once `change` has been made to a captured program.
fn after(name: &str, change: impl FnOnce(&mut Program)) -> Vec<Difference> {
    let mut program = programs().unwrap().into_iter().find(|p| p.name == name).unwrap();
    let produced = produce(name, &program.scenario).unwrap();
    let mut ledger = Ledger::read().unwrap();
    let (_, before) = compare(&program, &produced, &mut ledger).unwrap();
    change(&mut program);
    let (_, mut unexplained) = compare(&program, &produced, &mut ledger).unwrap();
    unexplained.retain(|found| !before.contains(found));
    unexplained
}

fn fields(found: &[Difference]) -> Vec<(&str, &str)> {
    found.iter().map(|found| (found.of.as_str(), found.field.as_str())).collect()
}

#[test]
fn another_value_is_found() {
    let found = after("kinds", |p| p.captured.events["my llm"]["name"] = "other".into());
    assert_eq!(fields(&found), [("my llm", "name")]);
}

#[test]
fn an_extra_or_a_missing_field_is_found() {
    let found = after("kinds", |p| p.captured.events["my llm"]["meta"]["input"] = json!({"a": 1}));
    assert_eq!(fields(&found), [("my llm", "meta/input/a")]);
    let found = after("kinds", |p| {
        p.captured.events["my llm"]["meta"].as_object_mut().unwrap().remove("model_name");
    });
    assert_eq!(fields(&found), [("my llm", "meta/model_name")]);
}

#[test]
fn an_extra_or_a_missing_event_is_found() {
    let found = after("kinds", |p| {
        p.captured.events.remove("tool");
    });
    assert_eq!(fields(&found), [("tool", "event")]);
    let found = after("kinds", |p| {
        let event = p.captured.events["tool"].clone();
        p.captured.events.insert("tool again".to_owned(), event);
    });
    assert_eq!(fields(&found), [("tool again", "event")]);
}

#[test]
fn another_parent_or_trace_is_found() {
    let found = after("nesting", |p| {
        let other = p.captured.events["wf"]["span_id"].clone();
        p.captured.events["tool-in-sub"]["parent_id"] = other;
    });
    assert_eq!(fields(&found), [("tool-in-sub", "parent_id")]);
    let found = after("nesting", |p| {
        let other = p.captured.events["wf2"]["trace_id"].clone();
        p.captured.events["tool-in-sub"]["trace_id"] = other;
    });
    assert_eq!(fields(&found), [("tool-in-sub", "trace_id")]);
}

#[test]
fn tags_are_a_set() {
    let tags = |p: &mut Program, change: fn(&mut Vec<Value>)| {
        change(p.captured.events["my llm"]["tags"].as_array_mut().unwrap());
    };
    assert_eq!(fields(&after("kinds", |p| tags(p, |tags| tags.reverse()))), []);
    let found = after("kinds", |p| tags(p, |tags| tags.push("env:other".into())));
    assert_eq!(fields(&found), [("my llm", "tags/env")]);
}

#[test]
fn headers_are_compared_key_by_key() {
    let found = after("distributed_apm_off", |p| {
        let headers = &mut p.captured.injected[0].headers;
        let state = headers.get_mut("tracestate").unwrap();
        *state = state.replace("t.llmobs_ml_app:app", "t.llmobs_ml_app:other");
    });
    assert_eq!(fields(&found), [("inject 1 w", "tracestate/dd/t.llmobs_ml_app")]);
}

#[test]
fn an_entry_that_explains_nothing_is_needless() {
    let group: Group = serde_json::from_value(json!({
        "reason": "It is equal.",
        "places": [{"sdk": "python", "program": "kinds", "field": "name", "how": {"value": "tool"}}],
    }))
    .unwrap();
    let program = programs().unwrap().into_iter().find(|p| p.name == "kinds").unwrap();
    let produced = produce("kinds", &program.scenario).unwrap();
    let mut ledger = Ledger::new(vec![group]).unwrap();
    compare(&program, &produced, &mut ledger).unwrap();
    assert_eq!(ledger.needless().len(), 1);
}

#[test]
fn an_explained_difference_has_the_value_that_the_entry_says() {
    let found = after("evals", |p| {
        // `score bool` is explained as 1; any other value of ours would not be.
        p.captured.evaluations.iter_mut().for_each(|evaluation| {
            if let Some(metric) = &mut evaluation.metric {
                metric["score_value"] = json!(7);
            }
        });
    });
    assert!(fields(&found).contains(&("score int", "score_value")));
    assert!(!fields(&found).contains(&("score bool", "score_value")));
}
