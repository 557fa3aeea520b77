//! What is known of one span.

use crate::ids::TraceId;
use crate::members::Members;
use crate::settings::Settings;
use crate::slots::Handle;
use std::sync::Arc;

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

/// Bytes that each text of a failure keeps.
const FAILURE_TEXT: usize = 64 << 10;

impl Failure {
    /// Cuts texts that are too long, so that an error never costs the span that tells of it.
    pub(crate) fn within_limits(mut self) -> Self {
        for text in [&mut self.message, &mut self.error_type, &mut self.stack] {
            let length = text.len();
            if length > FAILURE_TEXT {
                text.truncate(text.floor_char_boundary(FAILURE_TEXT));
                text.push_str(&format!(" [cut: {length} bytes]"));
            }
        }
        self
    }
}

/// An ML app and the tags that all its spans share, encoded once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    /// `key:value`, escaped, with the key's length.
    pub(crate) tags: Vec<(usize, Vec<u8>)>,
    /// The whole `tags` list of a span that has none of its own and no error.
    pub(crate) plain_tags: Vec<u8>,
}

impl App {
    pub(crate) fn new(name: &str, settings: &Settings) -> Self {
        let mut app = App { name: name.to_owned(), tags: Vec::new(), plain_tags: Vec::new() };
        crate::encode::prepare_tags(&mut app, settings);
        app
    }
}

/// What a span's children need of it; it outlives the span.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) parent: Handle,
    /// The parent had finished when this span started.
    pub(crate) late: bool,
    pub(crate) span_id: u64,
    pub(crate) parent_id: u64,
    pub(crate) trace_id: TraceId,
    pub(crate) app: Arc<App>,
    pub(crate) session: Option<Arc<str>>,
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
    pub(crate) notes: Notes,
}

impl Record {
    /// Bytes held besides the fixed part of a slot.
    pub(crate) fn size(&self) -> usize {
        let text = |t: &Option<String>| t.as_ref().map_or(0, String::len);
        text(&self.name) + text(&self.model_name) + text(&self.model_provider) + self.notes.size()
    }
}

/// What annotations said of a span, in wire form.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The `input` object, whole, or empty.
    pub(crate) input: Vec<u8>,
    /// The `output` object, whole, or empty.
    pub(crate) output: Vec<u8>,
    pub(crate) metadata: Members,
    pub(crate) metrics: Members,
    /// Each member is the whole tag, `key:value`; its value begins with the colon.
    pub(crate) tags: Members,
    /// Set by the tag `session_id`.
    pub(crate) session: Option<Arc<str>>,
}

impl Notes {
    pub(crate) fn size(&self) -> usize {
        self.input.len()
            + self.output.len()
            + self.metadata.size()
            + self.metrics.size()
            + self.tags.size()
    }

    /// Empties it and keeps its buffers.
    pub(crate) fn clear(&mut self) {
        self.input.clear();
        self.output.clear();
        self.metadata.clear();
        self.metrics.clear();
        self.tags.clear();
        self.session = None;
    }

    /// Merges `draft` as repeated annotations do: input and output are replaced, the rest is
    /// merged by key.
    pub(crate) fn merge(&mut self, draft: &mut Notes) {
        for (kept, new) in
            [(&mut self.input, &mut draft.input), (&mut self.output, &mut draft.output)]
        {
            if new.len() > MOST_COPIED {
                *kept = std::mem::take(new);
                kept.shrink_to_fit();
            } else if !new.is_empty() {
                kept.clone_from(new);
            }
        }
        self.metadata.merge(&draft.metadata);
        self.metrics.merge(&draft.metrics);
        self.tags.merge(&draft.tags);
        if draft.session.is_some() {
            self.session.clone_from(&draft.session);
        }
    }
}

/// Up to so many bytes a copy of the right size is cheaper than a buffer that grew, in which
/// case the buffer stays for the next annotation.
const MOST_COPIED: usize = 8192;
