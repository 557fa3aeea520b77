//! The conformance suite's model: what a case is, and how any subject is driven through it.
//!
//! `README.md` beside this crate describes the format for whoever writes a runner in another
//! language.

#[cfg(feature = "native")]
pub mod native;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where time stands when a case begins, in ns since the Unix epoch.
pub const START_NS: u64 = 1_700_000_000_000_000_000;

/// How long the processor of a case may take, in ns.
pub const PROCESSOR_NS: u64 = 1_000_000_000;

/// One file of cases about one theme.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    /// The format's version: 1.
    pub version: u32,
    /// What the cases are about.
    pub chapter: String,
    /// The cases.
    pub cases: Vec<Case>,
}

/// A program, and exactly what it must send.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique in the suite.
    pub name: String,
    /// The behaviour, as a sentence.
    pub says: String,
    /// Settings that differ from the defaults.
    #[serde(default, skip_serializing_if = "Settings::is_default")]
    pub settings: Settings,
    /// What other tracers do here, where that is known to be wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<String>,
    /// The steps, in order.
    pub program: Vec<Step>,
    /// What the receiver answers, in order; 202 when there is no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// What followed from each answer, for runners that are told. Only with `answers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<String>,
    /// The requests of a flush after the last step.
    #[serde(default)]
    pub requests: BTreeMap<Format, Vec<Sent>>,
    /// The counters after that flush.
    #[serde(default)]
    pub statistics: Counters,
}

/// Settings of a case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Default `conformance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ml_app: Option<String>,
    /// Empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// Empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub env: String,
    /// Empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The application's language; default `python`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Tags of every span.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Limits that differ from the defaults, by their names in the contract.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, u64>,
    /// Which traces are sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
}

/// Which traces are sampled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// From 0 to 1.
    pub rate: f64,
    /// Rules as JSON text, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rules: String,
    /// Whether spans of traces that are not sampled are dropped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drop: bool,
}

impl Settings {
    fn is_default(&self) -> bool {
        *self == Settings::default()
    }

    /// The ML app.
    pub fn app(&self) -> &str {
        self.ml_app.as_deref().unwrap_or("conformance")
    }
}

/// An answer of the receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The HTTP status; 0 closes the connection without an answer.
    pub status: u16,
    /// Headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The documented HTTP API, sent directly.
    PublicApi,
    /// What Datadog's SDKs send, through an agent.
    SdkIntake,
}

/// Both.
pub const FORMATS: [Format; 2] = [Format::PublicApi, Format::SdkIntake];

/// One step of a program. Spans and remote places go by names that the program gives them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Starts a span.
    Start(Box<Start>),
    /// Annotates a span.
    Annotate {
        /// Which.
        span: String,
        /// The annotation's JSON text, which may hold `NaN` and lone surrogates; readers of the
        /// suite turn it into values of their language and annotate with those.
        json: String,
        /// The error's text, if the annotation is refused as a wrong argument.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        /// True if the annotation is dropped without an error to the application.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dropped: bool,
    },
    /// Checks an annotation context, as entering one does.
    Context {
        /// The context's JSON text.
        json: String,
        /// The error's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// Lets time pass.
    Advance {
        /// Nanoseconds.
        ns: u64,
    },
    /// Ends a span.
    Finish {
        /// Which.
        span: String,
        /// The error it ends with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// When, in ns since the Unix epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end_ns: Option<u64>,
        /// The span that is current afterwards, if the finished one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        current_again: Option<String>,
        /// The event that the processor is given for it, as JSON text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<String>,
    },
    /// Gives a span up.
    Abandon {
        /// Which.
        span: String,
    },
    /// Asks for the ids of a span, which must be those that are sent.
    Export {
        /// Which.
        span: String,
        /// Decimal.
        span_id: String,
        /// Hexadecimal.
        trace_id: String,
    },
    /// Asks for the headers of a request.
    Inject {
        /// Whose trace goes on.
        span: String,
        /// Those that the request has.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// Those that are set.
        gives: BTreeMap<String, String>,
    },
    /// Reads the headers of a request.
    Extract {
        /// The name of the place that they give.
        remote: String,
        /// Those that the request has.
        headers: BTreeMap<String, String>,
        /// The error's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// Submits an evaluation.
    Evaluate {
        /// As JSON text.
        json: String,
        /// The error's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// Submits a feedback.
    Feedback {
        /// As JSON text.
        json: String,
        /// The error's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// Sets the application's processor, which may take 1 s.
    Processor {
        /// What it does with every event from now on.
        does: Deed,
    },
    /// Looks for what is due, and sends it.
    Poll {
        /// How many requests that makes.
        requests: usize,
    },
}

/// What a processor does with an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// There is none any more.
    Off,
    /// Gives it back as it is.
    Keep,
    /// Drops the span.
    Drop,
    /// Raises.
    Raise,
    /// Gives back what is no event: the text `nonsense`.
    Nonsense,
    /// Gives it back unchanged, 2 s too late.
    Late,
    /// Replaces text in every string that is a value, at any depth.
    Replace(String, String),
    /// Removes a member of the event.
    Remove(String),
    /// Merges a JSON merge patch (RFC 7386) into the event.
    Merge(serde_json::Value),
}

/// What a start says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Start {
    /// Its name in the program.
    pub span: String,
    /// Its kind.
    pub kind: String,
    /// The span that is current where it starts. Without this and the two next, it is a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// Its parent, finished or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child_of: Option<String>,
    /// Its parent in another service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Its name on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The ML app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ml_app: Option<String>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_name: Option<String>,
    /// Who serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_provider: Option<String>,
    /// When, in ns since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ns: Option<u64>,
    /// The annotation contexts around it, as JSON texts, the outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<String>,
}

/// An error. `error_type` names a built-in exception of Python, so that every language can
/// have it; the stack is what Python prints of one without frames.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// What it says.
    pub message: String,
    /// Its type.
    pub error_type: String,
    /// Where it came from.
    pub stack: String,
}

/// A request as the receiver got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// From `/`.
    pub path: String,
    /// Those that the core names, in order of their names.
    pub headers: BTreeMap<String, String>,
    /// The exact text.
    pub body: String,
}

/// The counters that a case states; none is zero unless it is left out.
pub type Counters = BTreeMap<String, u64>;

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
    /// Sends everything and ends: the requests, the verdicts if the subject knows them, and the
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
            value.as_object_mut().context("the event is no object")?.remove(member);
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
    let (requests, verdicts, counters) = outcome;
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
    if let Some(verdicts) = verdicts.filter(|_| !case.answers.is_empty()) {
        ensure!(verdicts == case.verdicts, "verdicts {verdicts:?}, not {:?}", case.verdicts);
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

/// The folder of the cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// All chapters, in order of their files' names.
pub fn chapters() -> Result<Vec<(PathBuf, Chapter)>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut chapters = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)?;
        let chapter: Chapter =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        ensure!(chapter.version == 1, "{}: version {}", path.display(), chapter.version);
        chapters.push((path, chapter));
    }
    Ok(chapters)
}

/// What a runner is known not to do yet: the case, and why.
pub type Gaps = [(&'static str, &'static str)];

/// Runs every case in both formats with subjects from `make`; see `check_each`.
pub fn check_all<S: Subject>(
    runner: &str,
    gaps: &Gaps,
    mut make: impl FnMut(&Case, Format) -> Result<S>,
) -> Result<()> {
    check_each(runner, gaps, |case, format| check(case, format, &mut make(case, format)?))
}

/// Checks every case in both formats; fails with all that failed, and for a gap that has closed.
/// Writes `target/conformance/RUNNER.json` for the table of all runners.
pub fn check_each(
    runner: &str,
    gaps: &Gaps,
    mut check: impl FnMut(&Case, Format) -> Result<()>,
) -> Result<()> {
    let mut report = Report { runner: runner.to_owned(), chapters: Vec::new() };
    let mut failures = Vec::new();
    for (_, chapter) in chapters()? {
        let mut line = Line { chapter: chapter.chapter, passed: 0, failed: 0, gaps: 0 };
        for case in &chapter.cases {
            let mut wrong = Vec::new();
            for format in FORMATS {
                if let Err(error) = check(case, format) {
                    wrong.push(format!("{} ({format:?}): {error:#}", case.name));
                }
            }
            let gap = gaps.iter().find(|(name, _)| *name == case.name);
            match (gap, wrong.is_empty()) {
                (None, true) => line.passed += 1,
                (Some(_), false) => line.gaps += 1,
                (Some((name, why)), true) => {
                    line.failed += 1;
                    failures.push(format!("{name}: the gap has closed ({why}): take it off"));
                }
                (None, false) => {
                    line.failed += 1;
                    failures.append(&mut wrong);
                }
            }
        }
        report.chapters.push(line);
    }
    let cases: usize =
        report.chapters.iter().map(|line| line.passed + line.failed + line.gaps).sum();
    // Grows with the suite, so that an empty or half-read folder cannot pass.
    let count: usize = std::fs::read_to_string(folder().join("COUNT"))?.trim().parse()?;
    ensure!(cases == count, "{cases} cases instead of {count}");
    report.write()?;
    ensure!(failures.is_empty(), "{} of {cases} failed:\n{}", failures.len(), failures.join("\n"));
    Ok(())
}

/// What one runner found, for the table.
#[derive(Debug, Serialize)]
struct Report {
    runner: String,
    chapters: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    chapter: String,
    passed: usize,
    failed: usize,
    gaps: usize,
}

impl Report {
    fn write(&self) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.json", self.runner));
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?)
    }
}
