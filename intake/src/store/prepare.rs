//! Prepares a decoded request for the writer. All work that needs no database is done here, on the
//! request's own thread, because there is only one writer.

use serde_json::{Value, json};

use super::compression::pack;
use super::forward_queue::Forwarding;
#[cfg(test)]
use crate::model::Decoded;
use crate::model::{DropReport, Evaluation, Keep, Kind, Span, Taken};

/// Characters of a preview.
const PREVIEW: usize = 240;

/// A request that is ready to be written.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) spans: Vec<PreparedSpan>,
    pub(crate) evaluations: Vec<PreparedEvaluation>,
    pub(crate) drops: Vec<DropReport>,
    /// Boxed to keep requests small, because few intakes forward.
    pub(crate) forwarding: Option<Box<Forwarding>>,
}

/// A span whose meta and event are compressed.
pub(crate) struct PreparedSpan {
    /// Its `meta` and `raw` are empty.
    pub(crate) span: Span,
    pub(crate) packed: Vec<u8>,
    pub(crate) tags: String,
    pub(crate) metrics: String,
    pub(crate) error_type: Option<String>,
    pub(crate) input_preview: String,
    pub(crate) output_preview: String,
}

/// An evaluation whose JSON values are serialized.
pub(crate) struct PreparedEvaluation {
    /// Without the values of the other fields.
    pub(crate) evaluation: Evaluation,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
    pub(crate) submitter: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) tags: String,
}

impl PreparedSpan {
    /// About how much memory it takes, in bytes.
    fn size(&self) -> usize {
        let tags: usize = self.span.tags.iter().map(|tag| 40 + tag.len()).sum();
        let metrics: usize = self.span.metrics.iter().map(|(name, _)| 60 + name.len()).sum();
        let texts = self.tags.len() + self.metrics.len() + self.span.name.len();
        let previews = self.input_preview.len() + self.output_preview.len();
        1_100 + self.packed.len() + texts + previews + tags + metrics
    }

    /// Whether its tokens and cost count for the trace. Those of an agent or a workflow may repeat the
    /// totals of its children.
    pub(crate) fn counts(&self) -> bool {
        counts(&self.span.kind)
    }
}

/// Whether tokens and cost of this kind of span are not repeated from its children.
pub(crate) fn counts(kind: &Kind) -> bool {
    matches!(kind, Kind::Llm | Kind::Embedding | Kind::Other(_))
}

impl PreparedEvaluation {
    /// About how much memory it takes, in bytes.
    fn size(&self) -> usize {
        let parts = [&self.error, &self.submitter, &self.metadata];
        let parts: usize = parts.into_iter().flatten().map(String::len).sum();
        800 + self.evaluation.raw.len() + self.value.len() + parts + self.tags.len()
    }
}

impl Prepared {
    #[cfg(test)]
    pub(crate) fn new(decoded: Decoded, forwarding: Option<Forwarding>) -> Self {
        let mut prepared = Self::default();
        for span in decoded.spans {
            prepared.span(span);
        }
        for evaluation in decoded.evaluations {
            prepared.evaluation(evaluation);
        }
        let taken = Taken { drops: decoded.drops, ..Taken::default() };
        prepared.complete(taken, forwarding);
        prepared
    }

    /// Adds the drop reports of the request, and what is forwarded of it.
    pub(crate) fn complete(&mut self, taken: Taken, forwarding: Option<Forwarding>) {
        self.drops = taken.drops;
        self.forwarding = forwarding.map(Box::new);
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let spans = self.spans.iter().map(PreparedSpan::size);
        let evaluations = self.evaluations.iter().map(PreparedEvaluation::size);
        let drops = self.drops.iter().map(|report| 200 + 64 * report.counts.len());
        let forwarding = self.forwarding.iter().map(|forwarding| forwarding.size());
        spans.chain(evaluations).chain(drops).chain(forwarding).sum()
    }
}

impl Keep for Prepared {
    fn span(&mut self, span: Span) -> usize {
        let span = prepare(span);
        let size = span.size();
        self.spans.push(span);
        size
    }

    fn evaluation(&mut self, mut evaluation: Evaluation) -> usize {
        let text = |value: Option<Value>| value.map(|value| value.to_string());
        let prepared = PreparedEvaluation {
            value: std::mem::take(&mut evaluation.value).to_string(),
            error: text(evaluation.error.take()),
            submitter: text(evaluation.submitter.take()),
            metadata: text(evaluation.metadata.take()),
            tags: json!(std::mem::take(&mut evaluation.tags)).to_string(),
            evaluation,
        };
        let size = prepared.size();
        self.evaluations.push(prepared);
        size
    }
}

fn prepare(mut span: Span) -> PreparedSpan {
    span.duration_ns = span.duration_ns.max(0);
    // Protobuf allows NaN and infinity. JSON does not, and they would spoil every total.
    span.metrics.retain(|(_, value)| value.is_finite());
    let meta = std::mem::take(&mut span.meta);
    let raw = std::mem::take(&mut span.raw);
    let metrics = span.metrics.iter().map(|(key, value)| (key.clone(), json!(value)));
    PreparedSpan {
        packed: pack(&meta, &raw),
        tags: json!(span.tags).to_string(),
        metrics: Value::Object(metrics.collect()).to_string(),
        error_type: meta["error"]["type"].as_str().map(|name| shorten(name, PREVIEW)),
        input_preview: preview(&meta["input"], "user"),
        output_preview: preview(&meta["output"], "assistant"),
        span,
    }
}

/// A preview of an input or output: the last message of that role, the first document, or the value.
fn preview(part: &Value, role: &str) -> String {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => shorten(text, PREVIEW),
        other => shorten(&other.to_string(), PREVIEW),
    };
    if let Some(messages) = part["messages"].as_array().filter(|list| !list.is_empty()) {
        let spoken = |message: &&Value| {
            !matches!(&message["content"], Value::Null) && message["content"] != ""
        };
        let chosen = (messages.iter().rev().filter(spoken).find(|message| message["role"] == role))
            .or_else(|| messages.iter().rev().find(spoken));
        return match chosen {
            Some(message) => text(&message["content"]),
            None => text(&messages[messages.len() - 1]["tool_calls"]),
        };
    }
    if let Some(document) = part["documents"].as_array().and_then(|list| list.first()) {
        return text(&document["text"]);
    }
    text(&part["value"])
}

/// The text on one line, truncated to `limit` characters.
fn shorten(text: &str, limit: usize) -> String {
    let mut line = String::with_capacity(text.len().min(limit * 2));
    let mut count = 0;
    for word in text.split_whitespace() {
        if count > 0 {
            line.push(' ');
            count += 1;
        }
        for character in word.chars() {
            if count >= limit {
                line.push('…');
                return line;
            }
            line.push(character);
            count += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_what_the_user_said_last_and_what_was_answered() {
        let messages = json!({"messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "why is\nthe sky blue?"},
            {"role": "assistant", "content": "Rayleigh"},
            {"role": "tool", "content": "42"},
        ]});
        assert_eq!(preview(&messages, "user"), "why is the sky blue?");
        assert_eq!(preview(&messages, "assistant"), "Rayleigh");
        assert_eq!(preview(&json!({"documents": [{"text": "doc"}]}), "user"), "doc");
        assert_eq!(preview(&json!({"value": {"a": 1}}), "user"), "{\"a\":1}");
        assert_eq!(preview(&Value::Null, "user"), "");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = shorten(&"é".repeat(500), 10);
        assert_eq!(cut, format!("{}…", "é".repeat(10)));
    }
}
