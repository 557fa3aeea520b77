//! `witspan show TRACE`.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::client::Filters;
use super::source::{From, Source};
use super::tree::{self, Detail};
use crate::terminal::{Paint, Screen, note};

/// The newest traces among which the beginning of an id is looked for.
const LOOKED_THROUGH: usize = 5_000;
const PAGE: usize = 500;

/// The options of `show`.
#[derive(Args)]
pub(crate) struct Options {
    /// The trace's id or its beginning; `last` for the newest
    trace: String,
    /// Print inputs and outputs in full, not only the beginning
    #[arg(long)]
    full: bool,
    /// Print the tree alone
    #[arg(long, conflicts_with = "full")]
    brief: bool,
    /// Print the trace as JSON
    #[arg(long)]
    json: bool,
    /// Print every span of a trace that has more than 20,000, or very long ones, and with `--json` every
    /// evaluation
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    from: From,
}

/// Prints the trace.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let source = Source::open(&options.from)?;
    let lean = options.brief && !options.json;
    let mut whole = match source.trace(&options.trace, lean, None)? {
        Some(whole) => whole,
        None => {
            let id = find(&source, &options.trace)?;
            source.trace(&id, lean, None)?.ok_or_else(|| format!("the trace {id} is gone"))?
        }
    };
    if options.all {
        add_all(&mut whole, &source, lean)?;
        add_evaluations(&mut whole, &source)?;
    }
    let mut out = Screen::new(Paint::detect());
    if options.json {
        let left = [tree::left_out(&whole), left_unsaid(&whole)];
        for left in left.into_iter().flatten() {
            note!("witspan show: {left}");
        }
        out.json(&format!("{whole:#}"));
    } else {
        let detail = match (options.full, options.brief) {
            (true, _) => Detail::Everything,
            (_, true) => Detail::Line,
            _ => Detail::Content,
        };
        tree::draw(&mut out, &whole, detail);
    }
    out.print()?;
    Ok(ExitCode::SUCCESS)
}

/// Adds the spans of all later pages to the first one.
fn add_all(whole: &mut Value, source: &Source, lean: bool) -> Result<(), String> {
    let id = whole["trace"]["trace_id"].as_str().unwrap_or_default().to_owned();
    while let Some(after) = whole["next"].as_str().map(str::to_owned) {
        let page = source.trace(&id, lean, Some(&after))?;
        let mut page = page.ok_or_else(|| format!("the trace {id} is gone"))?;
        let more = page["spans"].as_array_mut().map(std::mem::take).unwrap_or_default();
        if let Some(spans) = whole["spans"].as_array_mut() {
            spans.extend(more);
        }
        whole["next"] = page["next"].take();
        whole["total"] = page["total"].take();
    }
    Ok(())
}

/// Adds the older evaluations to the newest ones.
fn add_evaluations(whole: &mut Value, source: &Source) -> Result<(), String> {
    let id = whole["trace"]["trace_id"].as_str().unwrap_or_default().to_owned();
    // Pages go back in time, so they are put together from their end.
    let mut pages = vec![whole["evaluations"].take()];
    while let Some(after) = whole["evaluations_next"].as_str().map(str::to_owned) {
        let page = source.evaluations(&id, &after)?;
        let mut page = page.ok_or_else(|| format!("the trace {id} is gone"))?;
        pages.push(page["evaluations"].take());
        whole["evaluations_next"] = page["evaluations_next"].take();
        whole["evaluations_total"] = page["evaluations_total"].take();
    }
    let all = pages.into_iter().rev().filter_map(|page| match page {
        Value::Array(page) => Some(page),
        _ => None,
    });
    whole["evaluations"] = all.flatten().collect();
    Ok(())
}

/// A note that older evaluations are missing; `None` if they are all there.
fn left_unsaid(whole: &Value) -> Option<String> {
    let shown = whole["evaluations"].as_array().map_or(0, Vec::len) as u64;
    let total = whole["evaluations_total"].as_u64().filter(|total| *total > shown)?;
    let id = tree::to_type(&whole["trace"]["trace_id"]);
    let these = match shown {
        1 => "this is the newest".to_owned(),
        _ => format!("these are the newest {shown}"),
    };
    Some(format!(
        "{these} of {total} evaluations; `witspan show {id} --json --all` prints every one"
    ))
}

/// The one trace whose id begins so.
fn find(source: &Source, begin: &str) -> Result<String, String> {
    let mut found: Vec<String> = Vec::new();
    let mut before: Option<String> = None;
    let mut seen = 0;
    while seen < LOOKED_THROUGH {
        let page = source.traces(&Filters::default(), before.as_deref(), PAGE)?;
        let traces = page["traces"].as_array().map(Vec::as_slice).unwrap_or_default();
        for id in traces.iter().filter_map(|trace| trace["trace_id"].as_str()) {
            if begin == "last" {
                return Ok(id.to_owned());
            }
            if id.starts_with(begin) && !found.iter().any(|known| known == id) {
                found.push(id.to_owned());
            }
        }
        seen += traces.len();
        before = page["next"].as_str().map(str::to_owned).or_else(|| cursor(&page["next"]));
        if before.is_none() || traces.is_empty() {
            break;
        }
    }
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let all =
                if before.is_some() { format!(" among the newest {seen}") } else { String::new() };
            Err(format!("no trace begins with `{begin}`{all} at {}", source.name()))
        }
        several => {
            let some = several.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            Err(format!(
                "{} traces begin with `{begin}`, pass a longer prefix: {some}",
                several.len()
            ))
        }
    }
}

fn cursor(next: &Value) -> Option<String> {
    next.as_i64().map(|number| number.to_string())
}

/// An id as a part of a path.
pub(crate) fn encoded(id: &str) -> String {
    let mut out = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
