//! What is known of one span.

use crate::notes::Notes;
use crate::slots::Handle;
use crate::trace::Trace;
use std::rc::Rc;
use witspan_setup::Settings;

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
            cut_text(text, FAILURE_TEXT);
        }
        self
    }
}

/// Bytes that a session or an ML app keeps: they outlive the span.
pub(crate) const NAME_BYTES: usize = 4096;

/// Cuts a text that is longer than so many bytes, and says so in it.
pub(crate) fn cut_text(text: &mut String, longest: usize) {
    if text.len() > longest {
        let notice = cut_notice(text.as_bytes());
        text.truncate(text.floor_char_boundary(longest));
        text.push_str(&notice);
    }
}

/// What is said at the end of a text that is cut: its length, or, if it was cut before, what is
/// said there already.
pub(crate) fn cut_notice(text: &[u8]) -> String {
    const BEGIN: &[u8] = b" [cut: ";
    let before = text.len().saturating_sub(32);
    let end = text.get(before..).filter(|end| end.ends_with(b" bytes]")).unwrap_or_default();
    let at = end.windows(BEGIN.len()).position(|window| window == BEGIN);
    match at.and_then(|at| end.get(at..)) {
        Some(notice) => String::from_utf8_lossy(notice).into_owned(),
        None => format!(" [cut: {} bytes]", text.len()),
    }
}

/// An ML app and the tags that all its spans share, encoded once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    /// It is not the app of the settings.
    pub(crate) is_another: bool,
    /// `key:value`, escaped, with the key's length; in order of the whole text.
    pub(crate) tags: Vec<(usize, Vec<u8>)>,
    /// The whole `tags` list of a span that has none of its own and no error.
    pub(crate) plain_tags: Vec<u8>,
}

impl App {
    pub(crate) fn new(name: &str, settings: &Settings) -> Self {
        let mut app = App {
            name: name.to_owned(),
            is_another: name != settings.ml_app,
            tags: Vec::new(),
            plain_tags: Vec::new(),
        };
        crate::encode::prepare_tags(&mut app, settings);
        app
    }

    /// Whether all its spans have a tag of this key, escaped.
    pub(crate) fn has_tag(&self, key: &[u8]) -> bool {
        self.tags.iter().any(|(key_len, tag)| tag.get(..*key_len) == Some(key))
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
    pub(crate) notes: Notes,
}

impl Record {
    /// Bytes held besides the fixed part of a slot.
    #[inline(always)]
    pub(crate) fn size(&self) -> usize {
        let text = |t: &Option<String>| t.as_ref().map_or(0, String::len);
        text(&self.name) + text(&self.model_name) + text(&self.model_provider) + self.notes.size()
    }

    /// The name that is sent.
    pub(crate) fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.kind.name())
    }
}
