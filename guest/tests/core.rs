//! Behaviour of the core that the conformance suite does not reach: bounds, late knowledge,
//! given times, and counters that always add up.

use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;
use witspan_core::{
    Action, Core, Disposition, DropReason, Endpoint, Error, Failure, Format, Handle, Limits,
    Outcome, Parent, Platform, PollMode, Request, Response, Settings, SpanError, SpanKind,
    SpanOption, Target,
};

const NOW: u64 = 1_700_000_000_000_000_000;

#[derive(Clone, Default)]
struct Clock(Rc<Cell<u64>>);

impl Clock {
    fn pass(&self, ns: u64) {
        self.0.set(self.0.get() + ns);
    }
}

impl Platform for Clock {
    fn wall_ns(&mut self) -> u64 {
        NOW + self.0.get()
    }
    fn monotonic_ns(&mut self) -> u64 {
        self.0.get()
    }
    fn entropy(&mut self) -> u64 {
        7
    }
}

type Tested = Core<Clock>;

fn core_with(limits: Limits) -> (Tested, Clock) {
    let clock = Clock::default();
    let mut core = Core::new(clock.clone());
    core.configure(Settings { limits, ..Settings::default() }).unwrap();
    (core, clock)
}

fn start(core: &mut Tested, parent: Parent) -> Handle {
    core.start_span(SpanKind::Task, parent, None, Vec::new(), None).unwrap()
}

/// Starts and finishes a span; why it was not kept, if it was not.
fn span(core: &mut Tested, input: &str) -> Option<DropReason> {
    let span = start(core, Parent::Root);
    core.annotate(span, &format!("{{\"input\":\"{input}\"}}")).unwrap();
    core.finish(span, None, None, None).unwrap().dropped
}

fn sent(core: &mut Tested, mode: PollMode) -> Option<Request> {
    match core.poll(mode) {
        Action::Send(request) => Some(request),
        _ => None,
    }
}

fn answer(status: u16) -> Outcome {
    Outcome::Response(Response { status, headers: Vec::new() })
}

fn body(request: &Request) -> serde_json::Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn check_sum(core: &Tested) {
    let s = core.statistics();
    let settled: u64 = s.delivered + s.dropped.iter().sum::<u64>();
    assert_eq!(s.accepted, s.open + s.queued + s.in_flight + settled, "{s:?}");
}

#[test]
fn a_batch_is_sent_when_it_has_enough_spans_or_bytes_or_is_old_enough() {
    let (mut core, clock) = core_with(Limits { batch_spans: 3, ..Limits::default() });
    for _ in 0..4 {
        span(&mut core, "x");
    }
    assert_eq!(sent(&mut core, PollMode::Due).unwrap().spans, 3);
    assert_eq!(core.poll(PollMode::Due), Action::Wait(1_000_000_000));
    clock.pass(999_999_999);
    assert_eq!(core.poll(PollMode::Due), Action::Wait(1));
    clock.pass(1);
    assert_eq!(sent(&mut core, PollMode::Due).unwrap().spans, 1);
    assert_eq!(core.poll(PollMode::Due), Action::Idle);

    let (mut core, _) = core_with(Limits { batch_bytes: 2_000, ..Limits::default() });
    for _ in 0..20 {
        span(&mut core, &"x".repeat(300));
    }
    let mut spans = 0;
    while let Some(request) = sent(&mut core, PollMode::Everything) {
        assert!(request.body.len() <= 2_000, "{} bytes", request.body.len());
        assert!(body(&request)["data"]["attributes"]["spans"].is_array());
        spans += request.spans;
    }
    assert_eq!(spans, 20);
}

#[test]
fn the_worker_is_called_once_for_the_first_span_and_once_for_a_full_batch() {
    let (mut core, _) = core_with(Limits { batch_spans: 4, ..Limits::default() });
    let should_poll = |core: &mut Tested| {
        let span = start(core, Parent::Root);
        core.finish(span, None, None, None).unwrap().should_poll
    };
    let called: Vec<bool> = (0..5).map(|_| should_poll(&mut core)).collect();
    assert_eq!(called, [true, false, false, true, false]);
}

#[test]
fn a_full_queue_drops_the_newest_and_keeps_its_bound() {
    let limits = Limits { queue_bytes: 10_000, ..Limits::default() };
    let (mut core, _) = core_with(limits);
    let mut dropped = 0;
    for _ in 0..100 {
        match span(&mut core, &"x".repeat(200)) {
            None => assert_eq!(dropped, 0, "kept a newer span after dropping an older one"),
            Some(reason) => {
                assert_eq!(reason, DropReason::QueueFull);
                dropped += 1;
            }
        }
        assert!(core.statistics().bytes <= 10_000);
        check_sum(&core);
    }
    assert!(dropped > 50);
    assert_eq!(core.statistics().dropped_for(DropReason::QueueFull), dropped);
    while let Some(request) = sent(&mut core, PollMode::Everything) {
        core.complete(request.id, &answer(202)).unwrap();
    }
    assert_eq!(span(&mut core, "again"), None, "there is room after sending");
    check_sum(&core);
}

#[test]
fn open_spans_are_bounded_by_bytes_too() {
    let (mut core, _) = core_with(Limits { open_bytes: 20_000, ..Limits::default() });
    let spans: Vec<Handle> = (0..100).map(|_| start(&mut core, Parent::Root)).collect();
    let kept = spans.iter().filter(|span| **span != 0).count();
    assert!(kept > 10 && kept < 100, "{kept}");
    assert_eq!(start(&mut core, Parent::Current(0)), 0, "a child of what is not kept");
    assert_eq!(
        core.annotate(spans[0], &format!("{{\"input\":\"{}\"}}", "x".repeat(20_000))),
        Err(Error::MemoryFull)
    );
    assert_eq!(core.annotate(0, "anything"), Ok(Vec::new()));
    check_sum(&core);
    for span in spans {
        core.finish(span, None, None, None).unwrap();
    }
    assert_ne!(start(&mut core, Parent::Root), 0, "there is room again");
    check_sum(&core);
}

#[test]
fn the_longest_text_of_a_span_that_is_too_long_is_cut_and_marked() {
    let (mut core, _) = core_with(Limits { event_bytes: 2_000, ..Limits::default() });
    span(&mut core, "before");
    let long = core.start_span(SpanKind::Llm, Parent::Root, None, Vec::new(), None).unwrap();
    let annotation = json!({
        "input": [{"role": "system", "content": "short"},
                  {"role": "user", "content": "é".repeat(2_000)}],
        "output": {"role": "assistant", "content": "",
                   "tool_calls": [{"name": "look", "arguments": {"n": 12345678901u64, "q": "x".repeat(900)}}]},
        "metadata": {"note": "kept"},
    });
    core.annotate(long, &annotation.to_string()).unwrap();
    assert_eq!(core.finish(long, None, None, None).unwrap().dropped, None);
    span(&mut core, "after");
    let body = body(&sent(&mut core, PollMode::Everything).unwrap());
    let spans = body["data"]["attributes"]["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 3);
    assert!(spans[1].to_string().len() <= 2_000, "{}", spans[1]);
    let meta = &spans[1]["meta"];
    assert_eq!(meta["input"]["messages"][0], json!({"role": "system", "content": "short"}));
    let cut = meta["input"]["messages"][1]["content"].as_str().unwrap();
    assert!(cut.ends_with("é [cut: 4000 bytes]"), "{cut}");
    let call = &meta["output"]["messages"][0]["tool_calls"][0];
    assert_eq!((&call["name"], &call["arguments"]["n"]), (&json!("look"), &json!(12345678901u64)));
    assert!(call["arguments"]["q"].as_str().unwrap().starts_with("xxx"));
    assert_eq!(meta["metadata"]["note"], "kept");
    let tags = spans[1]["tags"].as_array().unwrap();
    assert!(tags.contains(&json!("witspan.cut:input,output")), "{tags:?}");
    assert_eq!(core.statistics().cut, 1);
    check_sum(&core);
}

#[test]
fn a_span_of_countless_short_values_is_emptied_rather_than_lost() {
    let (mut core, _) = core_with(Limits { event_bytes: 2_000, ..Limits::default() });
    let long = start(&mut core, Parent::Root);
    let numbers: Vec<u32> = (0..2_000).collect();
    core.annotate(long, &json!({"metadata": {"n": numbers}, "output": "kept"}).to_string())
        .unwrap();
    assert_eq!(core.finish(long, None, None, None).unwrap().dropped, None);
    let body = body(&sent(&mut core, PollMode::Everything).unwrap());
    let span = &body["data"]["attributes"]["spans"][0];
    assert_eq!(span["meta"]["output"]["value"], "kept");
    assert_eq!(span["meta"]["metadata"], json!(null));
    assert!(span["tags"].as_array().unwrap().contains(&json!("witspan.cut:metadata")), "{span}");
    check_sum(&core);
}

#[test]
fn an_endless_error_is_cut_and_its_span_arrives() {
    let (mut core, _) = core_with(Limits::default());
    let span = start(&mut core, Parent::Root);
    let endless = Failure { message: "é".repeat(5_000_000), ..Failure::default() };
    assert_eq!(core.finish(span, Some(endless), None, None).unwrap().dropped, None);
    let body = body(&sent(&mut core, PollMode::Everything).unwrap());
    let error = &body["data"]["attributes"]["spans"][0]["meta"]["error"];
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("é [cut: 10000000 bytes]"), "{} bytes", message.len());
    assert_eq!(message.len(), 65_536 + " [cut: 10000000 bytes]".len());
}

#[test]
fn spans_wait_until_their_target_is_known() {
    let mut core = Core::new(Clock::default());
    core.configure(Settings { targets: None, ..Settings::default() }).unwrap();
    for _ in 0..200 {
        span(&mut core, "early");
    }
    assert_eq!(core.poll(PollMode::Everything), Action::Idle);
    assert_eq!(core.statistics().queued, 200);
    let endpoint = Endpoint { url: "http://agent/api/v2/llmobs".to_owned(), headers: Vec::new() };
    let agent = Target { format: Format::SdkIntake, spans: endpoint, ..Target::default() };
    core.set_targets(vec![agent.clone()]).unwrap();
    assert_eq!(core.set_targets(vec![agent]), Err(Error::AlreadyConfigured));
    let mut spans = 0;
    loop {
        match core.poll(PollMode::Everything) {
            Action::Send(request) => {
                assert_eq!(request.url, "http://agent/api/v2/llmobs");
                spans += request.spans;
            }
            Action::Wait(0) => check_sum(&core),
            Action::Wait(ns) => panic!("asked to wait {ns} ns"),
            Action::Idle => break,
        }
    }
    assert_eq!(spans, 200);
}

#[test]
fn a_failed_batch_is_sent_again_and_nothing_else_is_sent_until_then() {
    let (mut core, clock) = core_with(Limits { batch_spans: 1, attempts: 3, ..Limits::default() });
    span(&mut core, "one");
    span(&mut core, "two");
    let first = sent(&mut core, PollMode::Due).unwrap();
    let Disposition::Retry(wait) = core.complete(first.id, &answer(503)).unwrap() else { panic!() };
    assert!((125_000_000..=250_000_000).contains(&wait), "{wait} ns");
    assert_eq!(core.poll(PollMode::Everything), Action::Wait(wait));
    clock.pass(wait);
    assert!(matches!(
        core.complete(first.id, &Outcome::TransportError).unwrap(),
        Disposition::Retry(_)
    ));
    clock.pass(1_000_000_000);
    let last = core.complete(first.id, &answer(500)).unwrap();
    assert_eq!(last, Disposition::Dropped(DropReason::RetriesExhausted));
    assert_eq!(core.complete(first.id, &answer(202)), Err(Error::UnknownRequest(first.id)));
    let second = sent(&mut core, PollMode::Due).unwrap();
    assert_eq!(core.complete(second.id, &answer(202)).unwrap(), Disposition::Delivered);
    check_sum(&core);
}

#[test]
fn given_times_are_taken_as_they_are_and_an_end_before_the_start_is_the_start() {
    let (mut core, _) = core_with(Limits::default());
    for end in [2_500, 1] {
        let options = vec![SpanOption::StartNs(1_000)];
        let span = core.start_span(SpanKind::Task, Parent::Root, None, options, None).unwrap();
        core.finish(span, None, Some(end), None).unwrap();
    }
    let body = body(&sent(&mut core, PollMode::Everything).unwrap());
    let spans = &body["data"]["attributes"]["spans"];
    assert_eq!((&spans[0]["start_ns"], &spans[0]["duration"]), (&1_000.into(), &1_500.into()));
    assert_eq!((&spans[1]["start_ns"], &spans[1]["duration"]), (&1_000.into(), &0.into()));
}

#[test]
fn an_explicit_parent_may_have_finished_but_must_be_known() {
    let (mut core, _) = core_with(Limits::default());
    let parent = start(&mut core, Parent::Root);
    core.finish(parent, None, None, None).unwrap();
    let ids = core.export_span(parent).unwrap();
    let child = start(&mut core, Parent::ChildOf(parent));
    assert_eq!(core.export_span(child).unwrap().trace_id, ids.trace_id);
    let stranger =
        core.start_span(SpanKind::Task, Parent::ChildOf(1 << 40), None, Vec::new(), None);
    assert_eq!(stranger, Err(SpanError::UnknownSpan));
    // A parent stays known for thousands of spans, and memory for them is used again.
    for _ in 0..4_000 {
        span(&mut core, "x");
    }
    assert!(core.export_span(parent).is_ok());
    for _ in 0..10_000 {
        span(&mut core, "x");
    }
    assert_eq!(core.export_span(parent), Err(SpanError::UnknownSpan));
    let orphan = start(&mut core, Parent::Current(parent));
    assert_ne!(core.export_span(orphan).unwrap().trace_id, ids.trace_id);
}

#[test]
fn settings_come_once_and_first_and_are_checked() {
    let mut core = Core::new(Clock::default());
    let empty = Settings { ml_app: String::new(), ..Settings::default() };
    let Err(Error::InvalidArgument(detail)) = core.configure(empty) else { panic!() };
    assert_eq!(detail.message, "`ml_app` is empty; accepted: the name of the application");
    let zero = Limits { batch_spans: 0, ..Limits::default() };
    let zero = Settings { limits: zero, ..Settings::default() };
    assert!(matches!(core.configure(zero), Err(Error::InvalidArgument(_))));
    core.configure(Settings::default()).unwrap();
    assert_eq!(core.configure(Settings::default()), Err(Error::AlreadyConfigured));
}

#[test]
fn an_invalid_annotation_is_never_kept_in_part() {
    let (mut core, _) = core_with(Limits::default());
    let span = core.start_span(SpanKind::Llm, Parent::Root, None, Vec::new(), None).unwrap();
    let good = r#"{"input":[{"role":"user","content":"hi"}],"metadata":{"a":[1,{"b":null}]},"metrics":{"m":1.5},"tags":{"t":"v"}}"#;
    for cut in 0..good.len() {
        let text = &good[..cut];
        let Err(Error::InvalidArgument(detail)) = core.annotate(span, text) else {
            panic!("`{text}` was taken");
        };
        assert_eq!(detail.field, "annotation", "{text}");
    }
    for wrong in ["[]", "null", "{\"inputs\":1}", "{} {}", "{\"metrics\":1}"] {
        assert!(core.annotate(span, wrong).is_err(), "{wrong}");
    }
    core.finish(span, None, None, None).unwrap();
    let body = body(&sent(&mut core, PollMode::Everything).unwrap());
    let meta = &body["data"]["attributes"]["spans"][0]["meta"];
    assert_eq!(meta.get("input"), None);
    assert_eq!(meta.get("metadata"), None);
    assert_eq!(core.statistics().annotations_rejected, good.len() as u64 + 5);
}

#[test]
fn counters_add_up_through_any_order_of_calls() {
    let limits = Limits {
        batch_spans: 5,
        batch_bytes: 3_000,
        queue_bytes: 9_000,
        open_bytes: 12_000,
        attempts: 2,
        ..Limits::default()
    };
    let (mut core, clock) = core_with(limits);
    let (mut spans, mut requests) = (Vec::new(), Vec::new());
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..20_000 {
        // xorshift64: any fixed sequence will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let pick = (state >> 32) as usize;
        let any = |spans: &[Handle]| spans.get(pick % spans.len().max(1)).copied().unwrap_or(0);
        match state % 8 {
            0 | 1 => {
                let parent = if pick.is_multiple_of(3) {
                    Parent::Root
                } else {
                    Parent::Current(any(&spans))
                };
                spans.push(start(&mut core, parent));
                if spans.len() > 30 {
                    let _ = core.finish(spans.remove(0), None, None, None);
                }
            }
            2 => drop(core.annotate(any(&spans), r#"{"input":"some text","tags":{"a":1}}"#)),
            3 | 4 => {
                let failure = pick.is_multiple_of(5).then(Failure::default);
                let _ = core.finish(any(&spans), failure, None, None);
            }
            5 if pick.is_multiple_of(4) => drop(core.abandon(any(&spans))),
            6 => {
                if let Action::Send(request) = core.poll(PollMode::Due) {
                    let _: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
                    requests.push(request.id);
                }
            }
            7 if !requests.is_empty() => {
                let id = requests.swap_remove(pick % requests.len());
                let outcome = [answer(202), answer(503), answer(400), Outcome::TransportError];
                if let Ok(Disposition::Retry(_)) = core.complete(id, &outcome[pick % 4]) {
                    requests.push(id);
                }
            }
            _ => clock.pass(10_000_000),
        }
        check_sum(&core);
    }
    let statistics = core.statistics();
    assert!(statistics.delivered > 100, "{statistics:?}");
    assert!(statistics.dropped.iter().filter(|count| **count > 0).count() >= 3, "{statistics:?}");
}

#[test]
fn links_that_are_given_twice_in_one_annotation_are_both_sent() {
    let (mut core, _) = core_with(Limits::default());
    let linked = start(&mut core, Parent::Root);
    let twice =
        r#"{"links":[{"span_id":"1","trace_id":"2"}],"links":[{"span_id":"3","trace_id":"4"}]}"#;
    core.annotate(linked, twice).unwrap();
    core.finish(linked, None, None, None).unwrap();
    let body = body(&sent(&mut core, PollMode::Everything).unwrap());
    let links = &body["data"]["attributes"]["spans"][0]["meta"]["metadata"]["_dd"]["span_links"];
    let ids: Vec<_> = links.as_array().unwrap().iter().map(|link| &link["span_id"]).collect();
    assert_eq!(ids, ["1", "3"]);
}
