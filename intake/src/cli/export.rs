//! `witspan export`: spans out of the intake, for other programs.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::client::Filters;
use super::source::{From, Source as Traces};
use crate::encode;
use crate::model::{Kind, Source, Span, Status};
use crate::terminal::{Lines, note};
use crate::words::plural;

/// Traces that are asked for at a time.
const PAGE: usize = 200;

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One span per line, as the documented HTTP API accepts it
    Jsonl,
    /// One OTLP request in JSON per line, as `/v1/traces` accepts it: one line for each trace, or for each
    /// 20,000 spans of a longer one
    Otlp,
}

/// The options of `export`.
#[derive(Args)]
pub(crate) struct Options {
    /// How spans are written
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    /// Write to this file rather than to standard output
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// At most this many traces, the newest ones
    #[arg(long, short = 'n', value_name = "TRACES")]
    count: Option<usize>,
    /// Only this trace; may be given more than once
    #[arg(long)]
    trace: Vec<String>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    from: From,
}

/// Writes the spans, and prints their number to standard error.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let source = Traces::open(&options.from)?;
    let mut out = match &options.output {
        None => Lines::stdout(),
        Some(path) => Lines::file(path)?,
    };
    let (mut traces, mut spans, mut said, mut unsearched) = (0_u64, 0_usize, 0_u64, 0_u64);
    let mut one = |id: &str| -> Result<bool, String> {
        let mut after: Option<String> = None;
        loop {
            let page = source.trace(id, false, after.as_deref())?;
            let Some(page) = page else { return Ok(after.is_some()) };
            let of = page["spans"].as_array().into_iter().flatten();
            let of: Vec<Span> = of.map(|each| span(id, each)).collect();
            write(&mut out, options.format, &of)?;
            if after.is_none() {
                traces += 1;
                said += page["evaluations_total"].as_u64().unwrap_or_default();
            }
            spans += of.len();
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() {
                return Ok(true);
            }
        }
    };
    for id in &options.trace {
        if !one(id)? {
            return Err(format!("there is no trace {id} at {}", source.name()));
        }
    }
    if options.trace.is_empty() {
        let mut left = options.count.unwrap_or(usize::MAX);
        let mut before: Option<String> = None;
        while left > 0 {
            let page = source.traces(&options.filters, before.as_deref(), PAGE)?;
            for trace in page["traces"].as_array().into_iter().flatten().take(left) {
                one(trace["trace_id"].as_str().unwrap_or_default())?;
                left -= 1;
            }
            unsearched = unsearched.max(page["unsearched_spans"].as_u64().unwrap_or_default());
            before = match &page["next"] {
                Value::Null => break,
                Value::String(cursor) => Some(cursor.clone()),
                other => Some(other.to_string()),
            };
        }
    }
    out.end()?;
    note!("witspan export: {} of {}", plural(spans, "span"), plural(traces, "trace"));
    if said > 0 {
        note!(
            "witspan export: it has only spans, without {} of these traces; `witspan show TRACE \
             --json --all` prints those of a trace",
            plural(said, "evaluation")
        );
    }
    if unsearched > 0 {
        let (were, them) = if unsearched == 1 { ("was", "it") } else { ("were", "them") };
        note!(
            "witspan export: {} {were} not indexed for search yet; run it again to include {them}",
            plural(unsearched, "new span")
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn write(out: &mut Lines, format: Format, spans: &[Span]) -> Result<(), String> {
    match format {
        Format::Jsonl => {
            for span in spans {
                out.json(&encode::public(span).to_string())?;
            }
            Ok(())
        }
        Format::Otlp => {
            let text = serde_json::to_string(&encode::otlp(spans));
            out.json(&text.map_err(|error| format!("cannot write: {error}"))?)
        }
    }
}

/// A span from what the intake shows of it. Times come back to within a microsecond.
fn span(trace_id: &str, shown: &Value) -> Span {
    let text = |name: &str| shown[name].as_str().map(str::to_owned);
    let ns = |name: &str| (shown[name].as_f64().unwrap_or_default() * 1e6).round() as i64;
    let mut meta = serde_json::Map::new();
    for name in ["input", "output", "metadata", "error", "tool_definitions", "links"] {
        if !shown[name].is_null() {
            meta.insert(name.to_owned(), shown[name].clone());
        }
    }
    let tags = shown["tags"].as_array().into_iter().flatten();
    let metrics = shown["metrics"].as_object().into_iter().flatten();
    Span {
        trace_id: trace_id.to_owned(),
        span_id: text("span_id").unwrap_or_default(),
        parent_id: text("parent_id"),
        name: text("name").unwrap_or_default(),
        kind: Kind::named(shown["kind"].as_str().unwrap_or_default()),
        start_ns: ns("start_ms"),
        duration_ns: ns("duration_ms"),
        status: if shown["status"] == "error" { Status::Error } else { Status::Ok },
        ml_app: text("app").unwrap_or_default(),
        service: text("service"),
        env: text("env"),
        version: text("version"),
        session_id: text("session"),
        model: text("model"),
        provider: text("provider"),
        language: text("language"),
        feedback_join_key: None,
        tags: tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
        metrics: metrics
            .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
            .collect(),
        meta: Value::Object(meta),
        source: Source::Public,
        raw: String::new(),
    }
}
