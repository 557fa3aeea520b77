//! `witspan tail`: prints each trace as a tree once its root has arrived and no more spans follow.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use super::client::{At, Client, Filters};
use super::show::encoded;
use super::tree::{self, Detail};
use crate::terminal::{Paint, Screen, note};
use crate::words::plural;

/// How long a trace that has its root waits for more spans before it is printed.
const QUIET: Duration = Duration::from_millis(500);
/// How long any other trace waits before it is printed.
const PATIENCE: Duration = Duration::from_secs(10);
/// Traces that are waited for at a time; above that the oldest is printed.
const WAITING: usize = 1_000;
/// Traces remembered as printed, so that late spans print what is new.
const REMEMBERED: usize = 10_000;

/// The options of `tail`.
#[derive(Args)]
pub(crate) struct Options {
    /// Also print the beginning of each input and output
    #[arg(long, short)]
    content: bool,
    /// End after this many traces
    #[arg(long, short = 'n', value_name = "TRACES")]
    count: Option<usize>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    at: At,
}

struct Waiting {
    first: Instant,
    last: Instant,
    summary: Value,
}

/// Follows until it is stopped, the intake ends, or `--count` traces were printed.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let client = Client::new(&options.at);
    let news = follow(&client)?;
    note!("witspan tail: waiting for traces at {}", client.shown());
    let detail = if options.content { Detail::Content } else { Detail::Line };
    let paint = Paint::detect();
    let mut waiting: HashMap<String, Waiting> = HashMap::new();
    let mut printed: HashMap<String, u64> = HashMap::new();
    let mut count = 0;
    loop {
        let ended = match news.recv_timeout(QUIET / 4) {
            Ok(News::Trace(summary)) => {
                note(&mut waiting, summary, options);
                false
            }
            Ok(News::Gap) => {
                note!(
                    "witspan tail: traces arrived faster than they can be shown; some are skipped"
                );
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        let full = waiting.len() > WAITING;
        let mut ready: Vec<(Instant, String)> = waiting
            .iter()
            .filter(|(_, each)| ended || full || is_ready(each))
            .map(|(id, each)| (each.first, id.clone()))
            .collect();
        ready.sort();
        for (_, id) in ready {
            waiting.remove(&id);
            let lean = [("lean", if options.content { "0" } else { "1" })];
            let Some(whole) = client.get(&format!("/api/ui/traces/{}", encoded(&id)), &lean)?
            else {
                continue;
            };
            let spans = whole["trace"]["spans"].as_u64().unwrap_or_default();
            let before = printed.insert(id, spans);
            if before == Some(spans) {
                continue;
            }
            if printed.len() > REMEMBERED {
                printed.clear();
            }
            let mut out = Screen::new(paint);
            if let Some(before) = before {
                let late = spans.saturating_sub(before);
                out.put(format_args!("updated, {}:", plural(late, "more span")));
                out.end();
            } else {
                count += 1;
            }
            tree::draw(&mut out, &whole, detail);
            out.end();
            out.print()?;
            if options.count.is_some_and(|wanted| count >= wanted) {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if ended {
            return Err(format!("the intake at {} has ended", client.shown()));
        }
    }
}

fn note(waiting: &mut HashMap<String, Waiting>, summary: Value, options: &Options) {
    let Some(id) = summary["trace_id"].as_str().map(str::to_owned) else { return };
    if !options.filters.take(&summary) {
        return;
    }
    let now = Instant::now();
    let each = waiting.entry(id).or_insert(Waiting { first: now, last: now, summary: Value::Null });
    each.last = now;
    each.summary = summary;
}

fn is_ready(waiting: &Waiting) -> bool {
    let rooted = waiting.summary["root_span_id"].as_str().is_some_and(|id| !id.is_empty());
    (rooted && waiting.last.elapsed() >= QUIET) || waiting.first.elapsed() >= PATIENCE
}

enum News {
    Trace(Value),
    Gap,
}

/// Reads the live list on a thread of its own.
fn follow(client: &Client) -> Result<Receiver<News>, String> {
    let lines = client.lines("/api/ui/live")?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut event = String::new();
        for line in lines {
            let news = if let Some(name) = line.strip_prefix("event:") {
                event = name.trim().to_owned();
                if event != "gap" {
                    continue;
                }
                News::Gap
            } else if let Some(data) = line.strip_prefix("data:").filter(|_| event == "trace") {
                match serde_json::from_str(data) {
                    Ok(summary) => News::Trace(summary),
                    Err(_) => continue,
                }
            } else {
                continue;
            };
            if sender.send(news).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
