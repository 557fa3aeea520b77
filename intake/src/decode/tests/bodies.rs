//! Single rules of the bodies of JSON and MessagePack, each on a small one.

use axum::http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{decode, sdk_body, sdk_span};
use crate::decode::request;
use crate::endpoints::Route;
use crate::model::{Kind, Lost, Refusal, Scope, Source, Status};

#[test]
fn dd_trace_js_s_flat_keys_are_what_ddtrace_nests() {
    let event = json!({
        "trace_id": "6b029e4800000000669908bad7a0d48a", "span_id": "6727668872126390490",
        "parent_id": "undefined", "name": "ask", "start_ns": 1795333704523002000_u64, "duration": 197754,
        "status": "error", "session_id": "s-1",
        "tags": ["version:1.2.3", "env:test", "service:svc", "ml_app:app", "error:1", "language:javascript"],
        "meta": {
            "span.kind": "llm", "model_name": "gpt-4o", "model_provider": "openai",
            "error.message": "no", "error.type": "Error", "error.stack": "at …",
            "input": { "messages": [{ "role": "user", "content": "hi" }],
                "prompt": { "id": "p", "_dd_context_variable_keys": ["context"] } },
            "output": {}
        },
        "metrics": { "input_tokens": 3, "odd": null }
    });
    let span = sdk_span(&event);
    assert_eq!(
        (span.kind.clone(), span.status, span.parent_id.clone()),
        (Kind::Llm, Status::Error, None)
    );
    assert_eq!(span.start_ns, 1_795_333_704_523_002_000);
    assert_eq!(span.ml_app, "app");
    assert_eq!(span.service.as_deref(), Some("svc"));
    assert_eq!(span.env.as_deref(), Some("test"));
    assert_eq!(span.version.as_deref(), Some("1.2.3"));
    assert_eq!(span.language.as_deref(), Some("javascript"));
    assert_eq!(span.session_id.as_deref(), Some("s-1"));
    assert_eq!(span.model.as_deref(), Some("gpt-4o"));
    assert_eq!(span.metrics, [("input_tokens".to_owned(), 3.0)]);
    assert_eq!(
        span.meta,
        json!({
            "input": { "messages": [{ "role": "user", "content": "hi" }],
                "prompt": { "id": "p", "context_variable_keys": ["context"] } },
            "error": { "message": "no", "type": "Error", "stack": "at …" }
        })
    );
    assert_eq!(span.raw, event.to_string());
}

#[test]
fn what_the_envelope_says_holds_for_spans_that_say_nothing() {
    let span = |more: Value| {
        let mut span = json!({
            "name": "n", "span_id": "1", "trace_id": "2", "parent_id": "undefined",
            "start_ns": 1, "duration": 2.5, "meta": { "kind": "task" }
        });
        let members = more.as_object().expect("an object").clone();
        span.as_object_mut().expect("an object").extend(members);
        span
    };
    let body = json!({ "data": { "type": "span", "attributes": {
        "ml_app": "app", "session_id": "s", "tags": ["team:a"], "feedback_join_key": "k",
        "spans": [span(json!({})), span(json!({ "ml_app": "own", "session_id": "t", "tags": ["b:c"] }))]
    } } });
    let decoded = decode(Route::PublicSpans, &body).expect("it is taken");
    let [one, other] = &decoded.spans[..] else { panic!("two spans") };
    assert_eq!((one.ml_app.as_str(), one.session_id.as_deref()), ("app", Some("s")));
    assert_eq!((other.ml_app.as_str(), other.session_id.as_deref()), ("own", Some("t")));
    assert_eq!(
        (&one.tags[..], &other.tags[..]),
        (&["team:a".to_owned()][..], &["b:c".to_owned(), "team:a".to_owned()][..])
    );
    assert_eq!(one.feedback_join_key.as_deref(), Some("k"));
    assert_eq!((one.duration_ns, one.source), (2, Source::Public));
}

#[test]
fn a_wrong_event_is_refused_by_the_place_of_its_field() {
    let event = json!({ "name": "n", "span_id": "1", "trace_id": "2", "parent_id": "undefined",
        "start_ns": "soon", "duration": 2, "meta": { "span": { "kind": "task" } } });
    let Err(Refusal::BadRequest { pointer, reason }) = decode(Route::SdkSpans, &sdk_body(&event))
    else {
        panic!("it is refused");
    };
    assert_eq!(pointer, "/0/spans/0/start_ns");
    assert_eq!(reason, "a string; expected type number");
    for (route, body, place) in [
        (Route::SdkSpans, json!([{ "spans": 1 }]), "/0/spans"),
        (
            Route::PublicSpans,
            json!({ "data": { "type": "span", "attributes": { "spans": [] } } }),
            "/data/attributes/ml_app",
        ),
        (
            Route::EvalV2,
            json!({ "data": { "type": "evaluation_metric", "attributes": {} } }),
            "/data/attributes/metrics",
        ),
    ] {
        let Err(Refusal::BadRequest { pointer, .. }) = decode(route, &body) else {
            panic!("{body} is refused");
        };
        assert_eq!(pointer, place, "{body}");
    }
}

#[test]
fn what_is_no_json_is_refused_and_says_where() {
    for body in ["", "[{\"spans\": [{\"a\": NaN}]}]", "\u{feff}[]", "[{\"spans\": ["] {
        let refusal =
            request(Route::SdkSpans, "application/json", &HeaderMap::new(), body.as_bytes());
        let Err(Refusal::BadRequest { reason, .. }) = refusal else { panic!("{body} is refused") };
        assert!(reason.contains("JSON"), "{reason}");
    }
    let refusal = request(Route::SdkSpans, "", &HeaderMap::new(), b"[\"\xff\"]");
    assert!(matches!(refusal, Err(Refusal::BadRequest { .. })));
}

#[test]
fn a_body_of_very_many_small_values_is_too_large() {
    let body = format!("[{{\"spans\": [[{}0]]}}]", "0,".repeat(5_000_001));
    let refusal = request(Route::SdkSpans, "application/json", &HeaderMap::new(), body.as_bytes());
    assert!(matches!(refusal, Err(Refusal::TooLarge { .. })));
}

#[test]
fn experiments_hold_any_json_and_show_it_as_text() {
    let event = json!({ "name": 7, "span_id": "1", "trace_id": "2", "parent_id": "3",
        "start_ns": 1, "duration": -5, "meta": { "span": { "kind": "experiment" }, "input": { "a": 1 }, "output": [2], "expected_output": "x" } });
    let span = sdk_span(&event);
    assert_eq!(span.kind, Kind::Other("experiment".to_owned()));
    assert_eq!((span.name.as_str(), span.duration_ns), ("7", 0));
    assert_eq!(span.meta["input"]["value"], "{\"a\":1}");
    assert_eq!(span.meta["output"]["value"], "[2]");
    assert_eq!(span.meta["expected_output"]["value"], "x");
}

#[test]
fn evaluations_of_both_versions_say_what_they_judge() {
    let metric = |more: Value| {
        let mut metric = json!({ "label": "good", "metric_type": "score", "score_value": 0.5, "ml_app": "app", "timestamp_ms": 17 });
        metric
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        let body = json!({ "data": { "type": "evaluation_metric", "attributes": { "metrics": [metric], "tags": ["a:b"] } } });
        decode(Route::EvalV1, &body).expect("it is taken").evaluations.remove(0)
    };
    let first = metric(json!({ "span_id": "1", "trace_id": "2" }));
    assert_eq!(
        (first.scope, first.span_id.as_deref(), first.trace_id.as_deref()),
        (Scope::Span, Some("1"), Some("2"))
    );
    assert_eq!((first.value, first.tags), (json!(0.5), vec!["a:b".to_owned()]));
    let second = metric(
        json!({ "join_on": { "tag": { "key": "k", "value": "v" } }, "eval_scope": "trace" }),
    );
    assert_eq!(
        (second.scope, second.join_tag),
        (Scope::Trace, Some(("k".to_owned(), "v".to_owned())))
    );
    let feedback = |target: Value| {
        let mut more = json!({ "event_kind": "feedback", "submitter": { "id": "u" } });
        more.as_object_mut()
            .expect("an object")
            .extend(target.as_object().expect("an object").clone());
        metric(more).scope
    };
    assert_eq!(feedback(json!({ "session_id": "s" })), Scope::Session);
    assert_eq!(feedback(json!({ "trace_id": "t" })), Scope::Trace);
    assert_eq!(feedback(json!({ "span_id": "1" })), Scope::Span);
    assert_eq!(feedback(json!({ "feedback_join_key": "k" })), Scope::External);
    assert_ne!(
        metric(json!({ "span_id": "1", "trace_id": "2" })).id,
        metric(json!({ "span_id": "1", "trace_id": "2" })).id
    );
}

#[test]
fn the_header_of_losses_is_a_report_and_a_wrong_one_costs_no_span() {
    let with = |header: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("witspan-dropped", HeaderValue::from_static(header));
        let event = json!({ "name": "n", "span_id": "1", "trace_id": "2", "parent_id": "3", "start_ns": 1,
            "duration": 2, "tags": ["ml_app:app", "language:rust"], "meta": { "span": { "kind": "task" } } });
        request(
            Route::SdkSpans,
            "application/json",
            &headers,
            sdk_body(&event).to_string().as_bytes(),
        )
        .expect("it is taken")
    };
    let decoded = with("client=c-1;queue_full=3;too_large=1;evaluations.rejected=2");
    let [spans, evaluations] = &decoded.drops[..] else { panic!("two reports") };
    assert_eq!((spans.client.as_str(), spans.what, spans.delta), ("c-1", Lost::Spans, false));
    assert_eq!(spans.counts, [("queue_full".to_owned(), 3), ("too_large".to_owned(), 1)]);
    assert_eq!((spans.ml_app.as_deref(), spans.language.as_deref()), (Some("app"), Some("rust")));
    assert_eq!(
        (evaluations.what, &evaluations.counts[..]),
        (Lost::Evaluations, &[("rejected".to_owned(), 2)][..])
    );
    let decoded = with("nonsense");
    assert_eq!((decoded.spans.len(), decoded.drops.len(), decoded.warnings.len()), (1, 0, 1));
}

#[test]
fn telemetry_of_other_sdks_counts_what_they_dropped() {
    let body = json!({
        "request_type": "message-batch", "runtime_id": "r-1",
        "application": { "service_name": "svc", "language_name": "python" },
        "payload": [
            { "request_type": "app-heartbeat" },
            { "request_type": "generate-metrics", "payload": { "namespace": "tracers", "series": [
                { "metric": "dropped_span_events", "namespace": "mlobs", "points": [[1, 2], [2, 3]], "tags": ["error:buffer_full"] },
                { "metric": "dropped_span_events", "namespace": "tracers", "points": [[1, 7]], "tags": [] }
            ] } }
        ]
    });
    let decoded = decode(Route::Telemetry, &body).expect("it is taken");
    let [report] = &decoded.drops[..] else { panic!("one report") };
    assert_eq!((report.client.as_str(), report.delta), ("r-1", true));
    assert_eq!(report.counts, [("buffer_full".to_owned(), 5)]);
}

#[test]
fn messagepack_that_is_broken_deep_or_of_another_shape_is_refused() {
    let deep = [vec![0x91; 100_000], vec![0xc0]].concat();
    for body in [&b"\x92"[..], b"\x01", b"\x91\x01", b"\x91\x91\x01", &deep, b"\x90\x90"] {
        let refusal = request(Route::ApmTraces, "application/msgpack", &HeaderMap::new(), body);
        assert!(
            matches!(refusal, Err(Refusal::BadRequest { .. })),
            "{:?}",
            &body[..body.len().min(9)]
        );
    }
}

#[test]
fn traces_in_the_fifth_form_are_taken_and_hold_no_llm_span() {
    // One text, and one trace of one span of twelve members.
    let span = b"\x9c\x00\x00\x00\x01\x02\x00\x03\x04\x00\x80\x80\x00";
    let body = [&b"\x92\x91\xa1a\x91\x91"[..], span].concat();
    let headers = HeaderMap::new();
    let decoded = request(Route::ApmTracesV5, "application/msgpack", &headers, &body);
    let decoded = decoded.expect("it is taken");
    assert_eq!((decoded.spans.len(), decoded.evaluations.len()), (0, 0));
    for wrong in [&b"\x91\x90"[..], b"\x90", b"\x92\x90", b"\xa1a"] {
        let refusal = request(Route::ApmTracesV5, "application/msgpack", &headers, wrong);
        assert!(matches!(refusal, Err(Refusal::BadRequest { .. })), "{wrong:?}");
    }
}

#[test]
fn ddtrace_without_an_agent_has_its_events_as_json_with_hexadecimal_ids() {
    let body = json!({ "traces": [{ "hostname": "h", "languageName": "python", "spans": [
        { "name": "http", "span_id": "000000000000000b", "meta": {} },
        {
            "name": "helper", "service": "svc", "span_id": "000000000000000a", "error": 1,
            "start": 1_795_333_704_523_002_000_i64, "duration": 7,
            "meta": { "error.message": "no", "error.type": "builtins.ValueError", "error.stack": "…" },
            "meta_struct": { "_llmobs": {
                "name": "helper", "ml_app": "app", "parent_id": "undefined", "trace_id": "t",
                "tags": { "language": "python", "team": ["a", "b"] }, "metrics": {},
                "meta": { "span": { "kind": "agent" }, "metadata": {} }
            } }
        }
    ] }] });
    let decoded = decode(Route::ApmAgentless, &body).expect("it is taken");
    let [span] = &decoded.spans[..] else { panic!("one LLM span") };
    assert_eq!(
        (span.span_id.as_str(), span.kind.name(), span.status),
        ("10", "agent", Status::Error)
    );
    assert_eq!((span.start_ns, span.duration_ns), (1_795_333_704_523_002_000, 7));
    assert_eq!(span.service.as_deref(), Some("svc"));
    assert_eq!(span.tags, ["language:python", "team:a", "team:b"]);
    assert_eq!(
        span.meta["error"],
        json!({ "message": "no", "type": "builtins.ValueError", "stack": "…" })
    );
    let wrong = decode(Route::ApmAgentless, &json!({ "traces": 1 }));
    assert!(matches!(wrong, Err(Refusal::BadRequest { .. })));
}
