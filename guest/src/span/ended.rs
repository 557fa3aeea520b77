//! A span that has ended, until it is encoded.

use super::{Failure, Frame, Record, Shape};
use crate::limits::SPAN_BYTES;
use witspan_json::Members;

/// A span that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) frame: Frame,
    pub(crate) record: Box<Record>,
    pub(crate) failure: Option<Failure>,
    pub(crate) duration_ns: u64,
    /// The prompt of the parent, for an llm span that has none of its own.
    pub(crate) parents_prompt: Option<Members>,
    /// The version of the tool that was called, as the calling span defined it.
    pub(crate) tool_version: Option<String>,
    /// What happened to its content on the way, as tags that an application cannot set.
    pub(crate) marks: Vec<(&'static str, String)>,
    /// Input or output was left out because the span was too long with it.
    pub(crate) io_dropped: bool,
}

impl Ended {
    /// The session that is sent: an annotation's, else the frame's.
    pub(crate) fn session(&self) -> Option<&str> {
        self.record.annotations.session.as_deref().or(self.frame.session.as_deref())
    }

    /// About how many bytes it takes until it is encoded.
    pub(crate) fn size(&self) -> usize {
        let failure = self
            .failure
            .as_ref()
            .map_or(0, |f| f.message.len() + f.error_type.len() + f.stack.len());
        let prompt = self.parents_prompt.as_ref().map_or(0, Members::size);
        self.record.size() + failure + prompt + SPAN_BYTES
    }
}

/// An input or output of this shape that holds only `text`, in which nothing needs an escape.
pub(crate) fn stand_in(shape: Shape, text: &str) -> String {
    match shape {
        Shape::Messages => format!(r#"{{"messages":[{{"content":"{text}","role":""}}]}}"#),
        Shape::Documents => format!(r#"{{"documents":[{{"text":"{text}"}}]}}"#),
        Shape::Value => format!(r#"{{"value":"{text}"}}"#),
    }
}
