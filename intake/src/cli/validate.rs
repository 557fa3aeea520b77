//! `witspan validate FILE`: the check of the intake, without an intake.
//!
//! The file is a request's body (spans of the public API or of the SDKs, evaluations), or lines of
//! single events, as `export` writes them. Each problem is one line: file, line, field, reason.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::decode::dialect;
use crate::schema::{Problem, Rule, Shape, problems};
use crate::terminal::say;
use crate::words::plural;

/// The longest file that is read, bytes.
const LONGEST: u64 = 1 << 30;
/// Problems that are printed; the rest is counted.
const PRINTED: usize = 200;

/// The options of `validate`.
#[derive(Args)]
pub(crate) struct Options {
    /// A request's body, or lines of events; `-` reads standard input
    file: PathBuf,
    /// Check against the narrower schema of what witspan itself sends, not that of the intake
    #[arg(long)]
    strict: bool,
}

/// Ends with 1 if anything is wrong.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    let name = options.file.display().to_string();
    let mut text = String::new();
    let read = if name == "-" {
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(&options.file);
        file.and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    read.map_err(|error| format!("cannot read {name}: {error}"))?;
    let rule = if options.strict { Rule::Suite } else { Rule::Intake };
    let Checked { events, taken, found } = check(&text, rule);
    for (line, problem) in found.iter().take(PRINTED) {
        say!("{name}:{line}: {problem}");
    }
    if found.len() > PRINTED {
        say!("{name}: {} more", found.len() - PRINTED);
    }
    if found.is_empty() {
        say!("{name}: {}, no problems", plural(events, "event"));
        return Ok(ExitCode::SUCCESS);
    }
    // An intake accepts the valid events of a request and drops the others.
    let kept =
        if options.strict { String::new() } else { format!("; an intake would accept {taken}") };
    let (events, problems) = (plural(events, "event"), plural(found.len(), "problem"));
    say!("{name}: {events}, {problems}{kept}");
    Ok(ExitCode::FAILURE)
}

/// What was found.
#[derive(Default)]
struct Checked {
    events: usize,
    /// Events that an intake would accept.
    taken: usize,
    /// Each problem with its line.
    found: Vec<(usize, Problem)>,
}

fn check(text: &str, rule: Rule) -> Checked {
    let broken = |events, line, problem| Checked { events, taken: 0, found: vec![(line, problem)] };
    if text.trim().is_empty() {
        return broken(0, 1, Problem { pointer: String::new(), reason: "empty".to_owned() });
    }
    match serde_json::from_str::<Value>(text) {
        Ok(body) => {
            let (events, taken, found) = check_value(body, rule);
            let found = found.into_iter().map(|problem| (line_of(text, &problem.pointer), problem));
            Checked { events, taken, found: found.collect() }
        }
        Err(error) => {
            // If the first line is JSON, the file is lines of events; otherwise it is one invalid body.
            let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            if serde_json::from_str::<&RawValue>(first).is_err() {
                return broken(0, error.line(), not_json(&error));
            }
            let mut checked = Checked::default();
            for (number, line) in text.lines().enumerate() {
                if line.trim().is_empty() {
                    continue;
                }
                match serde_json::from_str::<Value>(line) {
                    Ok(value) => {
                        let (events, taken, problems) = check_value(value, rule);
                        checked.events += events;
                        checked.taken += taken;
                        let found = problems.into_iter().map(|problem| (number + 1, problem));
                        checked.found.extend(found);
                    }
                    Err(error) => {
                        checked.events += 1;
                        checked.found.push((number + 1, not_json(&error)));
                    }
                }
            }
            checked
        }
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    let reason = format!("not JSON: {error}");
    Problem { pointer: String::new(), reason }
}

/// A body or a single event: its events, how many of them an intake accepts, and the problems.
fn check_value(mut value: Value, rule: Rule) -> (usize, usize, Vec<Problem>) {
    let shape = shape_of(&value);
    let events = dialect(&mut value, shape, rule);
    let problems = problems(rule, shape, &value);
    let mut wrong = BTreeSet::new();
    for problem in &problems {
        let mut parts = problem.pointer.split('/').skip(1);
        let numbers: Vec<&str> = match shape {
            Shape::PublicSpan | Shape::SdkSpan | Shape::Evaluation => vec!["0"],
            Shape::PublicBody | Shape::EvaluationBody => parts.nth(3).into_iter().collect(),
            Shape::SdkBody => match (parts.next(), parts.next(), parts.next()) {
                (Some(outer), Some("spans"), Some(inner)) => vec![outer, inner],
                // An invalid member beside the spans of an envelope drops none of them.
                (Some(_), ..) => continue,
                _ => Vec::new(),
            },
        };
        if numbers.is_empty() {
            return (events, 0, problems);
        }
        wrong.insert(numbers.join("/"));
    }
    let taken = events.saturating_sub(wrong.len());
    (events, taken, problems)
}

/// The shape that a value most likely has, by its members.
fn shape_of(value: &Value) -> Shape {
    if value.is_array() || value.get("event_type").is_some() {
        return Shape::SdkBody;
    }
    if let Some(data) = value.get("data") {
        let metrics =
            data["type"] == "evaluation_metric" || data["attributes"]["metrics"].is_array();
        return if metrics { Shape::EvaluationBody } else { Shape::PublicBody };
    }
    if value.get("metric_type").is_some() || value.get("label").is_some() {
        return Shape::Evaluation;
    }
    if value.get("meta").is_some_and(|meta| meta.get("kind").is_some()) {
        return Shape::PublicSpan;
    }
    Shape::SdkSpan
}

/// The line on which the value at `pointer` begins; that of what is around it where it is missing.
fn line_of(text: &str, pointer: &str) -> usize {
    let mut at = text.trim_start();
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        let inner = if at.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(at).unwrap_or_default();
            name.parse::<usize>().ok().and_then(|number| items.get(number).copied())
        } else {
            let members: std::collections::HashMap<String, &RawValue> =
                serde_json::from_str(at).unwrap_or_default();
            members.get(&name).copied()
        };
        match inner {
            Some(inner) => at = inner.get(),
            None => break,
        }
    }
    // `at` is a part of `text`.
    let offset = at.as_ptr() as usize - text.as_ptr() as usize;
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"name":"a","span_id":"1","trace_id":"2","parent_id":"undefined","start_ns":1,"duration":2,"meta":{"kind":"llm"}}"#;

    fn said(text: &str, rule: Rule) -> (usize, Vec<String>) {
        let Checked { events, found, .. } = check(text, rule);
        (events, found.iter().map(|(line, problem)| format!("{line}: {problem}")).collect())
    }

    #[test]
    fn a_body_says_the_line_and_the_field_of_each_problem() {
        let body = "{\"data\": {\"type\": \"span\",\n \"attributes\": {\"ml_app\": \"a\", \"spans\": [\n  {\"name\": 1.5e3,\n  \"span_id\": \"1\", \"trace_id\": \"2\", \"parent_id\": \"3\",\n  \"start_ns\": 1, \"duration\": \"long\",\n  \"meta\": {\"kind\": \"chat\"}}]}}}";
        let (events, found) = said(body, Rule::Intake);
        assert_eq!(events, 1);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("5: `/data/attributes/spans/0/duration`: a string")),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("6: `/data/attributes/spans/0/meta/kind`: \"chat\"")),
            "{found:?}"
        );
    }

    #[test]
    fn lines_of_events_are_checked_each_by_itself() {
        let wrong = EVENT.replace("\"1\"", "1");
        let (events, found) = said(&format!("{EVENT}\n\n{wrong}\nnonsense\n"), Rule::Intake);
        assert_eq!(events, 3);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("3: `/span_id`: an integer"), "{found:?}");
        assert!(found[1].starts_with("4: not JSON"), "{found:?}");
    }

    #[test]
    fn what_is_right_beside_what_is_wrong_is_what_an_intake_takes() {
        let taken = |text: &str| check(text, Rule::Intake).taken;
        let wrong = EVENT.replace("\"1\"", "1");
        let public = |spans: &str| {
            format!(
                "{{\"data\":{{\"type\":\"span\",\"attributes\":{{\"ml_app\":\"a\",\"spans\":[{spans}]}}}}}}"
            )
        };
        assert_eq!(taken(&public(&format!("{EVENT},{wrong},{EVENT}"))), 2);
        assert_eq!(taken(&public(EVENT).replace("ml_app", "app")), 0);
        let sdk = EVENT.replace("\"kind\":\"llm\"", "\"span\":{\"kind\":\"llm\"}");
        let both = sdk.replace("\"1\"", "1");
        assert_eq!(taken(&format!("[{{\"spans\":[{sdk},{both}]}},{{\"spans\":[{sdk}]}}]")), 2);
        assert_eq!(taken(&format!("{EVENT}\n{wrong}\n{EVENT}\n")), 2);
    }

    #[test]
    fn text_that_is_no_json_says_where() {
        let (_, found) = said("{\n\"data\": nope}", Rule::Intake);
        assert!(found[0].starts_with("2: not JSON"), "{found:?}");
        assert_eq!(said("", Rule::Intake).1, ["1: empty"]);
    }

    #[test]
    fn what_the_intake_takes_may_not_be_what_witspan_sends() {
        assert_eq!(said(EVENT, Rule::Intake), (1, Vec::new()));
        assert!(!said(EVENT, Rule::Suite).1.is_empty());
    }
}
