//! The conformance suite's model: what a case is, and how any subject is driven through it.
//!
//! `README.md` beside this crate describes the format for whoever writes a runner in another
//! language.

pub mod native;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where time stands when a case begins, in ns since the Unix epoch.
pub const START_NS: u64 = 1_700_000_000_000_000_000;

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
    /// The steps, in order.
    pub program: Vec<Step>,
    /// The requests of a flush after the last step.
    #[serde(default)]
    pub requests: BTreeMap<Format, Vec<Sent>>,
    /// The counters after that flush.
    #[serde(default)]
    pub statistics: Counters,
}

/// Settings of a case. The language is always `python`.
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
    /// Tags of every span.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
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

/// One step of a program. Spans go by names that the program gives them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Starts a span.
    Start {
        /// Its name in the program.
        span: String,
        /// Its kind.
        kind: String,
        /// The span that is current where it starts; a root without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        current: Option<String>,
        /// Its name on the wire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The session.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session_id: Option<String>,
        /// The ML app.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ml_app: Option<String>,
        /// The model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model_name: Option<String>,
        /// Who serves it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model_provider: Option<String>,
    },
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
        /// The span that is current afterwards, if the finished one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        current_again: Option<String>,
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

/// Something that can be driven through a case: a core, a host, a binding.
pub trait Subject {
    /// A span as the subject names it.
    type Span: Copy + PartialEq + std::fmt::Debug;

    /// Starts a span.
    fn start(
        &mut self,
        kind: usize,
        start: &Start<'_>,
        current: Option<Self::Span>,
    ) -> Result<Self::Span>;
    /// Annotates; the error's text if it is refused as a wrong argument, `Some("")` if dropped.
    fn annotate(&mut self, span: Self::Span, json: &str) -> Result<Option<String>>;
    /// Lets time pass.
    fn advance(&mut self, ns: u64);
    /// Ends a span; the one that is current again.
    fn finish(&mut self, span: Self::Span, failure: Option<&Failure>)
    -> Result<Option<Self::Span>>;
    /// Gives a span up.
    fn abandon(&mut self, span: Self::Span) -> Result<()>;
    /// Span id and trace id.
    fn export(&mut self, span: Self::Span) -> Result<(String, String)>;
    /// Sends everything and ends: the requests and the counters.
    fn flush(&mut self) -> Result<(Vec<Sent>, Counters)>;
}

/// What a start says besides kind and place.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The name on the wire.
    pub name: Option<&'a str>,
    /// The session.
    pub session_id: Option<&'a str>,
    /// The ML app.
    pub ml_app: Option<&'a str>,
    /// The model.
    pub model_name: Option<&'a str>,
    /// Who serves it.
    pub model_provider: Option<&'a str>,
}

/// Kinds in the order of the contract.
pub const KINDS: [&str; 7] = ["llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"];

/// Runs a case's program and compares what came of it.
pub fn check<S: Subject>(case: &Case, format: Format, subject: &mut S) -> Result<()> {
    let (requests, counters) = run(case, subject)?;
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
    ensure!(counters == case.statistics, "counters {counters:?} instead of {:?}", case.statistics);
    Ok(())
}

/// Runs a case's program.
pub fn run<S: Subject>(case: &Case, subject: &mut S) -> Result<(Vec<Sent>, Counters)> {
    let mut spans: BTreeMap<&str, S::Span> = BTreeMap::new();
    let find = |spans: &BTreeMap<&str, S::Span>, name: &str| {
        spans.get(name).copied().with_context(|| format!("no span `{name}` in the program"))
    };
    for (at, step) in case.program.iter().enumerate() {
        let place = || format!("step {at}");
        match step {
            Step::Start {
                span,
                kind,
                current,
                name,
                session_id,
                ml_app,
                model_name,
                model_provider,
            } => {
                let current = current.as_deref().map(|name| find(&spans, name)).transpose()?;
                let kind = KINDS.iter().position(|k| k == kind).with_context(place)?;
                let start = Start {
                    name: name.as_deref(),
                    session_id: session_id.as_deref(),
                    ml_app: ml_app.as_deref(),
                    model_name: model_name.as_deref(),
                    model_provider: model_provider.as_deref(),
                };
                spans.insert(span, subject.start(kind, &start, current).with_context(place)?);
            }
            Step::Annotate { span, json, refused, dropped } => {
                let got = subject.annotate(find(&spans, span)?, json).with_context(place)?;
                let expected = if *dropped { Some("") } else { refused.as_deref() };
                ensure!(got.as_deref() == expected, "step {at}: {got:?} instead of {expected:?}");
            }
            Step::Advance { ns } => subject.advance(*ns),
            Step::Finish { span, failure, current_again } => {
                let got =
                    subject.finish(find(&spans, span)?, failure.as_ref()).with_context(place)?;
                let expected =
                    current_again.as_deref().map(|name| find(&spans, name)).transpose()?;
                ensure!(got == expected, "step {at}: current again {got:?}, not {expected:?}");
            }
            Step::Abandon { span } => subject.abandon(find(&spans, span)?).with_context(place)?,
            Step::Export { span, span_id, trace_id } => {
                let got = subject.export(find(&spans, span)?).with_context(place)?;
                let same = got.0 == *span_id && got.1 == *trace_id;
                ensure!(same, "step {at}: exported {got:?}, not {span_id} {trace_id}");
            }
        }
    }
    subject.flush()
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

/// Runs every case in both formats with subjects from `make`; fails with all that failed.
pub fn check_all<S: Subject>(mut make: impl FnMut(&Case, Format) -> Result<S>) -> Result<usize> {
    let mut failures = Vec::new();
    let mut cases = 0;
    for (_, chapter) in chapters()? {
        for case in &chapter.cases {
            cases += 1;
            for format in FORMATS {
                let result = make(case, format).and_then(|mut s| check(case, format, &mut s));
                if let Err(error) = result {
                    failures.push(format!("{} ({format:?}): {error:#}", case.name));
                }
            }
        }
    }
    if !failures.is_empty() {
        bail!("{} of {cases} cases failed:\n{}", failures.len(), failures.join("\n"));
    }
    Ok(cases)
}
