//! The files: reopened, locked, cleared, and kept small by retention.

use super::*;

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
fn evaluations_of_deleted_or_missing_traces_are_deleted_too() {
    let kept = Temporary::keeping("2s".parse().unwrap());
    let hex = format!("{:032x}", 255);
    kept.keep(vec![workflow(&hex, "1", 0)]);
    let about = |trace: &str| Evaluation {
        trace_id: Some(trace.to_owned()),
        timestamp_ms: now_ns() / 1_000_000,
        ..evaluation(trace)
    };
    let evaluations = ["255", "never", &hex].map(about).to_vec();
    kept.keep_all(Decoded { evaluations, ..Decoded::default() });
    assert_eq!(kept.trace(&hex)["evaluations_total"], 2);
    let ask = |it: &Connection| {
        it.query_row("SELECT count(*) FROM evaluations", [], |row| row.get::<_, i64>(0))
    };
    kept.soon(|kept| kept.store().read(ask).unwrap() == 0);
}

#[test]
fn a_store_that_is_too_big_with_evaluations_alone_loses_the_oldest() {
    let kept = Temporary::keeping("3MB".parse().unwrap());
    for number in 0..6_i64 {
        let many = (0..1_000).map(|at| Evaluation {
            trace_id: Some("never".to_owned()),
            reasoning: Some("word ".repeat(200)),
            timestamp_ms: number * 1_000 + at,
            ..evaluation(&format!("{number} {at}"))
        });
        kept.keep_all(Decoded { evaluations: many.collect(), ..Decoded::default() });
    }
    kept.soon(|kept| kept.store().read(retention::used_bytes).unwrap() <= 3_000_000);
    let ask = |it: &Connection| {
        it.query_row("SELECT max(timestamp_ms) FROM evaluations", [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(kept.store().read(ask).unwrap(), 5_999);
}

#[test]
fn a_store_that_is_too_big_loses_the_oldest_and_its_file_shrinks() {
    let kept = Temporary::keeping("3MB".parse().unwrap());
    for number in 0..400_i64 {
        let mut big = workflow(&format!("t{number:03}"), "1", number);
        // Incompressible text.
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
    // Without gaps: exactly the newest traces are left.
    assert_eq!(left.last().unwrap(), &format!("t{:03}", 400 - left.len()));
    kept.soon(|kept| fs::metadata(kept.directory.join(FILE)).unwrap().len() < 4_500_000);
}
