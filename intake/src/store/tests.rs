//! The store as its users see it: what went in comes out, filtered, counted, and deleted in time.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::read::{self, EvaluationPage, Filter, SpanPage};
use super::*;
use crate::model::{DropReport, Evaluation, Kind, Lost, Scope, Source, Span, Status};

/// A store in a directory of its own.
struct Temporary {
    store: Option<Store>,
    directory: PathBuf,
}

impl Temporary {
    fn new() -> Self {
        Self::keeping(Retention { age: None, size: None })
    }

    fn keeping(retention: Retention) -> Self {
        let name = format!("witspan-test-{}-{}", std::process::id(), now_ns());
        let directory = std::env::temp_dir().join(name);
        let store = Some(Store::open(&directory, retention, None).unwrap());
        Self { store, directory }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(Store::open(&self.directory, Retention::default(), None).unwrap());
    }

    fn keep(&self, spans: Vec<Span>) {
        self.keep_all(Decoded { spans, ..Decoded::default() });
    }

    fn keep_all(&self, decoded: Decoded) {
        self.store().keep(decoded, None).unwrap().blocking_recv().unwrap().unwrap();
    }

    /// The ids of the traces that pass, in order.
    fn list(&self, filter: Filter) -> Vec<String> {
        let page = self.page(filter);
        let traces = page["traces"].as_array().unwrap().iter();
        traces.map(|trace| trace["trace_id"].as_str().unwrap().to_owned()).collect()
    }

    fn page(&self, filter: Filter) -> Value {
        let filter = Filter { limit: if filter.limit == 0 { 50 } else { filter.limit }, ..filter };
        let page = self.store().read(|connection| read::traces(connection, &filter)).unwrap();
        serde_json::to_value(page).unwrap()
    }

    fn trace(&self, id: &str) -> Value {
        self.trace_page(id, SpanPage::first(false))
    }

    fn trace_page(&self, id: &str, page: SpanPage) -> Value {
        let whole = self.store().read(|connection| read::trace(connection, id, &page)).unwrap();
        serde_json::to_value(whole.expect("the trace")).unwrap()
    }

    /// The ids of a trace's spans on each of its pages; every page must say how many there are.
    fn span_pages(&self, id: &str, lean: bool, limit: usize) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let page = self.trace_page(id, SpanPage { after, limit, ..SpanPage::first(lean) });
            assert_eq!(page["total"], page["trace"]["spans"]);
            let spans = page["spans"].as_array().unwrap().iter();
            pages.push(spans.map(|it| it["span_id"].as_str().unwrap().to_owned()).collect());
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() {
                return pages;
            }
        }
    }

    fn overview(&self) -> Value {
        let question = |connection: &Connection| read::overview(connection, None, None, None, 60);
        serde_json::to_value(self.store().read(question).unwrap()).unwrap()
    }

    /// Waits until something is so; spans become searchable a moment after they are kept.
    fn soon(&self, what: impl Fn(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !what(self) {
            assert!(Instant::now() < end, "it did not become so");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.store = None;
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// An llm span; `start` in s after some morning.
fn span(trace: &str, id: &str, parent: Option<&str>, start: i64) -> Span {
    Span {
        trace_id: trace.to_owned(),
        span_id: id.to_owned(),
        parent_id: parent.map(str::to_owned),
        name: "ask".to_owned(),
        kind: Kind::Llm,
        start_ns: (1_700_000_000 + start) * 1_000_000_000,
        duration_ns: 2_000_000_000,
        status: Status::Ok,
        ml_app: "app".to_owned(),
        service: None,
        env: None,
        version: None,
        session_id: None,
        model: Some("m".to_owned()),
        provider: None,
        language: Some("python".to_owned()),
        feedback_join_key: None,
        tags: vec!["env:test".to_owned()],
        metrics: vec![("input_tokens".to_owned(), 10.0), ("output_tokens".to_owned(), 5.0)],
        meta: json!({"input": {"value": "question"}, "output": {"value": "answer"}}),
        source: Source::Sdk,
        raw: format!("{{\"id\": \"{id}\"}}"),
    }
}

fn workflow(trace: &str, id: &str, start: i64) -> Span {
    Span {
        name: "answer".to_owned(),
        kind: Kind::Workflow,
        model: None,
        metrics: Vec::new(),
        ..span(trace, id, None, start)
    }
}

fn failed(span: Span) -> Span {
    let error = json!({"message": "no", "type": "ValueError"});
    Span { status: Status::Error, meta: json!({ "error": error }), ..span }
}

fn evaluation(id: &str) -> Evaluation {
    Evaluation {
        id: id.to_owned(),
        feedback: false,
        scope: Scope::Span,
        trace_id: None,
        span_id: None,
        session_id: None,
        join_tag: None,
        join_key: None,
        ml_app: "app".to_owned(),
        label: "quality".to_owned(),
        metric_type: "score".to_owned(),
        value: json!(0.5),
        assessment: Some("pass".to_owned()),
        reasoning: None,
        status: None,
        error: None,
        submitter: None,
        tags: Vec::new(),
        timestamp_ms: 1_700_000_000_000,
        metadata: None,
        raw: "{}".to_owned(),
    }
}

fn by(change: impl FnOnce(&mut Filter)) -> Filter {
    let mut filter = Filter::default();
    change(&mut filter);
    filter
}

#[test]
fn a_trace_comes_back_with_its_spans_in_order_and_each_event_as_it_was() {
    let kept = Temporary::new();
    kept.keep(vec![span("t", "2", Some("1"), 1), workflow("t", "1", 0)]);
    let whole = kept.trace("t");
    assert_eq!(whole["trace"]["name"], "answer");
    assert_eq!(whole["trace"]["kind"], "workflow");
    assert_eq!(whole["trace"]["total_tokens"], 15.0);
    assert_eq!(whole["trace"]["input_preview"], "question");
    assert_eq!(whole["spans"][0]["span_id"], "1");
    assert_eq!(whole["spans"][1]["parent_id"], "1");
    assert_eq!(whole["spans"][1]["input"], json!({"value": "question"}));
    assert_eq!(whole["spans"][1]["start_ms"], 1_700_000_001_000.0);
    let raw = kept.store().read(|connection| read::raw(connection, "t", "2")).unwrap();
    assert_eq!(raw.unwrap(), "{\"id\": \"2\"}");
}

#[test]
fn every_span_of_a_trace_is_on_one_page_and_each_page_says_how_many_there_are() {
    let kept = Temporary::new();
    // Two at a time begin together, so that an order by start alone would not tell them apart.
    let ids: Vec<String> = (0..25).map(|number| format!("s{number:02}")).collect();
    kept.keep(ids.iter().enumerate().map(|(at, id)| span("t", id, None, at as i64 / 2)).collect());
    kept.keep(vec![span("other", "x", None, 3)]);
    for lean in [false, true] {
        let pages = kept.span_pages("t", lean, 10);
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(pages.concat(), ids);
        assert_eq!(kept.span_pages("t", lean, 25), std::slice::from_ref(&ids));
    }
    // What was said of it comes once.
    let said = Evaluation { trace_id: Some("t".to_owned()), ..evaluation("e") };
    kept.keep_all(Decoded { evaluations: vec![said], ..Decoded::default() });
    let first = kept.trace_page("t", SpanPage { limit: 3, ..SpanPage::first(true) });
    let after = first["next"].as_str().map(str::to_owned);
    let second = kept.trace_page("t", SpanPage { after, limit: 3, ..SpanPage::first(true) });
    assert_eq!(first["evaluations"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["evaluations"], json!([]));
    assert_eq!(second["evaluations_total"], 1);
    assert_eq!(second["evaluations_next"], Value::Null);
}

#[test]
fn a_page_of_long_spans_ends_early_and_cuts_none() {
    let kept = Temporary::new();
    let long = "word ".repeat(4 << 20);
    for number in 0..4 {
        let meta = json!({"input": {"value": long}, "output": {"value": "answer"}});
        kept.keep(vec![Span { meta, ..span("t", &number.to_string(), None, number) }]);
    }
    let pages = kept.span_pages("t", false, 20_000);
    assert_eq!(pages, [vec!["0", "1", "2"], vec!["3"]]);
    let first = kept.trace("t");
    assert!(first["spans"].as_array().unwrap().iter().all(|it| it["input"]["value"] == long));
    assert_eq!(kept.span_pages("t", true, 20_000).len(), 1);
}

#[test]
fn a_root_that_comes_last_names_the_trace() {
    let kept = Temporary::new();
    kept.keep(vec![failed(span("t", "2", Some("1"), 5))]);
    let before = kept.trace("t");
    assert_eq!(before["trace"]["name"], "ask");
    kept.keep(vec![workflow("t", "1", 0)]);
    let after = kept.trace("t");
    assert_eq!(after["trace"]["name"], "answer");
    assert_eq!(after["trace"]["status"], "error");
    assert_eq!(after["trace"]["error_type"], "ValueError");
    assert!(after["trace"]["seq"].as_i64() > before["trace"]["seq"].as_i64());
    // The sums moved along.
    let overview = kept.overview();
    assert_eq!(overview["totals"]["traces"], 1);
    assert_eq!(overview["totals"]["errors"], 1);
    assert_eq!(overview["totals"]["spans"], 2);
}

#[test]
fn what_is_sent_twice_counts_once() {
    let kept = Temporary::new();
    let both = || vec![workflow("t", "1", 0), span("t", "2", Some("1"), 1)];
    kept.keep(both());
    kept.keep(both());
    kept.keep([both(), both()].concat());
    assert_eq!(kept.trace("t")["trace"]["spans"], 2);
    assert_eq!(kept.overview()["totals"]["tokens"], 15.0);
    assert_eq!(kept.store().counts().0, 2);
}

#[test]
fn a_span_that_is_sent_again_with_more_in_it_replaces_the_first() {
    let kept = Temporary::new();
    kept.keep(vec![workflow("t", "1", 0), span("t", "2", Some("1"), 1)]);
    kept.soon(|kept| kept.list(by(|it| it.text = Some("question".to_owned()))) == ["t"]);
    let mut more = failed(span("t", "2", Some("1"), 1));
    more.metrics = vec![("total_tokens".to_owned(), 99.0), ("total_cost".to_owned(), 0.5)];
    more.meta["input"] = json!({"value": "elephant"});
    kept.keep(vec![more]);
    let whole = kept.trace("t");
    assert_eq!(whole["trace"]["spans"], 2);
    assert_eq!(whole["trace"]["errors"], 1);
    assert_eq!(whole["trace"]["total_tokens"], 99.0);
    assert_eq!(whole["trace"]["cost"], 0.5);
    assert_eq!(kept.overview()["totals"]["errors"], 1);
    assert_eq!(kept.overview()["failing"][0]["errors"], 1);
    assert_eq!(kept.overview()["totals"]["spans"], 2);
    assert_eq!(kept.list(by(|it| it.text = Some("elephant".to_owned()))), ["t"]);
}

#[test]
fn numbers_beyond_all_sense_harm_no_sum() {
    let kept = Temporary::new();
    for number in 0..3_usize {
        let mut absurd = span("t", &number.to_string(), None, number as i64);
        absurd.metrics = [f64::MAX, f64::INFINITY, f64::NAN, -f64::MAX]
            .iter()
            .flat_map(|value| ["input_tokens", "total_cost"].map(|key| (key.to_owned(), *value)))
            .collect();
        absurd.start_ns = [0, i64::MAX, -5][number];
        absurd.duration_ns = [i64::MAX, -7, 0][number];
        kept.keep(vec![absurd.clone()]);
        absurd.name = "again".to_owned();
        absurd.raw = "{}".to_owned();
        kept.keep(vec![absurd]);
    }
    kept.keep(vec![span("fine", "1", None, 0)]);
    assert_eq!(kept.trace("t")["trace"]["spans"], 3);
    assert_eq!(kept.overview()["totals"]["spans"], 4);
    assert_eq!(kept.list(by(|it| it.limit = 1)).len(), 1);
}

#[test]
fn the_list_is_newest_first_and_goes_on_where_a_page_ended() {
    let kept = Temporary::new();
    for number in 0..7 {
        // Two start at the same time.
        kept.keep(vec![workflow(&format!("t{number}"), "1", number / 2)]);
    }
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = kept.page(Filter { before, limit: 3, ..Filter::default() });
        let traces = page["traces"].as_array().unwrap();
        pages.push(traces.iter().map(|trace| trace["trace_id"].clone()).collect::<Vec<_>>());
        before = page["next"].as_str().map(str::to_owned);
        if before.is_none() {
            break;
        }
    }
    assert_eq!(json!(pages), json!([["t6", "t5", "t4"], ["t3", "t2", "t1"], ["t0"]]));
}

#[test]
fn every_filter_leaves_what_it_says() {
    let kept = Temporary::new();
    let mut other = workflow("other", "1", 10);
    other.ml_app = "second".to_owned();
    other.session_id = Some("s".to_owned());
    other.tags = vec!["team:blue:sky".to_owned(), "bare".to_owned()];
    kept.keep(vec![other]);
    kept.keep(vec![workflow("plain", "1", 20), failed(span("plain", "2", Some("1"), 21))]);
    kept.keep(vec![span("llm", "1", None, 30)]);

    assert_eq!(kept.list(Filter::default()), ["llm", "plain", "other"]);
    assert_eq!(kept.list(by(|it| it.app = Some("second".to_owned()))), ["other"]);
    assert_eq!(kept.list(by(|it| it.session = Some("s".to_owned()))), ["other"]);
    assert_eq!(kept.list(by(|it| it.kind = Some("llm".to_owned()))), ["llm"]);
    assert_eq!(kept.list(by(|it| it.failed = Some(true))), ["plain"]);
    assert_eq!(kept.list(by(|it| it.failed = Some(false))), ["llm", "other"]);
    assert_eq!(kept.list(by(|it| it.model = Some("m".to_owned()))), ["llm", "plain"]);
    assert_eq!(kept.list(by(|it| it.model = Some("n".to_owned()))), [""; 0]);
    assert_eq!(kept.list(by(|it| it.tags = vec!["team:blue:sky".to_owned()])), ["other"]);
    assert_eq!(kept.list(by(|it| it.tags = vec!["bare".to_owned()])), ["other"]);
    let both = vec!["team:blue:sky".to_owned(), "env:test".to_owned()];
    assert_eq!(kept.list(by(|it| it.tags = both)), [""; 0]);
    assert_eq!(kept.list(by(|it| it.from = Some(1_700_000_015_000.0))), ["llm", "plain"]);
    assert_eq!(kept.list(by(|it| it.to = Some(1_700_000_030_000.0))), ["plain", "other"]);
}

#[test]
fn words_are_found_in_inputs_outputs_errors_and_metadata() {
    let kept = Temporary::new();
    let mut spoken = span("spoken", "1", None, 0);
    spoken.meta = json!({
        "input": {"messages": [{"role": "user", "content": "Why is the SKY blue? 天空"}]},
        "output": {"documents": [{"text": "Café"}]},
        "metadata": {"nested": {"deep": "needle"}, "n": 4711},
        "error": {"message": "Zerodivision"},
    });
    kept.keep(vec![spoken, span("other", "1", None, 1)]);
    let find = |text: &str| kept.list(by(|it| it.text = Some(text.to_owned())));
    kept.soon(|_| find("sky") == ["spoken"]);
    for text in
        ["blue sky", "cafe", "needle", "4711", "ZERODIVISION", "天", "空", "need", "zerodiv"]
    {
        assert_eq!(find(text), ["spoken"], "{text}");
    }
    for text in ["sky elephant", "eedle", "\" OR \"", "*"] {
        assert_eq!(find(text), [""; 0], "{text}");
    }
    assert_eq!(find("  "), ["other", "spoken"]);
    let filter = by(|it| {
        it.text = Some("ask".to_owned());
        it.from = Some(1_700_000_001_000.0);
    });
    assert_eq!(kept.list(filter), ["other"]);
}

#[test]
fn a_search_says_how_many_spans_it_has_not_looked_through() {
    let kept = Temporary::new();
    kept.keep(vec![span("t", "1", None, 0)]);
    let ask = || kept.page(by(|filter| filter.text = Some("question".to_owned())));
    kept.soon(|_| ask()["unsearched_spans"] == 0);
    assert_eq!(ask()["traces"][0]["trace_id"], "t");
    // More than is indexed at once: the first answers come before the index is done.
    let many = (2..6_000).map(|number| span("t", &number.to_string(), Some("1"), number));
    kept.keep(many.collect());
    assert!(ask()["unsearched_spans"].as_i64().unwrap() > 0);
    kept.soon(|_| ask()["unsearched_spans"] == 0);
    assert!(kept.page(Filter::default())["unsearched_spans"].is_null());
}

#[test]
fn pages_of_a_search_hold_every_hit() {
    let kept = Temporary::new();
    for number in 0..25 {
        kept.keep(vec![span(&format!("t{number}"), "1", None, number)]);
    }
    kept.soon(|kept| kept.store().counts().2 == 0);
    let mut found = std::collections::BTreeSet::new();
    let mut before = None;
    loop {
        let text = Some("question".to_owned());
        let page = kept.page(Filter { before, text, limit: 10, ..Filter::default() });
        for trace in page["traces"].as_array().unwrap() {
            found.insert(trace["trace_id"].to_string());
        }
        before = page["next"].as_str().map(str::to_owned);
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 25);
}

#[test]
fn a_session_is_its_traces_in_the_order_they_began() {
    let kept = Temporary::new();
    for number in [2, 0, 1] {
        let mut turn = workflow(&format!("t{number}"), "1", number * 10);
        turn.session_id = Some("s".to_owned());
        turn.meta = json!({"input": {"value": format!("question {number}")}});
        kept.keep(vec![turn, span(&format!("t{number}"), "2", Some("1"), number * 10)]);
    }
    let session = kept.store().read(|connection| read::session(connection, "s")).unwrap();
    let session = serde_json::to_value(session.unwrap()).unwrap();
    let inputs: Vec<&Value> =
        session["traces"].as_array().unwrap().iter().map(|turn| &turn["input"]["value"]).collect();
    assert_eq!(inputs, ["question 0", "question 1", "question 2"]);
    assert_eq!(session["session"]["traces"], 3);
    assert_eq!(session["session"]["total_tokens"], 45.0);
    assert_eq!(session["session"]["first_ms"], 1_700_000_000_000.0);
    assert_eq!(session["session"]["preview"], "question 2");
    let filter = read::SessionFilter { limit: 10, ..Default::default() };
    let list = kept.store().read(|connection| read::sessions(connection, &filter)).unwrap();
    let list = serde_json::to_value(list).unwrap();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(list["sessions"][0]["last_ms"], 1_700_000_020_000.0);
}

#[test]
fn an_evaluation_finds_its_span_by_id_by_tag_and_by_key_before_or_after_it() {
    let kept = Temporary::new();
    let hex = "000000000000000000000000000000ff";
    let by_id = Evaluation {
        trace_id: Some("255".to_owned()),
        span_id: Some("16".to_owned()),
        ..evaluation("by id")
    };
    let tag = ("order".to_owned(), "7".to_owned());
    let by_tag = Evaluation { join_tag: Some(tag.clone()), ..evaluation("by tag") };
    let by_key = Evaluation {
        join_key: Some("chat-9".to_owned()),
        feedback: true,
        scope: Scope::External,
        ..evaluation("by key")
    };
    // As witspan's feedback: a span, and no trace.
    let by_span =
        Evaluation { span_id: Some("16".to_owned()), feedback: true, ..evaluation("by span") };
    let early = vec![by_id.clone(), by_tag.clone(), by_key.clone(), by_span.clone()];
    kept.keep_all(Decoded { evaluations: early, ..Decoded::default() });

    let mut inner = span(hex, "0000000000000010", Some("1"), 1);
    inner.tags.push("order:7".to_owned());
    let mut root = workflow(hex, "1", 0);
    root.feedback_join_key = Some("chat-9".to_owned());
    kept.keep(vec![root, inner]);

    let late = [by_id, by_tag, by_key, by_span].map(|mut it| {
        it.id = format!("late {}", it.id);
        it
    });
    kept.keep_all(Decoded { evaluations: late.to_vec(), ..Decoded::default() });

    let whole = kept.trace(hex);
    let mut places: Vec<(String, String)> = whole["evaluations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["id"].as_str().unwrap().into(), it["span_id"].as_str().unwrap().into()))
        .collect();
    places.sort();
    let inner = "0000000000000010";
    let expected = [
        ("by id", inner),
        ("by key", "1"),
        ("by span", inner),
        ("by tag", inner),
        ("late by id", inner),
        ("late by key", "1"),
        ("late by span", inner),
        ("late by tag", inner),
    ];
    assert_eq!(places, expected.map(|(id, span)| (id.to_owned(), span.to_owned())));
    assert_eq!(whole["trace"]["evaluations"].as_array().unwrap().len(), 5);
}

#[test]
fn an_evaluation_finds_a_span_that_comes_with_it() {
    let kept = Temporary::new();
    let hex = "000000000000000000000000000000fe";
    let mut root = workflow(hex, "1", 0);
    root.tags.push("order:8".to_owned());
    let tag = ("order".to_owned(), "8".to_owned());
    let by_tag = Evaluation { join_tag: Some(tag), ..evaluation("by tag") };
    kept.keep_all(Decoded { spans: vec![root], evaluations: vec![by_tag], ..Decoded::default() });

    let whole = kept.trace(hex);
    assert_eq!(whole["evaluations"][0]["id"], "by tag");
    assert_eq!(whole["evaluations"][0]["span_id"], "1");
}

/// What was said, page by page as `ask` gives it: the labels in order of time, of all pages together.
fn all_said(ask: impl Fn(&EvaluationPage) -> Value, limit: usize) -> (Vec<String>, Vec<usize>) {
    let (mut labels, mut pages) = (Vec::new(), Vec::new());
    let mut page = EvaluationPage { limit, ..EvaluationPage::first() };
    loop {
        let said = ask(&page);
        let these = said["evaluations"].as_array().unwrap().iter();
        let these: Vec<String> = these.map(|it| it["label"].as_str().unwrap().into()).collect();
        pages.push(these.len());
        labels.splice(0..0, these);
        page.after = said["evaluations_next"].as_str().map(str::to_owned);
        if page.after.is_none() {
            assert_eq!(said["evaluations_total"], labels.len());
            return (labels, pages);
        }
    }
}

#[test]
fn every_evaluation_of_a_trace_a_span_and_a_session_is_on_one_page_and_each_says_how_many() {
    let kept = Temporary::new();
    let hex = format!("{:032x}", 255);
    let mut root = workflow(&hex, "000000000000000a", 0);
    root.session_id = Some("chat".to_owned());
    kept.keep(vec![root, span(&hex, "11", Some("000000000000000a"), 1)]);
    // The two spellings of ids by turns, and two at a time of the same moment.
    let evaluations = (0..2_400).map(|number: i64| Evaluation {
        trace_id: Some(if number % 2 == 0 { hex.clone() } else { "255".to_owned() }),
        span_id: Some(["000000000000000a", "10", "11", "99"][number as usize % 4].to_owned()),
        session_id: (number % 2 == 0).then(|| "chat".to_owned()),
        scope: if number < 8 { Scope::Trace } else { Scope::Span },
        label: format!("{number:04}"),
        timestamp_ms: 1_700_000_000_000 + number / 2,
        ..evaluation(&format!("e{number}"))
    });
    kept.keep_all(Decoded { evaluations: evaluations.collect(), ..Decoded::default() });
    let labels = |wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..2_400).filter(|it| wanted(*it)).map(|number| format!("{number:04}")).collect()
    };
    let store = kept.store();
    let of_trace = |wide: bool| {
        move |page: &EvaluationPage| {
            let ask = |it: &Connection| read::trace_evaluations(it, "255", wide, page);
            serde_json::to_value(store.read(ask).unwrap()).unwrap()
        }
    };
    assert_eq!(all_said(of_trace(false), 1_000), (labels(&|_| true), vec![1_000, 1_000, 400]));
    assert_eq!(all_said(of_trace(false), 1_200).1, [1_200, 1_200]);
    // Those of the trace, and those of a span that is not there, stand with no span.
    let wide = labels(&|it| it < 8 || it % 4 == 3);
    assert_eq!(all_said(of_trace(true), 500), (wide, vec![500, 106]));
    for spelling in ["10", "000000000000000a"] {
        let of_span = |page: &EvaluationPage| {
            let ask = |it: &Connection| read::span_evaluations(it, &hex, spelling, page);
            serde_json::to_value(store.read(ask).unwrap()).unwrap()
        };
        let expected = labels(&|it| it >= 8 && it % 4 < 2);
        assert_eq!(all_said(of_span, 1_000), (expected, vec![1_000, 196]));
    }
    let of_session = |page: &EvaluationPage| {
        let ask = |it: &Connection| read::session_evaluations(it, "chat", page);
        serde_json::to_value(store.read(ask).unwrap()).unwrap()
    };
    assert_eq!(all_said(of_session, 1_000), (labels(&|it| it % 2 == 0), vec![1_000, 200]));

    // The answers about the things themselves begin with the newest, and say how many there are.
    let whole = kept.trace(&hex);
    let span = store.read(|it| read::span(it, &hex, "10")).unwrap();
    let session = store.read(|it| read::session(it, "chat")).unwrap();
    let span = serde_json::to_value(span).unwrap();
    for (said, newest, total) in [
        (&whole, "2399", 2_400),
        (&span, "2397", 1_196),
        (&serde_json::to_value(session).unwrap(), "2398", 1_200),
    ] {
        assert_eq!(said["evaluations"].as_array().map(Vec::len), Some(1_000));
        assert_eq!(said["evaluations"][999]["label"], newest);
        assert_eq!(said["evaluations_total"], total);
        assert!(said["evaluations_next"].is_string());
    }
    assert!(
        span["evaluations"].as_array().unwrap().iter().all(|it| it["span_id"] == span["span_id"])
    );
    assert_eq!(whole["trace"]["evaluations"].as_array().map(Vec::len), Some(5));
    assert_eq!(whole["trace"]["evaluations_total"], 2_400);
}

#[test]
fn a_page_of_long_evaluations_ends_early_and_cuts_none() {
    let kept = Temporary::new();
    kept.keep(vec![workflow("t", "1", 0)]);
    for number in 0..3 {
        let long = Evaluation {
            trace_id: Some("t".to_owned()),
            label: number.to_string(),
            reasoning: Some("word ".repeat(2 << 20)),
            timestamp_ms: number,
            ..evaluation(&format!("e{number}"))
        };
        kept.keep_all(Decoded { evaluations: vec![long], ..Decoded::default() });
    }
    let ask = |page: &EvaluationPage| {
        let ask = |it: &Connection| read::trace_evaluations(it, "t", false, page);
        serde_json::to_value(kept.store().read(ask).unwrap()).unwrap()
    };
    let (labels, pages) = all_said(ask, 1_000);
    assert_eq!((labels.concat(), pages), ("012".to_owned(), vec![2, 1]));
}

#[test]
fn what_is_said_of_one_span_is_found_by_an_index_in_old_databases_too() {
    let kept = Temporary::new();
    let plan = |store: &Store| {
        let ask = |connection: &Connection| {
            connection.query_row(
                "EXPLAIN QUERY PLAN SELECT rowid FROM evaluations WHERE trace_id = ? AND span_id = ?
                     AND scope = 'span' ORDER BY timestamp_ms DESC, rowid DESC",
                ["t", "1"],
                |row| row.get::<_, String>("detail"),
            )
        };
        store.read(ask).unwrap()
    };
    assert!(plan(kept.store()).contains("COVERING INDEX evaluations_by_span"));
    let old = Temporary::new();
    let directory = old.directory.clone();
    drop(old);
    fs::create_dir_all(&directory).unwrap();
    let connection = Connection::open(directory.join(FILE)).unwrap();
    let layout = [include_str!("schema.sql"), include_str!("outbox.sql")].join("\n");
    connection.execute_batch(&format!("{layout} PRAGMA user_version = 2;")).unwrap();
    drop(connection);
    let store = Some(Store::open(&directory, Retention::default(), None).unwrap());
    let mut old = Temporary { store, directory };
    assert!(plan(old.store()).contains("COVERING INDEX evaluations_by_span"));
    old.reopen();
    old.keep(vec![workflow("t", "1", 0)]);
    assert_eq!(old.trace("t")["evaluations_total"], 0);
}

#[test]
fn losses_are_kept_by_tracer_and_never_shrink() {
    let kept = Temporary::new();
    let report = |count, delta| DropReport {
        client: "c".to_owned(),
        ml_app: Some("app".to_owned()),
        language: None,
        at_ms: 5,
        what: Lost::Spans,
        counts: vec![("queue_full".to_owned(), count)],
        delta,
    };
    for (count, delta) in [(3, false), (7, false), (5, false), (2, true)] {
        let drops = vec![report(count, delta)];
        kept.keep_all(Decoded { drops, ..Decoded::default() });
    }
    let drops = serde_json::to_value(kept.store().read(read::drops).unwrap()).unwrap();
    assert_eq!(drops["clients"][0]["spans"], json!({"queue_full": 9}));
    assert_eq!(drops["totals"], json!({"queue_full": 9}));
}

#[test]
fn the_overview_adds_up_over_minutes_and_hours() {
    let kept = Temporary::new();
    for minute in 0..300 {
        let id = format!("t{minute}");
        let root = workflow(&id, "1", minute * 60);
        let call = span(&id, "2", Some("1"), minute * 60);
        kept.keep(vec![root, if minute % 10 == 0 { failed(call) } else { call }]);
    }
    let whole = kept.overview();
    assert_eq!(
        whole["totals"],
        json!({
            "traces": 300, "errors": 30, "tokens": 4500.0, "cost": 0.0, "spans": 600
        })
    );
    let sum = |overview: &Value| -> i64 {
        let buckets = overview["buckets"].as_array().unwrap();
        buckets.iter().map(|bucket| bucket["traces"].as_i64().unwrap()).sum()
    };
    assert_eq!(sum(&whole), 300);
    assert_eq!(whole["by_model"][0]["calls"], 300);
    assert_eq!(whole["failing"][0]["rate"], 0.1);
    // A part of it that begins and ends within an hour, in few and in many buckets.
    let start = 1_700_000_000_000.0;
    for buckets in [1, 7, 60, 500] {
        let part = kept.store().read(|connection| {
            read::overview(
                connection,
                Some(start + 30.0 * 60_000.0),
                Some(start + 229.0 * 60_000.0),
                None,
                buckets,
            )
        });
        let part = serde_json::to_value(part.unwrap()).unwrap();
        let expected = sum(&part);
        assert_eq!(part["totals"]["traces"], expected, "{buckets}");
        assert!((200..260).contains(&expected), "{buckets}: {expected}");
        assert!(part["buckets"].as_array().unwrap().len() <= buckets as usize + 1);
    }
}

#[test]
fn what_was_kept_is_there_when_the_store_is_opened_again() {
    let mut kept = Temporary::new();
    kept.keep(vec![workflow("t", "1", 0), span("t", "2", Some("1"), 1)]);
    let before = kept.trace("t");
    kept.reopen();
    assert_eq!(kept.trace("t"), before);
    kept.keep(vec![span("t", "3", Some("1"), 1)]);
    assert_eq!(kept.trace("t")["trace"]["spans"], 3);
    assert!(kept.trace("t")["trace"]["seq"].as_i64() > before["trace"]["seq"].as_i64());
    kept.soon(|kept| kept.list(by(|it| it.text = Some("question".to_owned()))) == ["t"]);
}

#[test]
fn two_intakes_do_not_share_a_directory() {
    let kept = Temporary::new();
    let second = Store::open(&kept.directory, Retention::default(), None);
    let reason = second.err().expect("a refusal");
    assert!(reason.contains("another intake uses"), "{reason}");
}

#[test]
fn clearing_leaves_nothing_and_new_traces_are_taken_and_found() {
    let kept = Temporary::new();
    kept.keep(vec![workflow("t", "1", 0), span("t", "2", Some("1"), 1)]);
    kept.store().clear().unwrap().blocking_recv().unwrap().unwrap();
    assert_eq!(kept.list(Filter::default()), [""; 0]);
    assert_eq!(kept.overview()["totals"]["traces"], 0);
    assert_eq!(kept.store().counts(), (0, 0, 0));
    kept.keep(vec![workflow("t", "1", 0), span("t", "2", Some("1"), 1)]);
    assert_eq!(kept.trace("t")["trace"]["spans"], 2);
    assert_eq!(kept.list(by(|it| it.model = Some("m".to_owned()))), ["t"]);
    kept.soon(|kept| kept.list(by(|it| it.text = Some("question".to_owned()))) == ["t"]);
}

#[test]
fn traces_past_their_age_are_deleted_with_all_that_belongs_to_them() {
    let kept = Temporary::keeping("2s".parse().unwrap());
    let mut old = workflow("old", "1", 0);
    old.session_id = Some("s".to_owned());
    old.tags = vec!["only:old".to_owned()];
    old.feedback_join_key = Some("k".to_owned());
    kept.keep(vec![old, span("old", "2", Some("1"), 1)]);
    let about = Evaluation { trace_id: Some("old".to_owned()), ..evaluation("e") };
    kept.keep_all(Decoded { evaluations: vec![about], ..Decoded::default() });
    kept.soon(|kept| kept.list(Filter::default()).is_empty());
    let count = |sql: &str| {
        kept.store().read(|it| it.query_row(sql, [], |row| row.get::<_, i64>(0))).unwrap()
    };
    for table in [
        "spans",
        "bodies",
        "tags",
        "trace_tags",
        "traffic",
        "operations",
        "sessions",
        "evaluations",
        "search",
    ] {
        assert_eq!(count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    assert_eq!(count("SELECT value FROM numbers WHERE name = 'deleted_spans'"), 2);
    assert_eq!(kept.store().counts().0, 0);
}

#[test]
fn a_store_that_is_too_big_loses_the_oldest_and_its_file_shrinks() {
    let kept = Temporary::keeping("3MB".parse().unwrap());
    for number in 0..400_i64 {
        let mut big = workflow(&format!("t{number:03}"), "1", number);
        // Text that does not compress.
        let noise: String = (0..1_000)
            .map(|i| {
                format!("{:x}", (i * 7919 + number) ^ 0x5bd1_e995_i64.wrapping_mul(i + number * 31))
            })
            .collect();
        big.meta = json!({"input": {"value": noise}});
        kept.keep(vec![big]);
    }
    kept.soon(|kept| {
        let used = kept.store().read(retention::used_bytes).unwrap();
        used <= 3_000_000 && kept.store().bytes() < 80_000_000
    });
    let left = kept.list(by(|it| it.limit = 500));
    assert_eq!(left.first().unwrap(), "t399");
    assert!(left.len() > 20 && left.len() < 400, "{}", left.len());
    // No hole: what is left are the newest.
    assert_eq!(left.last().unwrap(), &format!("t{:03}", 400 - left.len()));
    kept.soon(|kept| fs::metadata(kept.directory.join(FILE)).unwrap().len() < 4_500_000);
}
