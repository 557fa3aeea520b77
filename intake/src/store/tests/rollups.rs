//! Rollups and the drops that tracers report: sums, and counts that stop at the largest integer.

use super::*;

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
fn counts_end_at_the_largest_integer_wherever_they_are_summed() {
    let kept = Temporary::new();
    kept.keep(vec![workflow("t", "1", 0)]);
    // Like a database whose counters have reached their maximum.
    let most = i64::MAX;
    let database = Connection::open(kept.directory.join(FILE)).unwrap();
    database
        .execute_batch(&format!(
            "UPDATE traffic SET traces = {most}, errors = {most};
             UPDATE operations SET calls = {most}, errors = {most};
             UPDATE sessions SET traces = {most}, errors = {most};
             UPDATE tags SET traces = {most}"
        ))
        .unwrap();
    kept.keep(vec![failed(workflow("u", "1", 0)), failed(span("u", "2", Some("1"), 0))]);
    for reason in ["queue_full", "queue_full"] {
        let report = DropReport {
            client: "c".to_owned(),
            ml_app: None,
            language: None,
            at_ms: 1,
            what: Lost::Spans,
            counts: vec![(reason.to_owned(), u64::MAX)],
            delta: true,
        };
        kept.keep_all(Decoded { drops: vec![report], ..Decoded::default() });
    }
    assert_eq!(kept.list(by(|_| {})).len(), 2);
    assert!(kept.overview()["totals"]["spans"].as_i64().unwrap() > 0);
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
    // A range that begins and ends within an hour, in few and in many buckets.
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
