//! A trace as a tree of text, one line for each span.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use witspan_text::Shown;

use crate::terminal::Screen;
use crate::words::plural;

/// The deepest level that is indented; deeper spans stand below it.
const DEEPEST: usize = 40;
/// How wide a line of content is, and how many lines each side has, unless all is asked for.
const WIDTH: usize = 120;
const LINES: usize = 6;

/// How much of each span is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// One line.
    Line,
    /// With the beginning of input and output.
    Content,
    /// With input and output in full.
    Everything,
}

/// Draws the trace as `GET /api/ui/traces/{id}` gives it.
pub(crate) fn draw(out: &mut Screen, whole: &Value, detail: Detail) {
    let trace = &whole["trace"];
    let spans: Vec<&Value> = whole["spans"].as_array().into_iter().flatten().collect();
    head(out, trace);
    let ids: HashSet<&str> = spans.iter().filter_map(|span| span["span_id"].as_str()).collect();
    let mut children: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        match span["parent_id"].as_str().filter(|parent| ids.contains(parent)) {
            // A span that is its own parent would never be reached.
            Some(parent) if Some(parent) != span["span_id"].as_str() => {
                children.entry(parent).or_default().push(number);
            }
            _ => tops.push(number),
        }
    }
    let begin = trace["start_ms"].as_f64().unwrap_or_default();
    let width = width(&spans);
    let mut seen = HashSet::new();
    // A stack, not recursion: the application chooses how deep a trace is.
    let mut stack: Vec<(usize, String, bool, usize)> =
        tops.iter().rev().map(|top| (*top, String::new(), true, 0)).collect();
    while let Some((number, above, last, depth)) = stack.pop() {
        if !seen.insert(number) {
            continue;
        }
        let span = spans[number];
        let branch = match (depth, last) {
            (0, _) => "",
            (_, true) => "└─ ",
            (_, false) => "├─ ",
        };
        line(out, span, &format!("{above}{branch}"), begin, width);
        let inner = match (depth, last) {
            (0, _) => String::new(),
            _ if depth > DEEPEST => above.clone(),
            (_, true) => format!("{above}   "),
            (_, false) => format!("{above}│  "),
        };
        let below = children.get(span["span_id"].as_str().unwrap_or_default());
        let below = below.map(Vec::as_slice).unwrap_or_default();
        if detail != Detail::Line {
            let bar = if below.is_empty() { "   " } else { "│  " };
            content(out, span, &format!("{:11}{inner}{bar}", ""), detail);
        }
        for (place, child) in below.iter().enumerate().rev() {
            stack.push((*child, inner.clone(), place + 1 == below.len(), depth + 1));
        }
    }
    let lost = spans.len() - seen.len();
    if lost > 0 {
        out.put(format_args!("{lost} spans are not shown: their parents form a cycle"));
        out.end();
    }
    if let Some(left) = left_out(whole) {
        out.put(left);
        out.end();
    }
}

/// A note that spans are missing; `None` if they are all there.
pub(crate) fn left_out(whole: &Value) -> Option<String> {
    let shown = whole["spans"].as_array().map_or(0, Vec::len) as u64;
    let total = whole["total"].as_u64().filter(|total| *total > shown)?;
    let id = to_type(&whole["trace"]["trace_id"]);
    let these = match shown {
        1 => "this is the first".to_owned(),
        _ => format!("these are the first {shown}"),
    };
    Some(format!("{these} of {total} spans; `witspan show {id} --all` prints every one"))
}

/// An id as part of a command to copy; a placeholder if a shell would not read it as one word.
pub(crate) fn to_type(id: &Value) -> String {
    let id = plain(id);
    let plain = id.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
    if plain { id } else { "TRACE".to_owned() }
}

fn head(out: &mut Screen, trace: &Value) {
    let mut facts = Vec::new();
    let text = |name: &str| trace[name].as_str().filter(|text| !text.is_empty());
    facts.extend(text("app").map(str::to_owned));
    facts.extend(text("session").map(|session| format!("session {session}")));
    facts.extend(trace["total_tokens"].as_f64().map(|tokens| plural(tokens, "token")));
    facts.extend(trace["cost"].as_f64().map(|cost| format!("${cost:.4}")));
    facts.push(plural(trace["spans"].as_u64().unwrap_or_default(), "span"));
    for verdict in trace["evaluations"].as_array().into_iter().flatten() {
        let label = verdict["label"].as_str().unwrap_or_default();
        facts.push(format!("{label}: {}", plain(&verdict["value"])));
    }
    let verdicts = trace["evaluations"].as_array().map_or(0, Vec::len) as u64;
    let total = trace["evaluations_total"].as_u64().unwrap_or_default();
    match total.saturating_sub(verdicts) {
        0 => {}
        more => facts.push(plural(more, "more evaluation")),
    }
    out.bold(format_args!("trace {}", plain(&trace["trace_id"])));
    out.put("  ");
    out.faint(facts.join(" · "));
    out.end();
}

/// The longest name with its indentation, so that times stand below each other.
fn width(spans: &[&Value]) -> usize {
    let names = spans.iter().map(|span| plain(&span["name"]).chars().count());
    (names.max().unwrap_or_default() + 12).clamp(24, 48)
}

fn line(out: &mut Screen, span: &Value, branch: &str, begin: f64, width: usize) {
    let failed = span["status"] == "error";
    let name = Shown(plain(&span["name"])).to_string();
    let room = width.saturating_sub(branch.chars().count() + name.chars().count());
    let start = span["start_ms"].as_f64().unwrap_or_default() - begin;
    let duration = time(span["duration_ms"].as_f64().unwrap_or_default());
    let mut facts = Vec::new();
    facts.extend(span["model"].as_str().filter(|_| is_model(span)).map(str::to_owned));
    let metrics = &span["metrics"];
    for (name, unit) in [("input_tokens", "in"), ("output_tokens", "out")] {
        facts.extend(metrics[name].as_f64().map(|tokens| format!("{tokens} {unit}")));
    }
    out.faint(format_args!("{:10}", plain(&span["kind"])));
    out.put(" ");
    out.faint(branch);
    if failed {
        out.error(&name);
    } else {
        out.bold(&name);
    }
    out.put(format_args!("{:room$} ", ""));
    out.faint(format_args!("{:>9}", format!("+{}", time(start))));
    out.put(format_args!(" {duration:>10}"));
    if !facts.is_empty() {
        out.put("  ");
        out.faint(facts.join("  "));
    }
    if failed {
        let error = &span["error"];
        let said = [&error["type"], &error["message"]].map(plain);
        let said: Vec<String> = said.into_iter().filter(|text| !text.is_empty()).collect();
        let said = if said.is_empty() { "error".to_owned() } else { said.join(": ") };
        out.put("  ");
        out.error(format_args!("! {}", one_line(&said, 160)));
    }
    out.end();
}

fn is_model(span: &Value) -> bool {
    span["kind"] == "llm" || span["kind"] == "embedding"
}

/// Input and output, a line for each message, document or line of a value.
fn content(out: &mut Screen, span: &Value, margin: &str, detail: Detail) {
    for (side, arrow) in [("input", "→"), ("output", "←")] {
        let side = &span[side];
        let mut parts: Vec<(String, String)> = Vec::new();
        for message in side["messages"].as_array().into_iter().flatten() {
            let role = plain(&message["role"]);
            let text = plain(&message["content"]);
            let more = ["tool_calls", "tool_results"].iter().any(|name| message[*name].is_array());
            if !text.is_empty() || !more {
                parts.push((role.clone(), text));
            }
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                let said = format!("{}({})", plain(&call["name"]), plain(&call["arguments"]));
                parts.push((role.clone(), said));
            }
            for result in message["tool_results"].as_array().into_iter().flatten() {
                parts.push((plain(&result["name"]), plain(&result["result"])));
            }
        }
        for document in side["documents"].as_array().into_iter().flatten() {
            let score = document["score"].as_f64().map(|score| format!("{score:.3}"));
            parts.push((score.unwrap_or_default(), plain(&document["text"])));
        }
        if !side["value"].is_null() {
            parts.push((String::new(), plain(&side["value"])));
        }
        let hidden = parts.len().saturating_sub(LINES);
        let whole = detail == Detail::Everything;
        for (place, (label, text)) in parts.into_iter().enumerate() {
            out.faint(margin);
            if place == LINES && !whole {
                out.put(format_args!("{arrow} … {hidden} more"));
                out.end();
                break;
            }
            out.faint(arrow);
            out.put(" ");
            let label = if label.is_empty() { label } else { format!("{label}: ") };
            out.put(&label);
            if whole {
                for (number, line) in text.split('\n').enumerate() {
                    if number > 0 {
                        out.end();
                        out.put(format_args!("{margin}  "));
                    }
                    // Code is indented by tabs; they move no further than spaces do.
                    out.put(line.trim_end_matches('\r').replace('\t', "    "));
                }
            } else {
                let taken = margin.chars().count() + label.chars().count() + 2;
                out.put(one_line(&text, WIDTH.saturating_sub(taken).max(40)));
            }
            out.end();
        }
    }
}

/// A time in the unit that reads best.
fn time(ms: f64) -> String {
    if ms.abs() >= 10_000.0 {
        format!("{:.1} s", ms / 1000.0)
    } else if ms.abs() >= 0.1 || ms == 0.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{:.1} µs", ms * 1000.0)
    }
}

/// A value as a person reads it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn one_line(text: &str, characters: usize) -> String {
    // The end of a much longer text need not be read.
    let begin: String = text.chars().take(characters * 4).collect();
    let mut words = begin.split_whitespace().collect::<Vec<_>>().join(" ");
    let long = text.len() > begin.len() || words.chars().count() > characters;
    if long {
        words = words.chars().take(characters).collect::<String>() + " …";
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::terminal::Paint;

    fn span(id: &str, parent: Option<&str>, name: &str) -> Value {
        json!({
            "span_id": id, "parent_id": parent, "name": name, "kind": "task", "status": "ok",
            "start_ms": 1000.0, "duration_ms": 1.5, "metrics": {}, "tags": []
        })
    }

    fn shown(spans: &[Value]) -> String {
        let whole = json!({ "trace": { "trace_id": "t", "start_ms": 1000.0, "spans": spans.len() }, "spans": spans });
        let mut out = Screen::new(Paint(false));
        draw(&mut out, &whole, Detail::Line);
        out.text().to_owned()
    }

    #[test]
    fn children_stand_below_their_parent_and_orphans_by_themselves() {
        let text = shown(&[
            span("1", None, "root"),
            span("2", Some("1"), "first"),
            span("3", Some("2"), "inner"),
            span("4", Some("1"), "second"),
            span("5", Some("9"), "orphan"),
        ]);
        let names: Vec<&str> = text
            .lines()
            .skip(1)
            .map(|line| line[11..].split(" +").next().unwrap().trim_end())
            .collect();
        assert_eq!(names, ["root", "├─ first", "│  └─ inner", "└─ second", "orphan"]);
    }

    #[test]
    fn spans_that_are_each_other_s_parents_are_said_and_end_nothing() {
        let text = shown(&[
            span("1", Some("2"), "a"),
            span("2", Some("1"), "b"),
            span("3", Some("3"), "own"),
        ]);
        assert!(text.contains("2 spans are not shown: their parents form a cycle"), "{text}");
        assert!(text.contains("own"));
    }

    #[test]
    fn a_trace_ten_thousand_levels_deep_is_printed() {
        let spans: Vec<Value> = (0..10_000)
            .map(|number: u32| {
                let parent = number.checked_sub(1).map(|parent| parent.to_string());
                span(&number.to_string(), parent.as_deref(), "deep")
            })
            .collect();
        assert_eq!(shown(&spans).lines().count(), 10_001);
    }

    #[test]
    fn what_a_span_says_cannot_steer_the_terminal() {
        let text = shown(&[span("1", None, "\u{1b}[2J\u{202e}evil\r")]);
        assert!(!text.contains('\u{1b}') && !text.contains('\r') && !text.contains('\u{202e}'));
        assert!(text.contains(r"\u001b[2J\u202eevil\r"), "{text}");
    }
}
