//! What is known of one span: its kind, the frame that its children need, and the record that is
//! sent.

mod annotations;
mod app;
mod ended;
mod table;
mod trace;

use crate::ids::Handle;
use crate::limits::{FAILURE_TEXT, cut_text};
use std::rc::Rc;

pub(crate) use annotations::{Annotations, Extra, Keys};
pub(crate) use app::App;
pub(crate) use ended::{Ended, stand_in};
pub(crate) use table::{Slot, SpanTable};
pub(crate) use trace::{Decision, Trace};

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpanKind {
    /// One call of a language model.
    Llm,
    /// A fixed sequence of steps.
    Workflow,
    /// A sequence of steps that a model chooses.
    Agent,
    /// One call of a program or service outside.
    Tool,
    /// One step inside the application.
    #[default]
    Task,
    /// One call of an embedding model.
    Embedding,
    /// One search in a knowledge base.
    Retrieval,
}

/// What a kind's input or output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Messages,
    Documents,
    Value,
}

impl SpanKind {
    /// All kinds, in the order of the contract.
    pub const ALL: [SpanKind; 7] = [
        SpanKind::Llm,
        SpanKind::Workflow,
        SpanKind::Agent,
        SpanKind::Tool,
        SpanKind::Task,
        SpanKind::Embedding,
        SpanKind::Retrieval,
    ];

    /// The kind's name in the contract and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            SpanKind::Llm => "llm",
            SpanKind::Workflow => "workflow",
            SpanKind::Agent => "agent",
            SpanKind::Tool => "tool",
            SpanKind::Task => "task",
            SpanKind::Embedding => "embedding",
            SpanKind::Retrieval => "retrieval",
        }
    }

    pub(crate) fn input_shape(self) -> Shape {
        match self {
            SpanKind::Llm => Shape::Messages,
            SpanKind::Embedding => Shape::Documents,
            _ => Shape::Value,
        }
    }

    pub(crate) fn output_shape(self) -> Shape {
        match self {
            SpanKind::Llm => Shape::Messages,
            SpanKind::Retrieval => Shape::Documents,
            _ => Shape::Value,
        }
    }

    /// Whether a model's name belongs to the kind.
    pub(crate) fn has_model(self) -> bool {
        matches!(self, SpanKind::Llm | SpanKind::Embedding)
    }
}

/// An error that a span ended with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// What it says.
    pub message: String,
    /// Its type.
    pub error_type: String,
    /// Where it came from.
    pub stack: String,
}

impl Failure {
    /// Cuts texts that are too long, so that a span is never dropped because of its error.
    pub(crate) fn within_limits(mut self) -> Self {
        for text in [&mut self.message, &mut self.error_type, &mut self.stack] {
            cut_text(text, FAILURE_TEXT);
        }
        self
    }
}

/// An agent span, as the spans below it name it.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) span_id: u64,
}

/// What a span's children need of it; it outlives the span.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: SpanKind,
    pub(crate) parent: Handle,
    /// The parent had finished when this span started.
    pub(crate) late: bool,
    pub(crate) span_id: u64,
    pub(crate) start_ns: u64,
    /// `None` while it is open.
    pub(crate) duration_ns: Option<u64>,
    /// 0 for a root.
    pub(crate) parent_id: u64,
    pub(crate) trace: Rc<Trace>,
    pub(crate) app: Rc<App>,
    pub(crate) session: Option<Rc<str>>,
    /// The nearest agent above.
    pub(crate) agent: Option<Rc<Agent>>,
    /// Itself, if it is an agent.
    pub(crate) as_agent: Option<Rc<Agent>>,
}

/// What is sent of a span besides its frame.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) kind: SpanKind,
    pub(crate) name: Option<String>,
    pub(crate) model_name: Option<String>,
    pub(crate) model_provider: Option<String>,
    pub(crate) start_ns: u64,
    /// The monotonic reading at the start; `None` if the start was given.
    pub(crate) started: Option<u64>,
    pub(crate) annotations: Annotations,
}

impl Record {
    /// Bytes held besides the fixed part of a slot.
    #[inline(always)]
    pub(crate) fn size(&self) -> usize {
        let text = |t: &Option<String>| t.as_ref().map_or(0, String::len);
        text(&self.name)
            + text(&self.model_name)
            + text(&self.model_provider)
            + self.annotations.size()
    }

    /// The name that is sent.
    pub(crate) fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.kind.name())
    }
}
