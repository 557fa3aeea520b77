//! What was really sent is taken: the suite's bodies, which are witspan's, and what ddtrace and
//! dd-trace-js were seen to send (tests/compatibility/captured).

use std::fs;
use std::path::{Path, PathBuf};

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{decode, sdk_body};
use crate::decode::request;
use crate::endpoints::Route;
use crate::model::{Refusal, Source, Span, Status};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The JSON files below a folder of the repository, in order.
fn files(folder: &str) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = fs::read_dir(repository().join(folder))
        .expect("the folder is there")
        .map(|entry| entry.expect("it is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("it is readable");
            let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).expect("it is JSON"))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(!found.is_empty(), "no file in {folder}");
    found
}

#[test]
fn every_body_that_witspan_sends_is_taken() {
    let mut taken = 0;
    for (file, chapter) in files("tests/conformance/cases") {
        for case in chapter["cases"].as_array().expect("cases") {
            for (_, requests) in case["requests"].as_object().expect("requests") {
                for each in requests.as_array().expect("a list") {
                    let path = each["path"].as_str().expect("a path");
                    let route = if path.ends_with("eval-metric") {
                        Route::EvalV2
                    } else if path.ends_with("trace/spans") {
                        Route::PublicSpans
                    } else {
                        Route::SdkSpans
                    };
                    let body = each["body"].as_str().expect("a body").as_bytes();
                    let decoded = request(route, "application/json", &HeaderMap::new(), body);
                    let decoded = decoded.unwrap_or_else(|refusal| {
                        panic!("{file}, {}: {refusal:?}", case["name"]);
                    });
                    assert!(decoded.spans.len() + decoded.evaluations.len() > 0);
                    taken += 1;
                }
            }
        }
    }
    assert!(taken > 200, "only {taken} bodies");
}

#[test]
fn both_forms_of_a_trace_are_the_same_here() {
    for (file, chapter) in files("tests/conformance/cases") {
        for case in chapter["cases"].as_array().expect("cases") {
            let mut forms = Vec::new();
            for (form, route) in [("public", Route::PublicSpans), ("sdk", Route::SdkSpans)] {
                let requests = case["requests"][form].as_array().into_iter().flatten();
                let mut spans = Vec::new();
                for each in requests.filter(|each| {
                    !each["path"].as_str().unwrap_or_default().ends_with("eval-metric")
                }) {
                    let body = each["body"].as_str().expect("a body").as_bytes();
                    let decoded = request(route, "application/json", &HeaderMap::new(), body);
                    spans.extend(decoded.expect("it is taken").spans);
                }
                forms.push(spans);
            }
            let [public, sdk] = &forms[..] else { panic!("two forms") };
            if public.len() != sdk.len() {
                // A case may be about one form alone.
                continue;
            }
            for (one, other) in public.iter().zip(sdk) {
                let facts = |span: &Span| {
                    let mut meta = span.meta.clone();
                    // Only one form has a place for each of these.
                    if let Some(prompt) =
                        meta.pointer_mut("/input/prompt").and_then(Value::as_object_mut)
                    {
                        prompt.remove("ml_app");
                    }
                    if let Some(members) = meta.as_object_mut() {
                        members.remove("collection_errors");
                    }
                    (
                        span.name.clone(),
                        span.kind.clone(),
                        span.start_ns,
                        span.duration_ns,
                        span.status,
                        span.model.clone(),
                        span.session_id.clone(),
                        span.ml_app.clone(),
                        meta,
                    )
                };
                assert_eq!(facts(one), facts(other), "{file}, {}", case["name"]);
            }
        }
    }
}

#[test]
fn every_event_that_ddtrace_and_dd_trace_sent_as_json_is_taken() {
    let mut taken = 0;
    let mut refused = Vec::new();
    for sdk in ["python", "js"] {
        for (file, capture) in files(&format!("tests/compatibility/captured/{sdk}")) {
            for (name, event) in capture["events"].as_object().expect("events") {
                if event.to_string().contains("not_json") {
                    continue;
                }
                match decode(Route::SdkSpans, &sdk_body(event)) {
                    Ok(decoded) => {
                        assert_eq!(decoded.spans.len(), 1);
                        taken += 1;
                    }
                    Err(refusal) => refused.push(format!("{sdk}/{file} {name}: {refusal:?}")),
                }
            }
        }
    }
    assert!(taken > 150, "only {taken} events");
    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn every_evaluation_that_ddtrace_and_dd_trace_sent_is_taken_but_those_that_name_no_time_or_span() {
    let mut taken = 0;
    let mut refused = Vec::new();
    for sdk in ["python", "js"] {
        for (_, capture) in files(&format!("tests/compatibility/captured/{sdk}")) {
            for submitted in capture["evaluations"].as_array().into_iter().flatten() {
                let metric = &submitted["metric"];
                // What was refused at the call sent nothing; what was no JSON is refused here.
                if !metric.is_object() || metric.to_string().contains("not_json") {
                    continue;
                }
                let attributes = json!({ "metrics": [metric] });
                let body =
                    json!({ "data": { "type": "evaluation_metric", "attributes": attributes } });
                match decode(Route::EvalV2, &body) {
                    Ok(decoded) => taken += decoded.evaluations.len(),
                    Err(Refusal::BadRequest { pointer, .. }) => refused.push(pointer),
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
    }
    assert!(taken > 10, "only {taken} evaluations");
    // ddtrace lets `True` through as a time, and empty texts as ids.
    let metric = "/data/attributes/metrics/0";
    assert_eq!(
        refused,
        [format!("{metric}/timestamp_ms"), format!("{metric}/join_on/span/span_id")]
    );
}

#[test]
fn what_ddtrace_puts_inside_apm_traces_is_a_trace_of_llm_spans() {
    let capture: Value =
        serde_json::from_str(include_str!("../captured/ddtrace-apm.json")).expect("JSON");
    let body = STANDARD.decode(capture["body"].as_str().expect("a text")).expect("base64");
    let decoded = request(Route::ApmTraces, "application/msgpack", &HeaderMap::new(), &body);
    let spans = decoded.expect("it is taken").spans;
    let facts: Vec<(&str, &str, bool)> = spans
        .iter()
        .map(|span| (span.name.as_str(), span.kind.name(), span.parent_id.is_none()))
        .collect();
    assert_eq!(
        facts,
        [
            ("helper", "agent", true),
            ("ask", "llm", false),
            ("weather", "tool", false),
            ("search", "retrieval", false),
            ("embed", "embedding", false),
            ("broken", "task", false)
        ]
    );
    let (ask, broken) = (&spans[1], &spans[5]);
    assert_eq!(
        (ask.source, ask.ml_app.as_str(), ask.language.as_deref()),
        (Source::Apm, "sdk-app", Some("python"))
    );
    assert_eq!(ask.trace_id.len(), 32);
    assert!(spans.iter().all(|span| span.trace_id == ask.trace_id));
    assert!(ask.tags.contains(&"team:a".to_owned()), "{:?}", ask.tags);
    assert_eq!(broken.status, Status::Error);
    assert_eq!(broken.meta["error"]["message"], "no umbrella");
    assert!(ask.start_ns > 1_700_000_000_000_000_000 && ask.duration_ns > 0);
}
