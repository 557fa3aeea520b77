//! The store as its users see it: stored, filtered, counted, and deleted by retention.

mod evaluations;
mod files;
mod lists;
mod rollups;
mod traces;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::read::{self, Filter, SpanPage};
use super::*;
use crate::model::{DropReport, Evaluation, Kind, Lost, Scope, Source, Span, Status};

/// A store in a temporary directory.
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

    /// The ids of the traces that match the filter, in order.
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

    /// The span ids on each page of a trace. Checks the total of every page.
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

    /// Waits until a condition holds; spans become searchable a moment after they are stored.
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

/// An llm span; `start` is in s after a fixed time.
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
