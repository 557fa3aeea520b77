//! Runs a scenario against the native core and sorts out what it sent.

use crate::Scenario;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use witspan_conformance::native::Native;
use witspan_conformance::{Case, Format, Headers, Step, bless};

/// What the core sent and said for a scenario.
#[derive(Debug, Default)]
pub struct Produced {
    /// The path of the span requests.
    pub path: String,
    /// Their headers.
    pub headers: Headers,
    /// What is around each event; the same for all.
    pub envelope: Map<String, Value>,
    /// The events, by the name of their span.
    pub events: BTreeMap<String, Value>,
    /// The id of every span that was started, sent or not.
    pub span_ids: BTreeSet<String>,
    /// Spans of which an annotation was refused.
    pub refused: BTreeSet<String>,
    /// What came of each `evaluate`: `None` if it was refused; and what it said.
    pub evaluations: Vec<(Value, Option<Value>)>,
    /// What each `inject` gave.
    pub injected: Vec<Headers>,
}

/// Runs a scenario with the encoder of the SDK intake.
pub fn produce(name: &str, scenario: &Scenario) -> Result<Produced> {
    let mut program = Vec::new();
    for step in &scenario.program {
        program.push(step.clone());
        if let Step::Start(start) = step {
            // To learn which event is which span's.
            let (span_id, trace_id) = Default::default();
            program.push(Step::Export { span: start.span.clone(), span_id, trace_id });
        }
    }
    let mut case: Case = serde_json::from_value(json!({
        "name": name, "says": scenario.says, "settings": scenario.settings, "program": program,
    }))?;
    let mut core = Native::new(&case, Format::SdkIntake)?;
    let (requests, _, _) = bless(&mut case, &mut core)?;

    let mut produced = Produced::default();
    let mut names = BTreeMap::new();
    for step in case.program {
        match step {
            Step::Export { span, span_id, .. } => {
                produced.span_ids.insert(span_id.clone());
                names.insert(span_id, span);
            }
            Step::Annotate { span, refused: Some(_), .. }
            | Step::Annotate { span, dropped: true, .. } => {
                produced.refused.insert(span);
            }
            Step::Evaluate { json, refused } => {
                let said = serde_json::from_str(&json).unwrap_or(Value::Null);
                produced.evaluations.push((said, refused.is_none().then_some(Value::Null)));
            }
            Step::Inject { gives, .. } => produced.injected.push(gives),
            _ => {}
        }
    }
    let mut metrics = Vec::new();
    for request in requests {
        match serde_json::from_str(&request.body)? {
            Value::Array(envelopes) => {
                for envelope in envelopes {
                    let Value::Object(mut envelope) = envelope else { bail!("an envelope") };
                    let Some(Value::Array(spans)) = envelope.remove("spans") else {
                        bail!("an envelope without spans")
                    };
                    for event in spans {
                        let id = event["span_id"].as_str().context("a span id")?;
                        let name = names.get(id).context("an event of no span")?.clone();
                        produced.events.insert(name, event);
                    }
                    ensure!(
                        produced.envelope.is_empty() || produced.envelope == envelope,
                        "envelopes differ"
                    );
                    produced.envelope = envelope;
                }
                (produced.path, produced.headers) = (request.path, request.headers);
            }
            Value::Object(body) => {
                let sent = body["data"]["attributes"]["metrics"].as_array().cloned();
                metrics.extend(sent.context("metrics")?);
            }
            _ => bail!("a body of a form of its own"),
        }
    }
    let mut metrics = metrics.into_iter();
    for (_, sent) in &mut produced.evaluations {
        if sent.is_some() {
            *sent = Some(metrics.next().context("an evaluation was not sent")?);
        }
    }
    ensure!(metrics.next().is_none(), "more evaluations were sent than submitted");
    Ok(produced)
}
