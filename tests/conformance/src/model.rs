//! What a case is: programs, settings and results as data.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// The receiver's answers, in order; then 202.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
    /// What followed from each answer, for runners that are told. Only with `answers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dispositions: Vec<String>,
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
    /// Records a span that is over.
    Record {
        /// The span's name in the program.
        span: String,
        /// What `record-span` is given.
        json: String,
        /// The error's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// Asks what is known of a span.
    Info {
        /// Which.
        span: String,
        /// What is known.
        #[serde(flatten)]
        gives: Info,
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

/// What is known of a span.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Its kind.
    pub kind: String,
    /// Its name, while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Decimal.
    pub span_id: String,
    /// As it is sent.
    pub trace_id: String,
    /// Decimal; none for a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
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
    /// Gives back something that is not an event: the text `nonsense`.
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
