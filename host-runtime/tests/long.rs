//! Texts of any length: they are cut, rejected or counted. They never fail the core, because its failure
//! would lose the spans of others.

use crate::common::*;
use crate::failure::alone;
use serde_json::json;
use witspan::{Config, DropReason, Error, Failure, Parent, SpanKind, SpanOption, Tracer};

/// As long as an annotation may be.
const LONGEST: usize = 8 << 20;

/// Lists and objects that become much longer on the way, or of which there is much to keep in mind.
fn shapes() -> Vec<(&'static str, String, &'static str)> {
    let keys = (0..LONGEST / 16).map(|n| format!("\"{n:07x}\":\"\"")).collect::<Vec<_>>();
    vec![
        ("plain", "x".repeat(LONGEST), "\""),
        ("quotes", "\\\"".repeat(LONGEST / 2), "\""),
        ("control characters", "\\u0001".repeat(LONGEST / 6), "\""),
        ("empty texts", "\"\",".repeat(LONGEST / 3), "["),
        ("quotes in a list", format!("\"{}\",", "\\\"".repeat(LONGEST / 2 - 40)), "["),
        ("numbers", "1.5e300,".repeat(LONGEST / 8), "["),
        ("lists", "[[]],".repeat(LONGEST / 5), "["),
        ("keys", keys.join(",") + ",", "{"),
    ]
}

/// An annotation of this part that is as long as can be.
fn annotation(part: &str, text: &str, open: &str) -> String {
    let close = match open {
        "[" => "0]",
        "{" => "\"z\":0}",
        open => open,
    };
    let mut text = text.to_owned();
    let room = LONGEST - part.len() - 16;
    if text.len() > room {
        // Between two elements, or two characters.
        let separator = if open == "\"" { '\\' } else { ',' };
        let end = text[..room].rfind(separator).map_or(room, |at| at + usize::from(open != "\""));
        text.truncate(end);
    }
    format!("{{\"{part}\":{open}{text}{close}}}")
}

fn root(tracer: &Tracer, kind: SpanKind) -> witspan::SpanRef {
    tracer.start_span(kind, Parent::Root, None, &[]).expect("a root starts")
}

fn held(receiver: &Receiver) -> Config {
    let mut config = alone(direct(receiver));
    config.set("request_timeout", LONG.as_secs_f64());
    config
}

/// Annotates until no more is taken, and finishes.
fn fill(tracer: &Tracer, kind: SpanKind, text: &str, open: &str) {
    let span = root(tracer, kind);
    let parts: &[&str] = match open {
        "{" => &["input", "output", "metadata", "tags"],
        _ => &["input", "output"],
    };
    for part in parts {
        match tracer.annotate(span, &annotation(part, text, open)) {
            Ok(_) | Err(Error::MemoryFull | Error::InvalidArgument { .. }) => {
                eprintln!("{part} {:?}", tracer.statistics().bytes)
            }
            Err(error) => panic!("{part}: {error}"),
        }
    }
    for n in 0..8 {
        let metadata = format!("metadata\":{{\"{n}");
        let annotation = annotation(&metadata, text, open) + "}";
        match tracer.annotate(span, &annotation) {
            Ok(_) | Err(Error::MemoryFull | Error::InvalidArgument { .. }) => {}
            Err(error) => panic!("metadata: {error}"),
        }
    }
    tracer.finish(span, None, None);
}

#[test]
fn the_longest_annotations_never_fail_the_core_and_their_spans_arrive() {
    for (name, text, open) in shapes() {
        let receiver = Receiver::start();
        let tracer = start(held(&receiver));
        for kind in [SpanKind::Task, SpanKind::Llm, SpanKind::Retrieval] {
            fill(&tracer, kind, &text, open);
            flush(&tracer);
        }
        let ended = shutdown(&tracer);
        assert_eq!((ended.delivered, ended.dropped_total()), (3, 0), "{name}: {ended:?}");
    }
}

#[test]
fn the_longest_annotations_never_fail_the_core_while_the_memory_for_spans_is_full() {
    for (name, text, open) in shapes() {
        let receiver = Receiver::scripted([Answer::status(202).held()]);
        let tracer = start(held(&receiver));
        let half = json!({"input": "x".repeat(500_000)}).to_string();
        let open_spans: Vec<_> = (0..100).map(|_| root(&tracer, SpanKind::Task)).collect();
        for span in &open_spans {
            tracer.annotate(*span, &half).expect("there is room for half of it");
        }
        for _ in 0..100 {
            let span = root(&tracer, SpanKind::Task);
            tracer.annotate(span, &half).expect("there is room");
            tracer.finish(span, None, None);
        }
        fill(&tracer, SpanKind::Task, &text, open);
        for span in open_spans {
            tracer.finish(span, None, None);
        }
        let full = tracer.statistics();
        assert_eq!(full.dropped_for(DropReason::Trap), 0, "{name}: {full:?}");
        assert!(full.dropped_for(DropReason::QueueFull) > 0, "{name}: {full:?}");
        receiver.release();
    }
}

#[test]
fn an_annotation_that_is_too_long_is_rejected_with_its_length() {
    let receiver = Receiver::start();
    let tracer = start(alone(direct(&receiver)));
    let span = root(&tracer, SpanKind::Task);
    for (length, said) in [(LONGEST + 1, "8388609"), (400 << 20, "16777216")] {
        let text = format!("{{\"input\":\"{}\"}}", "x".repeat(length - 12));
        let Err(Error::InvalidArgument { field, message }) = tracer.annotate(span, &text) else {
            panic!("{length} bytes were taken");
        };
        assert_eq!(field, "annotation");
        assert_eq!(message, format!("`annotation` is {said} bytes long; accepted: up to 8 MiB"));
        tracer.check_context(&text).expect_err("no context is so long");
        tracer.submit_evaluation(&text).expect_err("no evaluation is so long");
    }
    tracer.finish(span, None, None);
    let ended = shutdown(&tracer);
    // Contexts count as annotations.
    assert_eq!((ended.delivered, ended.annotations_rejected), (1, 4));
    assert_eq!(ended.evaluations_rejected, 2);
}

#[test]
fn names_and_errors_of_any_length_are_cut() {
    let receiver = Receiver::start();
    let tracer = start(alone(direct(&receiver)));
    let long = "n".repeat(300 << 20);
    let options = [
        SpanOption::SessionId(&long),
        SpanOption::MlApp(&long),
        SpanOption::ModelName(&long),
        SpanOption::ModelProvider(&long),
    ];
    let span = tracer.start_span(SpanKind::Llm, Parent::Root, Some(&long), &options);
    let failure = Failure { message: &long, error_type: &long, stack: &long };
    tracer.finish(span.expect("it starts"), Some(failure), None);
    tracer.extract(&[("traceparent", &long)]).expect_err("it names no trace");
    let ended = shutdown(&tracer);
    assert_eq!((ended.delivered, ended.cut), (1, 1), "{ended:?}");
}
