//! Evaluations: they are queued, sent and counted like spans.

use crate::common::*;
use serde_json::{Value, json};
use witspan::{DropReason, Error, SpanKind, Topic, Tracer};

/// An evaluation of some span.
fn evaluation(label: &str) -> Value {
    let span = json!({"span_id": "1", "trace_id": "00000000000000000000000000000001"});
    json!({"label": label, "metric_type": "score", "value": 0.5, "span": span})
}

fn submit(tracer: &Tracer, label: &str) {
    let submitted = tracer.submit_evaluation(&evaluation(label).to_string());
    assert_eq!(submitted, Ok(vec![]));
}

#[test]
fn an_evaluation_arrives_with_the_ids_of_its_span() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let span = tracer.span(SpanKind::Llm).name("judged").start().expect("a root");
    let ids = span.context().expect("ids");
    span.finish();
    let judged = json!({"span_id": ids.span_id, "trace_id": ids.trace_id});
    let evaluation = json!({
        "label": "helpful", "metric_type": "boolean", "value": true, "span": judged,
        "reasoning": "it says why", "tags": {"judge": "a person"},
    });
    tracer.submit_evaluation(&evaluation.to_string()).expect("a right evaluation");
    let feedback = json!({
        "label": "thumb", "metric_type": "categorical", "value": "up",
        "submitter": {"id": "u1", "type": "user"}, "span_id": ids.span_id,
    });
    tracer.submit_feedback(&feedback.to_string()).expect("a right feedback");

    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.evaluations.delivered), (1, 2));
    let arrived = receiver.evaluations();
    assert_eq!(arrived.len(), 2);
    assert_eq!(arrived[0]["join_on"]["span"], judged);
    assert_eq!(
        (&arrived[0]["boolean_value"], &arrived[0]["ml_app"]),
        (&json!(true), &json!("tests"))
    );
    assert_eq!(arrived[1]["submitter"]["id"], "u1");
    let key = receiver.requests().iter().all(|r| r.header("dd-api-key") == Some(KEY));
    assert!(key, "the intake wants the key");
}

#[test]
fn evaluations_go_by_themselves_and_without_any_span() {
    let receiver = Receiver::start();
    let mut config = through_agent(&receiver);
    config.set("batch_age_ns", 1_000_000);
    let tracer = start(config);
    submit(&tracer, "alone");
    wait_until("it has arrived", || receiver.evaluations().len() == 1);
    assert!(receiver.requests()[0].path.starts_with("/evp_proxy/v2/"));
    wait_until("it is counted", || counters(&tracer).evaluations.delivered == 1);
}

#[test]
fn what_another_attempt_can_change_is_sent_again_and_delivered_once() {
    let again = Answer::status(503).header("retry-after", "0");
    let receiver = Receiver::scripted([again, Answer::closed_connection()]);
    let tracer = start(direct(&receiver));
    submit(&tracer, "twice");
    let ended = shutdown(&tracer);
    assert_eq!((ended.evaluations.accepted, ended.evaluations.delivered), (1, 1));
    let requests = receiver.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}

#[test]
fn what_the_intake_rejects_is_counted_with_a_notice() {
    let receiver = Receiver::scripted([Answer::status(403)]);
    let mut config = direct(&receiver);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    submit(&tracer, "refused");
    let ended = shutdown(&tracer);
    assert_eq!(ended.evaluations.dropped(), [(DropReason::Rejected, 1)]);
    assert_eq!((ended.accepted, ended.dropped_total()), (0, 0));
    assert!(heard.one(Topic::Rejected).contains("1 evaluation is"));
}

#[test]
fn a_wrong_evaluation_is_an_error_with_the_field_and_is_counted() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let mut wrong = evaluation("x");
    wrong["metric_type"] = json!("guess");
    let Err(Error::InvalidArgument { field, message }) =
        tracer.submit_evaluation(&wrong.to_string())
    else {
        panic!("it was not refused");
    };
    assert_eq!(field, "metric_type");
    assert!(message.contains("guess"), "{message}");
    assert!(tracer.submit_feedback("{}").is_err());
    let ended = shutdown(&tracer);
    assert_eq!((ended.evaluations.accepted, ended.evaluations_rejected), (0, 2));
    assert!(receiver.requests().is_empty());
}

#[test]
fn a_trap_loses_the_evaluations_of_its_instance_and_exactly_those_are_counted() {
    let receiver = Receiver::scripted([Answer::status(202), Answer::status(202).held()]);
    let tracer = start(crate::failure::trapping(crate::failure::alone(direct(&receiver))));
    submit(&tracer, "delivered");
    flush(&tracer);
    submit(&tracer, "under_way");
    assert!(!tracer.flush(SHORT).settled);
    receiver.wait_for(2);
    submit(&tracer, "queued");
    submit(&tracer, "queued_too");
    let span = tracer.span(SpanKind::Task).start().expect("a root");
    assert_eq!(span.annotate(&crate::failure::trap()), Err(Error::Lost));
    let after = counters(&tracer).evaluations;
    assert_eq!((after.accepted, after.in_flight, after.delivered), (4, 1, 1));
    assert_eq!(after.dropped(), [(DropReason::Trap, 2)]);

    receiver.release();
    submit(&tracer, "after");
    let ended = shutdown(&tracer).evaluations;
    assert_eq!((ended.accepted, ended.delivered), (5, 3));
    assert_eq!(ended.dropped(), [(DropReason::Trap, 2)]);
}

#[test]
fn shutdown_counts_the_evaluations_that_it_could_not_send() {
    let tracer = start({
        let mut config = config(&[
            ("DD_API_KEY", KEY),
            ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
            ("DD_LLMOBS_OVERRIDE_ORIGIN", NOBODY),
        ]);
        config.set("request_timeout", LONG.as_secs_f64());
        config
    });
    submit(&tracer, "lost");
    let ended = tracer.shutdown(SHORT);
    assert!(!ended.settled);
    let sent = adding_up(ended.statistics).evaluations;
    assert_eq!(sent.dropped(), [(DropReason::Shutdown, 1)]);
    submit(&tracer, "after_the_end");
    assert_eq!(counters(&tracer).evaluations.accepted, 1);
}
