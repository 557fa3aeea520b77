//! How any subject is driven through a case, and what it must give.

use crate::{Case, Counters, Deed, Failure, Format, Info, Sent, Start, Step};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// What a new span belongs to.
#[derive(Debug, Clone, Copy)]
pub enum Parent<'a, Span> {
    /// Nothing.
    Root,
    /// The span that is current where it starts.
    Current(Span),
    /// Exactly this one.
    ChildOf(Span),
    /// A place of another service, as the subject gave it.
    Remote(&'a str),
}

/// A call's answer: the text of the error if it is refused as a wrong argument.
pub type Refusal = Option<String>;

/// Something that can be driven through a case: a core, a host, a binding.
pub trait Subject {
    /// A span as the subject names it.
    type Span: Copy + PartialEq + std::fmt::Debug;

    /// Starts a span.
    fn start(
        &mut self,
        kind: usize,
        parent: Parent<'_, Self::Span>,
        start: &Start,
    ) -> Result<Self::Span>;
    /// Annotates; `Some("")` if the annotation is dropped.
    fn annotate(&mut self, span: Self::Span, json: &str) -> Result<Refusal>;
    /// Checks an annotation context.
    fn context(&mut self, json: &str) -> Result<Refusal>;
    /// Lets time pass.
    fn advance(&mut self, ns: u64);
    /// Ends a span and has the processor look at it: the span that is current again, and the
    /// event that the processor was given.
    fn finish(
        &mut self,
        span: Self::Span,
        failure: Option<&Failure>,
        end_ns: Option<u64>,
    ) -> Result<(Option<Self::Span>, Option<String>)>;
    /// Gives a span up.
    fn abandon(&mut self, span: Self::Span) -> Result<()>;
    /// Span id and trace id.
    fn export(&mut self, span: Self::Span) -> Result<(String, String)>;
    /// Records a span that is over; the error's text if it is refused.
    fn record(&mut self, json: &str) -> Result<Result<Self::Span, String>>;
    /// What is known of a span.
    fn info(&mut self, span: Self::Span) -> Result<Info>;
    /// The headers of a request.
    fn inject(&mut self, span: Self::Span, headers: &Headers) -> Result<Headers>;
    /// The place that headers name, or the error's text.
    fn extract(&mut self, headers: &Headers) -> Result<Result<String, String>>;
    /// Submits an evaluation, or a feedback.
    fn evaluate(&mut self, json: &str, feedback: bool) -> Result<Refusal>;
    /// Sets the processor.
    fn processor(&mut self, does: &Deed) -> Result<()>;
    /// Sends what is due; how many requests that were.
    fn poll(&mut self) -> Result<usize>;
    /// Sends everything and ends: the requests, the dispositions if the subject knows them, and the
    /// counters.
    fn flush(&mut self) -> Result<(Vec<Sent>, Option<Vec<String>>, Counters)>;
}

/// Headers by name.
pub type Headers = BTreeMap<String, String>;

/// What a processor that does this gives back for an event; `None` if it drops it or raises.
pub fn processed(does: &Deed, event: &str) -> Result<Option<String>> {
    let mut value: serde_json::Value = serde_json::from_str(event)?;
    match does {
        Deed::Off | Deed::Drop | Deed::Raise => return Ok(None),
        Deed::Nonsense => return Ok(Some("nonsense".to_owned())),
        Deed::Keep | Deed::Late => {}
        Deed::Replace(from, to) => replace(&mut value, from, to),
        Deed::Remove(member) => {
            value.as_object_mut().context("the event is not an object")?.remove(member);
        }
        Deed::Merge(patch) => merge(&mut value, patch),
    }
    Ok(Some(value.to_string()))
}

fn merge(value: &mut serde_json::Value, patch: &serde_json::Value) {
    let serde_json::Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = serde_json::Value::Object(Default::default());
    }
    let Some(members) = value.as_object_mut() else { return };
    for (name, patch) in patch {
        match patch.is_null() {
            true => drop(members.remove(name)),
            false => merge(members.entry(name).or_insert(serde_json::Value::Null), patch),
        }
    }
}

fn replace(value: &mut serde_json::Value, from: &str, to: &str) {
    match value {
        serde_json::Value::String(text) => *text = text.replace(from, to),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|v| replace(v, from, to)),
        serde_json::Value::Object(members) => {
            members.values_mut().for_each(|v| replace(v, from, to));
        }
        _ => {}
    }
}

/// Kinds in the order of the contract.
pub const KINDS: [&str; 7] = ["llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"];

/// Runs a case's program and compares what came of it.
pub fn check<S: Subject>(case: &Case, format: Format, subject: &mut S) -> Result<()> {
    compare(case, format, run(case, subject)?)
}

/// Compares what came of a case's program with what must.
pub fn compare(case: &Case, format: Format, outcome: Outcome) -> Result<()> {
    let (requests, dispositions, counters) = outcome;
    let expected = case.requests.get(&format).map(Vec::as_slice).unwrap_or_default();
    ensure!(
        requests.len() == expected.len(),
        "{} requests instead of {}: {requests:#?}",
        requests.len(),
        expected.len()
    );
    for (got, expected) in requests.iter().zip(expected) {
        ensure!(got.path == expected.path, "path `{}` instead of `{}`", got.path, expected.path);
        ensure!(
            got.headers == expected.headers,
            "headers {:?}, not {:?}",
            got.headers,
            expected.headers
        );
        ensure!(got.body == expected.body, "body\n{}\ninstead of\n{}", got.body, expected.body);
    }
    if let Some(dispositions) = dispositions.filter(|_| !case.answers.is_empty()) {
        ensure!(
            dispositions == case.dispositions,
            "dispositions {dispositions:?}, not {:?}",
            case.dispositions
        );
    }
    ensure!(counters == case.statistics, "counters {counters:?} instead of {:?}", case.statistics);
    Ok(())
}

/// What a subject sent, was told and counted.
pub type Outcome = (Vec<Sent>, Option<Vec<String>>, Counters);

/// Runs a case's program; a step that does not give what it should fails.
pub fn run<S: Subject>(case: &Case, subject: &mut S) -> Result<Outcome> {
    go(&mut case.clone(), subject, false)
}

/// Runs a case's program and writes what its steps give into it.
pub fn bless<S: Subject>(case: &mut Case, subject: &mut S) -> Result<Outcome> {
    go(case, subject, true)
}

fn go<S: Subject>(case: &mut Case, subject: &mut S, bless: bool) -> Result<Outcome> {
    let mut names = Names { spans: BTreeMap::new(), remotes: BTreeMap::new(), bless };
    for (at, step) in case.program.iter_mut().enumerate() {
        take(step, subject, &mut names).with_context(|| format!("step {at}"))?;
    }
    subject.flush()
}

struct Names<Span> {
    spans: BTreeMap<String, Span>,
    remotes: BTreeMap<String, String>,
    bless: bool,
}

impl<Span: Copy + PartialEq> Names<Span> {
    fn span(&self, name: &str) -> Result<Span> {
        self.spans.get(name).copied().with_context(|| format!("no span `{name}` in the program"))
    }

    /// Compares, or blesses.
    fn same<T: PartialEq + std::fmt::Debug>(&self, got: T, expected: &mut T) -> Result<()> {
        if self.bless {
            *expected = got;
        } else {
            ensure!(got == *expected, "{got:?} instead of {expected:?}");
        }
        Ok(())
    }
}

fn take<S: Subject>(step: &mut Step, subject: &mut S, names: &mut Names<S::Span>) -> Result<()> {
    match step {
        Step::Start(start) => {
            let kind = KINDS.iter().position(|kind| *kind == start.kind).context("no kind")?;
            let parent = match (&start.current, &start.child_of, &start.remote) {
                (Some(name), _, _) => Parent::Current(names.span(name)?),
                (_, Some(name), _) => Parent::ChildOf(names.span(name)?),
                (_, _, Some(name)) => {
                    Parent::Remote(names.remotes.get(name).context("no such remote")?)
                }
                _ => Parent::Root,
            };
            let span = subject.start(kind, parent, start)?;
            names.spans.insert(start.span.clone(), span);
        }
        Step::Annotate { span, json, refused, dropped } => {
            let got = subject.annotate(names.span(span)?, json)?;
            let nothing = got.as_deref() == Some("");
            names.same(nothing, dropped)?;
            names.same(got.filter(|_| !nothing), refused)?;
        }
        Step::Context { json, refused } => names.same(subject.context(json)?, refused)?,
        Step::Advance { ns } => subject.advance(*ns),
        Step::Finish { span, failure, end_ns, current_again, event } => {
            let span = names.span(span)?;
            let (current, seen) = subject.finish(span, failure.as_ref(), *end_ns)?;
            let named =
                |span| names.spans.iter().find(|(_, s)| **s == span).map(|(n, _)| n.clone());
            names.same(current.and_then(named), current_again).context("current again")?;
            if event.is_some() {
                names.same(seen, event).context("the processor's event")?;
            }
        }
        Step::Abandon { span } => subject.abandon(names.span(span)?)?,
        Step::Export { span, span_id, trace_id } => {
            let got = subject.export(names.span(span)?)?;
            names.same(got.0, span_id)?;
            names.same(got.1, trace_id)?;
        }
        Step::Record { span, json, refused } => {
            let got = subject.record(json)?;
            names.same(got.clone().err(), refused)?;
            if let Ok(recorded) = got {
                names.spans.insert(span.clone(), recorded);
            }
        }
        Step::Info { span, gives } => names.same(subject.info(names.span(span)?)?, gives)?,
        Step::Inject { span, headers, gives } => {
            names.same(subject.inject(names.span(span)?, headers)?, gives)?;
        }
        Step::Extract { remote, headers, refused } => {
            let got = subject.extract(headers)?;
            names.same(got.clone().err(), refused)?;
            names.remotes.insert(remote.clone(), got.unwrap_or_default());
        }
        Step::Evaluate { json, refused } => names.same(subject.evaluate(json, false)?, refused)?,
        Step::Feedback { json, refused } => names.same(subject.evaluate(json, true)?, refused)?,
        Step::Processor { does } => subject.processor(does)?,
        Step::Poll { requests } => names.same(subject.poll()?, requests)?,
    }
    Ok(())
}
