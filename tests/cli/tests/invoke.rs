//! `wasmtime run --invoke`: what takes plain values is called by name, with arguments in WAVE.

use crate::{built, wasmtime};

/// What one call of a fresh instance prints.
#[track_caller]
fn invoke(call: &str) -> String {
    let done = wasmtime(&["run", "--invoke", call], &built("witspan.wasm"), b"");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "`{call}` failed: {errors}");
    assert_eq!(errors, "", "`{call}`");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

#[test]
fn a_span_starts_with_every_option() {
    let options = r#"[session-id("s"), ml-app("a"), model-name("m"), model-provider("p"), start-ns(5), context("{}")]"#;
    let call = format!(r#"start-span(llm, root, some("x"), some({options}), some(7))"#);
    assert_eq!(invoke(&call), "ok(1)");
}

#[test]
fn every_kind_of_span_starts_without_options() {
    for kind in ["llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"] {
        let call = format!("start-span({kind}, root, none, none, none)");
        assert_eq!(invoke(&call), "ok(1)", "{kind}");
    }
}

#[test]
fn a_fresh_instance_has_counted_nothing_and_wants_nothing() {
    let counters = invoke("statistics()");
    for name in ["accepted", "open", "queued", "in-flight", "delivered", "bytes"] {
        assert!(counters.contains(&format!("{name}: 0")), "{counters}");
    }
    assert!(counters.contains("dropped: []"), "{counters}");
    assert!(counters.contains("evaluations: {accepted: 0"), "{counters}");
    assert_eq!(invoke("poll(everything)"), "idle");
    assert_eq!(invoke("take-event()"), "none");
}

#[test]
fn a_wrong_call_prints_the_error_of_the_contract() {
    assert_eq!(invoke("start-span(llm, child-of(99), none, none, none)"), "err(unknown-span)");
    assert_eq!(invoke(r#"annotate(7, "{}")"#), "err(unknown-span(7))");
    assert_eq!(invoke("export-span(7)"), "err(unknown-span)");
    assert_eq!(invoke("remote-of(7)"), "err(unknown-span)");
    assert_eq!(invoke("finish(7, none, none, none)"), "err(unknown-span)");
    assert_eq!(invoke("complete(3, transport-error)"), "err(unknown-request(3))");
    assert_eq!(invoke("return-event(3, drop)"), "err(unknown-event(3))");
    assert_eq!(invoke(r#"start-span(llm, remote("x"), none, none, none)"#), "err(invalid-remote)");
    let call = r#"start-span(llm, root, none, some([context("[]")]), none)"#;
    assert_eq!(invoke(call), "err(invalid-context)");
    for call in
        [r#"check-context("[]")"#, "extract([])", r#"submit("{}")"#, r#"submit-feedback("{}")"#]
    {
        let refused = invoke(call);
        assert!(refused.starts_with("err(invalid-argument({field: "), "{call}: {refused}");
    }
}

#[test]
fn an_evaluation_is_submitted_as_one_text() {
    let evaluation = r#"{"label": "ok", "metric_type": "score", "value": 1, "session_id": "s", "eval_scope": "session"}"#;
    let text = evaluation.replace('"', r#"\""#);
    let submitted = invoke(&format!(r#"submit("{text}")"#));
    assert_eq!(submitted, "ok({should-poll: true, warnings: []})");
}

#[test]
fn the_remote_context_that_headers_name_is_read() {
    let header = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    let remote = invoke(&format!(r#"extract([{{name: "traceparent", value: "{header}"}}])"#));
    assert!(
        remote.starts_with("ok(") && remote.contains("0123456789abcdef0123456789abcdef"),
        "{remote}"
    );
}

#[test]
fn a_wrong_setting_prints_its_field_and_what_is_accepted() {
    let refused = invoke(r#"configure("{\"ml_app\": \"\"}")"#);
    let beginning =
        r#"err(invalid-argument({field: "ml_app", message: "`ml_app` is empty; accepted: "#;
    assert!(refused.starts_with(beginning), "{refused}");
}

#[test]
fn the_span_that_is_not_kept_takes_every_call() {
    assert_eq!(invoke("start-span(task, child-of(0), none, none, none)"), "ok(0)");
    assert_eq!(invoke(r#"annotate(0, "not even JSON")"#), "ok([])");
    assert_eq!(invoke("inject(0, [])"), "ok([])");
    assert_eq!(invoke("abandon(0)"), "ok(false)");
    assert!(invoke("finish(0, none, none, none)").starts_with("ok({"));
}
