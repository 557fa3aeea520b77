//! Traces and their spans: whole, in pages, and upserted when spans are sent again.

use super::*;

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
    // Pairs with equal starts, so that an order by start alone would be ambiguous.
    let ids: Vec<String> = (0..25).map(|number| format!("s{number:02}")).collect();
    kept.keep(ids.iter().enumerate().map(|(at, id)| span("t", id, None, at as i64 / 2)).collect());
    kept.keep(vec![span("other", "x", None, 3)]);
    for lean in [false, true] {
        let pages = kept.span_pages("t", lean, 10);
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(pages.concat(), ids);
        assert_eq!(kept.span_pages("t", lean, 25), std::slice::from_ref(&ids));
    }
    // Evaluations are on the first page only.
    let about = Evaluation { trace_id: Some("t".to_owned()), ..evaluation("e") };
    kept.keep_all(Decoded { evaluations: vec![about], ..Decoded::default() });
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
    // The rollups have moved to the new root as well.
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
