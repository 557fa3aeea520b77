//! Compares field by field: ids and times by what they refer to, all else exactly.

use crate::fields::{Fields, fields_of, fields_of_map};
use crate::headers::fields_of_headers;
use crate::{Ledger, Produced, Program};
use anyhow::{Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A field that is not the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The event, evaluation or injection.
    pub of: String,
    /// The path.
    pub field: String,
    /// What they send.
    pub captured: Option<Value>,
    /// What we send.
    pub ours: Option<Value>,
}

/// How many fields of a program were compared.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count {
    /// All.
    pub compared: usize,
    /// Those that are the same.
    pub equal: usize,
    /// Those that differ as the ledger says.
    pub on_purpose: usize,
}

/// Which id of ours stands for which captured one. The same of theirs is always the same of ours,
/// and the other way round.
#[derive(Debug, Default)]
struct Ids {
    ours: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

impl Ids {
    fn bind(&mut self, captured: &str, ours: &str) -> bool {
        match self.ours.get(captured) {
            Some(bound) => bound == ours,
            None if self.taken.insert(ours.to_owned()) => {
                self.ours.insert(captured.to_owned(), ours.to_owned());
                true
            }
            None => false,
        }
    }
}

struct Comparison<'a> {
    program: &'a Program,
    ledger: &'a mut Ledger,
    spans: Ids,
    traces: Ids,
    apm_traces: Ids,
    /// Ids of spans that the scenario started.
    started: BTreeSet<String>,
    count: Count,
    unexplained: Vec<Difference>,
}

/// Compares what a program sent with what was captured: the counts, and what the ledger does not
/// explain.
pub fn compare(
    program: &Program,
    produced: &Produced,
    ledger: &mut Ledger,
) -> Result<(Count, Vec<Difference>)> {
    let mut comparison = Comparison {
        program,
        ledger,
        spans: Ids::default(),
        traces: Ids::default(),
        apm_traces: Ids::default(),
        started: produced.span_ids.clone(),
        count: Count::default(),
        unexplained: Vec::new(),
    };
    comparison.requests(produced);
    comparison.events(produced);
    comparison.refusals(produced);
    comparison.evaluations(produced)?;
    comparison.injections(produced)?;
    Ok((comparison.count, comparison.unexplained))
}

impl Comparison<'_> {
    fn requests(&mut self, produced: &Produced) {
        let request = &self.program.captured.request;
        self.fields(
            "(envelope)",
            fields_of_map(&request.envelope),
            fields_of_map(&produced.envelope),
        );
        if let Some(path) = &request.path {
            self.field(
                "(request)",
                "path",
                Some(path.as_str().into()),
                Some(produced.path.as_str().into()),
            );
            self.fields(
                "(request)",
                fields_of_headers(&request.headers),
                fields_of_headers(&produced.headers),
            );
        }
    }

    fn events(&mut self, produced: &Produced) {
        let captured = &self.program.captured.events;
        let names: BTreeSet<&String> = captured.keys().chain(produced.events.keys()).collect();
        // In the order in which they began: the first event of a trace says what its id stands for.
        let mut names: Vec<&String> = names.into_iter().collect();
        names.sort_by_key(|name| captured.get(*name).and_then(|event| event["start_ns"].as_u64()));
        for name in &names {
            if let (Some(theirs), Some(ours)) = (captured.get(*name), produced.events.get(*name))
                && let (Some(theirs), Some(ours)) =
                    (theirs["span_id"].as_str(), ours["span_id"].as_str())
            {
                self.spans.bind(theirs, ours);
            }
        }
        for name in names {
            let (theirs, ours) = (captured.get(name), produced.events.get(name));
            let sent = |event: Option<&Value>| event.map(|_| "sent".into());
            self.field(name, "event", sent(theirs), sent(ours));
            if let (Some(theirs), Some(ours)) = (theirs, ours) {
                self.fields(name, fields_of(theirs), fields_of(ours));
            }
        }
    }

    /// Whether a call was refused, for calls that say so.
    fn call(&mut self, of: &str, raised: bool, refused: bool) {
        let word = |refused| Some(if refused { "refused" } else { "accepted" }.into());
        self.field(of, "call", word(raised), word(refused));
    }

    fn refusals(&mut self, produced: &Produced) {
        let Some(raised) = &self.program.captured.raised else { return };
        for name in self.program.captured.events.keys() {
            self.call(name, raised.contains(name), produced.refused.contains(name));
        }
    }

    fn evaluations(&mut self, produced: &Produced) -> Result<()> {
        let captured = &self.program.captured.evaluations;
        ensure!(captured.len() == produced.evaluations.len(), "evaluations are not paired");
        for (theirs, (said, ours)) in captured.iter().zip(&produced.evaluations) {
            self.call(&theirs.call, theirs.metric.is_none(), ours.is_none());
            if let (Some(theirs_sent), Some(ours)) = (&theirs.metric, ours) {
                let (mut captured, mut ours) = (fields_of(theirs_sent), fields_of(ours));
                if said["timestamp_ms"].as_u64().unwrap_or(0) == 0 {
                    // The time of the call: a number on both sides.
                    for fields in [&mut captured, &mut ours] {
                        if let Some(time) = fields.get_mut("timestamp_ms").filter(|v| v.is_u64()) {
                            *time = "now".into();
                        }
                    }
                }
                self.fields(&theirs.call, captured, ours);
            }
        }
        Ok(())
    }

    fn injections(&mut self, produced: &Produced) -> Result<()> {
        let captured = &self.program.captured.injected;
        if captured.is_empty() {
            // What was injected was not captured.
            return Ok(());
        }
        ensure!(captured.len() == produced.injected.len(), "injections are not paired");
        for (n, (theirs, ours)) in captured.iter().zip(&produced.injected).enumerate() {
            let of = format!("inject {} {}", n + 1, theirs.span);
            self.fields(&of, fields_of_headers(&theirs.headers), fields_of_headers(ours));
        }
        Ok(())
    }

    fn fields(&mut self, of: &str, mut captured: Fields, mut ours: Fields) {
        for (field, from) in self.ledger.moves(self.program, of) {
            let Some(value) = captured.remove(&from) else { continue };
            let same = ours.get(&field).is_some_and(|ours| self.same(&field, &value, ours));
            if same {
                ours.remove(&field);
                self.count.compared += 1;
                self.count.on_purpose += 1;
                self.ledger.moved(&field, &from);
            } else {
                captured.insert(field, value);
            }
        }
        let decided = |fields: &Fields| by_the_rate(fields);
        let both_by_the_rate = decided(&captured) && decided(&ours);
        let paths: BTreeSet<String> = captured.keys().chain(ours.keys()).cloned().collect();
        for path in paths {
            let (theirs, ours) = (captured.get(&path), ours.get(&path));
            if path == "_dd/sampling_decision" && both_by_the_rate {
                self.count.compared += 1;
                self.count.equal += 1;
            } else {
                self.field(of, &path, theirs.cloned(), ours.cloned());
            }
        }
    }

    fn field(&mut self, of: &str, path: &str, captured: Option<Value>, ours: Option<Value>) {
        if captured.is_none() && ours.is_none() {
            return;
        }
        self.count.compared += 1;
        if let (Some(captured), Some(ours)) = (&captured, &ours)
            && self.same(path, captured, ours)
        {
            self.count.equal += 1;
            return;
        }
        let found = Difference { of: of.to_owned(), field: path.to_owned(), captured, ours };
        if self.ledger.explain(self.program, &found) {
            self.count.on_purpose += 1;
        } else {
            self.unexplained.push(found);
        }
    }

    /// Whether two values say the same: ids of the same thing, times of the same form, or equal.
    fn same(&mut self, path: &str, captured: &Value, ours: &Value) -> bool {
        if captured == ours {
            return true;
        }
        let name = path.rsplit(['/', '.']).next().unwrap_or_default();
        match (captured, ours) {
            (Value::String(captured), Value::String(ours)) => match (path, name) {
                (_, "tracer_version") => version(captured) && version(ours),
                ("_dd/trace_id" | "_dd/apm_trace_id" | "traceparent/trace-id", _) => {
                    hex32(captured) && hex32(ours) && self.apm_traces.bind(captured, ours)
                }
                (_, "trace_id" | "llmobs_trace_id") => {
                    hex32(captured) && hex32(ours) && self.traces.bind(captured, ours)
                }
                ("traceparent/parent-id" | "tracestate/dd/p" | "x-datadog-parent-id", _)
                | (
                    _,
                    "span_id"
                    | "parent_id"
                    | "pagent_span_id"
                    | "llmobs_parent_id"
                    | "llmobs_pagent_span_id",
                ) => self.started.contains(ours) && self.spans.bind(captured, ours),
                _ => false,
            },
            (Value::Number(captured), Value::Number(ours)) => match name {
                "start_ns" | "duration" => captured.is_u64() && ours.is_u64(),
                _ => !(captured.is_u64() && ours.is_u64()) && captured.as_f64() == ours.as_f64(),
            },
            _ => false,
        }
    }
}

/// Three numbers.
fn version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

fn hex32(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether an event's sampling decision is what its rate makes of its trace id: which one it is
/// depends on the id, and ids differ.
fn by_the_rate(fields: &Fields) -> bool {
    let text = |path| fields.get(path).and_then(Value::as_str);
    let (Some(decision), Some(rate), Some(trace)) =
        (text("_dd/sampling_decision"), text("_dd/sample_rate"), text("_dd/apm_trace_id"))
    else {
        return false;
    };
    let (Ok(rate), Some(Ok(low))) =
        (rate.parse::<f64>(), trace.get(16..).map(|low| u64::from_str_radix(low, 16)))
    else {
        return false;
    };
    // The agents' own hash, so that all services of a trace decide alike.
    let kept = low.wrapping_mul(1_111_111_111_111_111_111) as f64 <= rate * u64::MAX as f64;
    decision == if kept { "1" } else { "0" }
}
