//! The model of all formats: spans, evaluations, and reports of drops.
//!
//! Decoders make these, the store keeps them. Nothing here knows a wire format.

use serde_json::Value;

/// The kind of a span. Datadog's seven kinds have names; a foreign one keeps its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Llm,
    Workflow,
    Agent,
    Tool,
    Task,
    Embedding,
    Retrieval,
    /// A kind the tracer made up, such as `experiment` or `step`.
    Other(String),
}

impl Kind {
    /// The kind with this name; names are compared as they are.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "llm" => Self::Llm,
            "workflow" => Self::Workflow,
            "agent" => Self::Agent,
            "tool" => Self::Tool,
            "task" => Self::Task,
            "embedding" => Self::Embedding,
            "retrieval" => Self::Retrieval,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name as the wire has it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Llm => "llm",
            Self::Workflow => "workflow",
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Task => "task",
            Self::Embedding => "embedding",
            Self::Retrieval => "retrieval",
            Self::Other(name) => name,
        }
    }
}

/// Whether the traced work ended well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    #[default]
    Ok,
    Error,
}

impl Status {
    /// `ok` or `error`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// The format a span came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The documented public API.
    Public,
    /// What Datadog's SDKs send to their own intake.
    Sdk,
    /// Inside an APM trace.
    Apm,
    /// OpenTelemetry's protocol.
    Otlp,
}

impl Source {
    /// The format with this name; the public API's for an unknown name.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "sdk" => Self::Sdk,
            "apm" => Self::Apm,
            "otlp" => Self::Otlp,
            _ => Self::Public,
        }
    }

    /// The name shown to people: `public`, `sdk`, `apm` or `otlp`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Sdk => "sdk",
            Self::Apm => "apm",
            Self::Otlp => "otlp",
        }
    }
}

/// One span, whole.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// As sent: 32 lower-case hex digits from the SDKs, anything from the public API.
    pub(crate) trace_id: String,
    /// As sent: decimal from the SDKs, 16 hex digits from OpenTelemetry.
    pub(crate) span_id: String,
    /// `None` for a root.
    pub(crate) parent_id: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// ns since the Unix epoch.
    pub(crate) start_ns: i64,
    /// ns, never negative.
    pub(crate) duration_ns: i64,
    pub(crate) status: Status,
    pub(crate) ml_app: String,
    pub(crate) service: Option<String>,
    pub(crate) env: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) provider: Option<String>,
    /// The language of the tracer, if it said so: `python`, `javascript`, `rust` …
    pub(crate) language: Option<String>,
    /// The key by which an evaluation of scope `external` finds the span.
    pub(crate) feedback_join_key: Option<String>,
    /// `key:value`, in the order sent.
    pub(crate) tags: Vec<String>,
    pub(crate) metrics: Vec<(String, f64)>,
    /// One shape for all formats, each member only where there is something:
    /// `{"input": {"messages" | "documents" | "value", "prompt"?}, "output": {…}, "metadata": {},
    /// "error": {"message", "type", "stack"}, "tool_definitions": [], "links": []}`.
    pub(crate) meta: Value,
    pub(crate) source: Source,
    /// The event as received, as JSON text; msgpack and protobuf are rendered as JSON.
    pub(crate) raw: String,
}

impl Span {
    /// The metric of this name.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Dollars, if they were sent: the total, else the sum of input and output.
    pub(crate) fn cost(&self) -> Option<f64> {
        self.metric("total_cost").or_else(|| self.sum("input_cost", "output_cost"))
    }

    /// Tokens in all: as sent, else the sum of input and output.
    pub(crate) fn total_tokens(&self) -> Option<f64> {
        self.metric("total_tokens").or_else(|| self.sum("input_tokens", "output_tokens"))
    }

    fn sum(&self, one: &str, other: &str) -> Option<f64> {
        match (self.metric(one), self.metric(other)) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0.0) + other.unwrap_or(0.0)),
        }
    }
}

/// The item that an evaluation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Span,
    Trace,
    Session,
    /// Found by a key of the application.
    External,
}

impl Scope {
    /// The name as the wire has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Trace => "trace",
            Self::Session => "session",
            Self::External => "external",
        }
    }
}

/// One evaluation or one piece of feedback.
#[derive(Clone, Debug)]
pub(crate) struct Evaluation {
    /// Unique: the sender's, or made by the decoder.
    pub(crate) id: String,
    /// Feedback of a person or an agent, not the verdict of an evaluator.
    pub(crate) feedback: bool,
    pub(crate) scope: Scope,
    pub(crate) trace_id: Option<String>,
    pub(crate) span_id: Option<String>,
    pub(crate) session_id: Option<String>,
    /// The tag that names the span, where no ids do.
    pub(crate) join_tag: Option<(String, String)>,
    /// The application's own key, for scope `external`.
    pub(crate) join_key: Option<String>,
    pub(crate) ml_app: String,
    pub(crate) label: String,
    /// `categorical`, `score`, `boolean`, `json` or `text`.
    pub(crate) metric_type: String,
    /// `Null` if the evaluator has no value.
    pub(crate) value: Value,
    /// `pass` or `fail`.
    pub(crate) assessment: Option<String>,
    pub(crate) reasoning: Option<String>,
    /// `OK`, `WARN` or `ERROR`.
    pub(crate) status: Option<String>,
    /// `{"message", "type", "stack"}` of a failed evaluator.
    pub(crate) error: Option<Value>,
    /// `{"id", "type"}` of the submitter of feedback.
    pub(crate) submitter: Option<Value>,
    pub(crate) tags: Vec<String>,
    /// ms since the Unix epoch.
    pub(crate) timestamp_ms: i64,
    pub(crate) metadata: Option<Value>,
    /// As received, as JSON text.
    pub(crate) raw: String,
}

/// The items that a report of drops counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    Spans,
    Evaluations,
}

impl Lost {
    /// `spans` or `evaluations`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Evaluations => "evaluations",
        }
    }
}

/// The drops that one tracer reports since it started.
#[derive(Clone, Debug)]
pub(crate) struct DropReport {
    /// One tracer process.
    pub(crate) client: String,
    pub(crate) ml_app: Option<String>,
    pub(crate) language: Option<String>,
    /// ms since the Unix epoch.
    pub(crate) at_ms: i64,
    pub(crate) what: Lost,
    /// By reason. Cumulative: a report replaces the client's last one.
    pub(crate) counts: Vec<(String, u64)>,
    /// True where the counts are only what is new since the last report, as ddtrace's telemetry has
    /// it; the store adds them up.
    pub(crate) delta: bool,
}

/// Receives the spans and evaluations of a request one by one, so that a large request is never in memory
/// as a whole. Each call returns about how many bytes stay in memory.
pub(crate) trait Keep {
    fn span(&mut self, span: Span) -> usize;
    fn evaluation(&mut self, evaluation: Evaluation) -> usize;
}

/// The counts and reports of one request, without its spans and evaluations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) spans: u64,
    pub(crate) evaluations: u64,
    pub(crate) drops: Vec<DropReport>,
    /// For the log: values that were unusual but accepted.
    pub(crate) warnings: Vec<String>,
    pub(crate) left_out: LeftOut,
}

/// The invalid spans and evaluations of a request, which were dropped alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeftOut {
    pub(crate) spans: u64,
    pub(crate) evaluations: u64,
    /// The first ones.
    pub(crate) flaws: Vec<Flaw>,
}

impl LeftOut {
    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.spans.saturating_add(self.evaluations)
    }
}

/// The error of one span or evaluation.
#[derive(Clone, Debug)]
pub(crate) struct Flaw {
    /// The JSON pointer of the field at fault.
    pub(crate) pointer: String,
    pub(crate) reason: String,
    /// Which one it is, by its name and ids as far as it has them; safe to print.
    pub(crate) of: String,
}

impl Flaw {
    /// The reason, with which one it is.
    pub(crate) fn detail(&self) -> String {
        if self.of.is_empty() {
            self.reason.clone()
        } else {
            format!("{} ({})", self.reason, self.of)
        }
    }
}

/// A whole request in memory, for tests.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) spans: Vec<Span>,
    pub(crate) evaluations: Vec<Evaluation>,
    pub(crate) drops: Vec<DropReport>,
    pub(crate) warnings: Vec<String>,
    pub(crate) left_out: LeftOut,
}

#[cfg(test)]
impl Keep for Decoded {
    fn span(&mut self, span: Span) -> usize {
        self.spans.push(span);
        0
    }

    fn evaluation(&mut self, evaluation: Evaluation) -> usize {
        self.evaluations.push(evaluation);
        0
    }
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400. `pointer` is the JSON pointer of the field at fault, empty for the whole body.
    BadRequest { pointer: String, reason: String },
    /// 413.
    TooLarge { reason: String },
    /// 415.
    Unsupported { reason: String },
    /// 429: this machine has not enough memory for it now.
    Busy,
}
