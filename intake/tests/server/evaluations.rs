//! Evaluations of traces, spans and sessions over HTTP.

use serde_json::{Value, json};

use crate::client::{Intake, event};

/// Says `count` things of span 7 of trace 5, each 1 ms after the one before.
fn judge(intake: &Intake, count: u64) {
    let metrics: Vec<Value> = (0..count)
        .map(|number| {
            json!({
                "join_on": {"span": {"span_id": "7", "trace_id": format!("{:032x}", 5)}},
                "label": format!("e{number}"), "metric_type": "score", "score_value": 0.5,
                "ml_app": "tests", "timestamp_ms": 1_700_000_000_000 + number,
            })
        })
        .collect();
    let body = json!({"data": {"type": "evaluation_metric", "attributes": {"metrics": metrics}}});
    let body = serde_json::to_vec(&body).unwrap();
    let answer = intake.ask("POST", "/api/intake/llm-obs/v2/eval-metric", &body);
    assert_eq!(answer.status, 202, "{}", answer.body);
}

#[test]
fn more_evaluations_than_an_answer_holds_are_counted_and_come_by_the_page() {
    let intake = Intake::start(&[]);
    assert_eq!(intake.send(&[event(5, 7, None, "x")]).status, 202);
    judge(&intake, 1_002);
    let trace = format!("traces/{:032x}", 5);
    let span = format!("spans/{:032x}/7", 5);
    for path in [&trace, &span] {
        let first = intake.get(&format!("/api/ui/{path}"));
        assert_eq!(first["evaluations"].as_array().map(Vec::len), Some(1_000), "{path}");
        assert_eq!(first["evaluations"][0]["label"], "e2");
        assert_eq!(first["evaluations_total"], 1_002);
        let after = first["evaluations_next"].as_str().unwrap();
        let rest = intake.get(&format!("/api/ui/{path}/evaluations?after={after}"));
        assert_eq!(rest["evaluations"][1]["label"], "e1");
        assert_eq!(rest["evaluations_next"], Value::Null);
        let short = intake.get(&format!("/api/ui/{path}/evaluations?limit=3"));
        assert_eq!(short["evaluations"].as_array().map(Vec::len), Some(3));
        // An invalid cursor would return the first page again and again.
        let wrong = intake.ask("GET", &format!("/api/ui/{path}/evaluations?after=x"), b"");
        assert_eq!(wrong.status, 400);
        assert!(wrong.body.contains("not a valid cursor"), "{}", wrong.body);
    }
    let wide = intake.get(&format!("/api/ui/{trace}?wide=1"));
    assert_eq!((&wide["evaluations"], &wide["evaluations_total"]), (&json!([]), &json!(0)));
    assert_eq!(intake.get("/api/ui/traces")["traces"][0]["evaluations_total"], 1_002);
    assert_eq!(intake.get("/api/ui/status")["evaluations"], 1_002);
    for nothing in ["traces/9", "spans/9/7", "sessions/9"] {
        let answer = intake.ask("GET", &format!("/api/ui/{nothing}/evaluations"), b"");
        assert_eq!(answer.status, 404, "{nothing}");
    }
}
