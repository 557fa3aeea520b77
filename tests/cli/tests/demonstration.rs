//! What a reader sees who runs the demonstration (`programs/examples/demo.rs`).

use crate::{built, wasmtime};
use serde_json::Value;

#[test]
fn the_demonstration_shows_a_trace_from_start_to_payload() {
    let done = wasmtime(&["run"], &built("demo.wasm"), b"");
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    assert!(done.status.success());
    let shown = String::from_utf8(done.stdout).unwrap();

    let verbs: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter_map(|line| line.split("  ").next())
        .collect();
    assert_eq!(verbs, ["started", "annotated", "finished", "to send", "delivered"], "{shown}");

    let body = &shown[shown.find("\n{").unwrap()..=shown.rfind("\n}\n").unwrap() + 1];
    let body: Value = serde_json::from_str(body).unwrap();
    let attributes = &body["data"]["attributes"];
    assert_eq!(attributes["ml_app"], "wasmtime-demo");
    let [call, answer] = attributes["spans"].as_array().unwrap().as_slice() else {
        panic!("not two spans: {shown}");
    };
    let first = shown.lines().next().unwrap();
    let ids = ["span_id", "trace_id"].map(|name| call[name].as_str().unwrap());
    assert_eq!(first, format!("started    llm span {} in trace {}", ids[0], ids[1]));
    assert_eq!(call["parent_id"], answer["span_id"]);
    assert_eq!(call["trace_id"], answer["trace_id"]);
    assert_eq!(call["meta"]["output"]["messages"][0]["content"], "A module with a contract.");
    assert!(shown.ends_with("delivered  2 spans, had it been sent\n"), "{shown}");
}

#[test]
fn each_run_is_a_trace_of_its_own() {
    let ids = || {
        let done = wasmtime(&["run"], &built("demo.wasm"), b"");
        String::from_utf8(done.stdout).unwrap().lines().next().map(str::to_owned).unwrap()
    };
    assert_ne!(ids(), ids());
}
