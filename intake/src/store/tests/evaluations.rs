//! Evaluations: how they are joined to spans, and how they are paged by trace, span and session.

use super::read::EvaluationPage;
use super::*;

/// Reads every page that `ask` gives: the labels of all pages in order of time, and the size of each page.
fn all_pages(ask: impl Fn(&EvaluationPage) -> Value, limit: usize) -> (Vec<String>, Vec<usize>) {
    let (mut labels, mut pages) = (Vec::new(), Vec::new());
    let mut page = EvaluationPage { limit, ..EvaluationPage::first() };
    loop {
        let answer = ask(&page);
        let these = answer["evaluations"].as_array().unwrap().iter();
        let these: Vec<String> = these.map(|it| it["label"].as_str().unwrap().into()).collect();
        pages.push(these.len());
        labels.splice(0..0, these);
        page.after = answer["evaluations_next"].as_str().map(str::to_owned);
        if page.after.is_none() {
            assert_eq!(answer["evaluations_total"], labels.len());
            return (labels, pages);
        }
    }
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
    // witspan's feedback names a span but no trace.
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
    let mut found: Vec<(String, String)> = whole["evaluations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["id"].as_str().unwrap().into(), it["span_id"].as_str().unwrap().into()))
        .collect();
    found.sort();
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
    assert_eq!(found, expected.map(|(id, span)| (id.to_owned(), span.to_owned())));
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

#[test]
fn every_evaluation_of_a_trace_a_span_and_a_session_is_on_one_page_and_each_says_how_many() {
    let kept = Temporary::new();
    let hex = format!("{:032x}", 255);
    let mut root = workflow(&hex, "000000000000000a", 0);
    root.session_id = Some("chat".to_owned());
    kept.keep(vec![root, span(&hex, "11", Some("000000000000000a"), 1)]);
    // Alternating spellings of ids, and pairs with equal timestamps.
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
    let of_trace = |trace_level_only: bool| {
        move |page: &EvaluationPage| {
            let ask = |it: &Connection| read::trace_evaluations(it, "255", trace_level_only, page);
            serde_json::to_value(store.read(ask).unwrap()).unwrap()
        }
    };
    assert_eq!(all_pages(of_trace(false), 1_000), (labels(&|_| true), vec![1_000, 1_000, 400]));
    assert_eq!(all_pages(of_trace(false), 1_200).1, [1_200, 1_200]);
    // The evaluations of the trace, and of a span that the trace does not have.
    let trace_level_only = labels(&|it| it < 8 || it % 4 == 3);
    assert_eq!(all_pages(of_trace(true), 500), (trace_level_only, vec![500, 106]));
    for spelling in ["10", "000000000000000a"] {
        let of_span = |page: &EvaluationPage| {
            let ask = |it: &Connection| read::span_evaluations(it, &hex, spelling, page);
            serde_json::to_value(store.read(ask).unwrap()).unwrap()
        };
        let expected = labels(&|it| it >= 8 && it % 4 < 2);
        assert_eq!(all_pages(of_span, 1_000), (expected, vec![1_000, 196]));
    }
    let of_session = |page: &EvaluationPage| {
        let ask = |it: &Connection| read::session_evaluations(it, "chat", page);
        serde_json::to_value(store.read(ask).unwrap()).unwrap()
    };
    assert_eq!(all_pages(of_session, 1_000), (labels(&|it| it % 2 == 0), vec![1_000, 200]));

    // A trace, a span and a session come with their newest evaluations and the total.
    let whole = kept.trace(&hex);
    let span = store.read(|it| read::span(it, &hex, "10")).unwrap();
    let session = store.read(|it| read::session(it, "chat")).unwrap();
    let span = serde_json::to_value(span).unwrap();
    for (answer, newest, total) in [
        (&whole, "2399", 2_400),
        (&span, "2397", 1_196),
        (&serde_json::to_value(session).unwrap(), "2398", 1_200),
    ] {
        assert_eq!(answer["evaluations"].as_array().map(Vec::len), Some(1_000));
        assert_eq!(answer["evaluations"][999]["label"], newest);
        assert_eq!(answer["evaluations_total"], total);
        assert!(answer["evaluations_next"].is_string());
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
    let (labels, pages) = all_pages(ask, 1_000);
    assert_eq!((labels.concat(), pages), ("012".to_owned(), vec![2, 1]));
}

#[test]
fn evaluations_of_one_span_are_found_by_an_index_in_old_databases_too() {
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
    let layout = [include_str!("../schema.sql"), include_str!("../forward_queue.sql")].join("\n");
    connection.execute_batch(&format!("{layout} PRAGMA user_version = 2;")).unwrap();
    drop(connection);
    let store = Some(Store::open(&directory, Retention::default(), None).unwrap());
    let mut old = Temporary { store, directory };
    assert!(plan(old.store()).contains("COVERING INDEX evaluations_by_span"));
    old.reopen();
    old.keep(vec![workflow("t", "1", 0)]);
    assert_eq!(old.trace("t")["evaluations_total"], 0);
}
