//! Lists: order, filters, full-text search, pages, and sessions.

use super::*;

#[test]
fn the_list_is_newest_first_and_goes_on_where_a_page_ended() {
    let kept = Temporary::new();
    for number in 0..7 {
        // Pairs start at the same time.
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
    // More than one indexing step takes, so the first answers come before indexing ends.
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
