//! The overview of a range of time: traffic, errors, latency, tokens and cost, from the rollups.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::columns::ms;
use super::facets::minutes;
use crate::store::aggregate::{Aggregate, Durations};
use crate::store::clock::now_ns;
use crate::store::rollups::ranges;
use crate::store::summary::MINUTE;

/// The length of each ranking.
const RANKS: usize = 10;
/// The most buckets of a chart.
const BUCKETS: i64 = 500;

#[derive(Serialize)]
struct Bucket {
    t_ms: f64,
    traces: i64,
    errors: i64,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    input_tokens: f64,
    output_tokens: f64,
    cost: f64,
}

#[derive(Serialize)]
struct Model {
    model: String,
    calls: i64,
    errors: i64,
    input_tokens: f64,
    output_tokens: f64,
    cost: f64,
}

#[derive(Serialize)]
struct App {
    app: String,
    traces: i64,
    errors: i64,
    tokens: f64,
    cost: f64,
}

#[derive(Serialize)]
struct Slow {
    name: String,
    kind: String,
    count: i64,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
}

#[derive(Serialize)]
struct Failing {
    name: String,
    kind: String,
    count: i64,
    errors: i64,
    rate: f64,
}

#[derive(Serialize)]
struct Totals {
    traces: i64,
    errors: i64,
    tokens: f64,
    cost: f64,
    spans: i64,
}

/// The data of the overview. Times are rounded down to whole minutes.
#[derive(Serialize)]
pub(crate) struct Overview {
    from_ms: f64,
    to_ms: f64,
    bucket_ms: f64,
    buckets: Vec<Bucket>,
    by_model: Vec<Model>,
    by_app: Vec<App>,
    slowest: Vec<Slow>,
    failing: Vec<Failing>,
    totals: Totals,
}

fn aggregate(row: &Row<'_>, count: &str, total: bool) -> rusqlite::Result<Aggregate> {
    Ok(Aggregate {
        count: row.get(count)?,
        errors: row.get("errors")?,
        input_tokens: row.get("input_tokens")?,
        output_tokens: row.get("output_tokens")?,
        total_tokens: if total { row.get("total_tokens")? } else { 0.0 },
        cost: row.get("cost")?,
        durations: Durations::from_bytes(row.get_ref("durations")?.as_blob()?),
    })
}

/// The overview between two times, in ms since the Unix epoch, of one app or of all.
pub(crate) fn overview(
    connection: &Connection,
    from: Option<f64>,
    to: Option<f64>,
    app: Option<&str>,
    buckets: i64,
) -> rusqlite::Result<Overview> {
    let asked = minutes(from, to);
    let (mut first, mut last) = asked;
    // An open end is replaced by the first or last minute that has traffic.
    let (oldest, newest): (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(minute), max(minute) FROM traffic WHERE minute BETWEEN ?1 AND ?2",
        )?
        .query_row([first, last], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let now = now_ns().div_euclid(MINUTE);
    if from.is_none() {
        first = oldest.unwrap_or(if to.is_none() { now } else { last });
    }
    if to.is_none() {
        last = newest.unwrap_or(now).max(first);
    }
    last = last.max(first);
    let buckets = buckets.clamp(1, BUCKETS);
    let mut width = (last.saturating_sub(first) / buckets).saturating_add(1);
    // Buckets of an hour or more are whole hours, which have rollups of their own.
    if width >= 60 {
        width = width.saturating_add(59) / 60 * 60;
        first -= first.rem_euclid(60);
    }
    let span = last.saturating_sub(first).saturating_add(1);

    let begin = first;
    let mut series = BTreeMap::<i64, Aggregate>::new();
    let mut apps = HashMap::<String, Aggregate>::new();
    let mut all = Aggregate::default();
    let mut statement = connection.prepare_cached(
        "SELECT * FROM traffic WHERE grain = ?1 AND minute BETWEEN ?2 AND ?3
             AND (?4 IS NULL OR app = ?4)",
    )?;
    for (grain, first, last) in
        if width < 60 { vec![(1, first, last)] } else { ranges(first, last) }
    {
        let mut rows = statement.query(params![grain, first, last, app])?;
        while let Some(row) = rows.next()? {
            let aggregate = aggregate(row, "traces", true)?;
            let bucket = (row.get::<_, i64>("minute")? - begin) / width;
            series.entry(bucket).or_default().merge(&aggregate);
            apps.entry(row.get("app")?).or_default().merge(&aggregate);
            all.merge(&aggregate);
        }
    }

    let mut models = HashMap::<String, Aggregate>::new();
    let mut operations = HashMap::<(String, String), Aggregate>::new();
    let mut spans = 0_i64;
    let mut statement = connection.prepare_cached(
        "SELECT * FROM operations WHERE grain = ?1 AND minute BETWEEN ?2 AND ?3
             AND (?4 IS NULL OR app = ?4)",
    )?;
    // With an open end, this includes spans that began long before or after their trace.
    for (grain, first, last) in ranges(begin.min(asked.0), last.max(asked.1)) {
        let mut rows = statement.query(params![grain, first, last, app])?;
        while let Some(row) = rows.next()? {
            let aggregate = aggregate(row, "calls", false)?;
            spans = spans.saturating_add(aggregate.count);
            let model: String = row.get("model")?;
            if !model.is_empty() {
                models.entry(model).or_default().merge(&aggregate);
            }
            operations.entry((row.get("name")?, row.get("kind")?)).or_default().merge(&aggregate);
        }
    }
    operations.retain(|_, aggregate| aggregate.count > 0);

    let buckets = (0..(span + width - 1) / width).map(|bucket| {
        let empty = Aggregate::default();
        let aggregate = series.get(&bucket).unwrap_or(&empty);
        Bucket {
            t_ms: ms((first + bucket * width).saturating_mul(MINUTE)),
            traces: aggregate.count,
            errors: aggregate.errors,
            p50_ms: aggregate.durations.percentile_ms(0.5),
            p95_ms: aggregate.durations.percentile_ms(0.95),
            p99_ms: aggregate.durations.percentile_ms(0.99),
            input_tokens: aggregate.input_tokens,
            output_tokens: aggregate.output_tokens,
            cost: aggregate.cost,
        }
    });
    Ok(Overview {
        from_ms: ms(first.saturating_mul(MINUTE)),
        to_ms: ms(last.saturating_add(1).saturating_mul(MINUTE)),
        bucket_ms: ms(width.saturating_mul(MINUTE)),
        buckets: buckets.collect(),
        by_model: by_model(models),
        by_app: by_app(apps),
        slowest: slowest(&operations),
        failing: failing(&operations),
        totals: Totals {
            traces: all.count,
            errors: all.errors,
            tokens: all.total_tokens,
            cost: all.cost,
            spans,
        },
    })
}

fn by_model(models: HashMap<String, Aggregate>) -> Vec<Model> {
    let mut list: Vec<Model> = models
        .into_iter()
        .filter(|(_, aggregate)| aggregate.count > 0)
        .map(|(model, aggregate)| Model {
            model,
            calls: aggregate.count,
            errors: aggregate.errors,
            input_tokens: aggregate.input_tokens,
            output_tokens: aggregate.output_tokens,
            cost: aggregate.cost,
        })
        .collect();
    list.sort_by(|one, other| (other.calls, &one.model).cmp(&(one.calls, &other.model)));
    list.truncate(2 * RANKS);
    list
}

fn by_app(apps: HashMap<String, Aggregate>) -> Vec<App> {
    let mut list: Vec<App> = apps
        .into_iter()
        .filter(|(_, aggregate)| aggregate.count > 0)
        .map(|(app, aggregate)| App {
            app,
            traces: aggregate.count,
            errors: aggregate.errors,
            tokens: aggregate.total_tokens,
            cost: aggregate.cost,
        })
        .collect();
    list.sort_by(|one, other| (other.traces, &one.app).cmp(&(one.traces, &other.app)));
    list.truncate(2 * RANKS);
    list
}

fn slowest(operations: &HashMap<(String, String), Aggregate>) -> Vec<Slow> {
    let mut list: Vec<Slow> = operations
        .iter()
        .map(|((name, kind), aggregate)| Slow {
            name: name.clone(),
            kind: kind.clone(),
            count: aggregate.count,
            p50_ms: aggregate.durations.percentile_ms(0.5),
            p95_ms: aggregate.durations.percentile_ms(0.95),
        })
        .collect();
    let slowness = |slow: &Slow| slow.p95_ms.unwrap_or_default();
    list.sort_by(|one, other| {
        slowness(other).total_cmp(&slowness(one)).then_with(|| one.name.cmp(&other.name))
    });
    list.truncate(RANKS);
    list
}

fn failing(operations: &HashMap<(String, String), Aggregate>) -> Vec<Failing> {
    let mut list: Vec<Failing> = operations
        .iter()
        .filter(|(_, aggregate)| aggregate.errors > 0)
        .map(|((name, kind), aggregate)| Failing {
            name: name.clone(),
            kind: kind.clone(),
            count: aggregate.count,
            errors: aggregate.errors,
            rate: aggregate.errors as f64 / aggregate.count as f64,
        })
        .collect();
    list.sort_by(|one, other| (other.errors, &one.name).cmp(&(one.errors, &other.name)));
    list.truncate(RANKS);
    list
}
