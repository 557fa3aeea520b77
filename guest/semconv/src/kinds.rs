//! Kinds of spans: which attribute and value mean which kind.

use Meaning::{Near, Same};

/// What a value of an attribute says about the kind of a span.
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    /// It is this kind: read as it, and written for it.
    Same(&'static str),
    /// This is the nearest kind: the value is read as it, and never written.
    Near(&'static str),
}

/// It has kinds that the conventions have no word for, and is also written for unknown kinds.
const OPENLLMETRY: &str = "traceloop.span.kind";

/// The attributes that say the kind, and their values. The first attribute that a span has decides when
/// reading; the first value that is the [`Same`] is written.
pub const KINDS: &[(&str, &[(&str, Meaning)])] = &[
    (
        "gen_ai.operation.name",
        &[
            ("chat", Same("llm")),
            ("text_completion", Near("llm")),
            ("completion", Near("llm")),
            ("generate_content", Near("llm")),
            ("embeddings", Same("embedding")),
            ("execute_tool", Same("tool")),
            ("invoke_agent", Same("agent")),
            ("create_agent", Near("agent")),
            ("retrieval", Same("retrieval")),
            ("invoke_workflow", Same("workflow")),
            ("plan", Near("task")),
            ("search_memory", Near("retrieval")),
            ("create_memory", Near("task")),
            ("update_memory", Near("task")),
            ("upsert_memory", Near("task")),
            ("delete_memory", Near("task")),
        ],
    ),
    (
        "openinference.span.kind",
        &[
            ("LLM", Same("llm")),
            ("CHAIN", Near("workflow")),
            ("AGENT", Same("agent")),
            ("TOOL", Same("tool")),
            ("EMBEDDING", Same("embedding")),
            ("RETRIEVER", Same("retrieval")),
            ("RERANKER", Near("retrieval")),
            ("GUARDRAIL", Near("task")),
            ("EVALUATOR", Near("task")),
            ("PROMPT", Near("task")),
        ],
    ),
    (
        OPENLLMETRY,
        &[
            ("workflow", Same("workflow")),
            ("task", Same("task")),
            ("agent", Same("agent")),
            ("tool", Same("tool")),
        ],
    ),
    (
        "llm.request.type",
        &[
            ("chat", Same("llm")),
            ("completion", Near("llm")),
            ("embedding", Same("embedding")),
            ("rerank", Near("retrieval")),
        ],
    ),
    (
        "langfuse.observation.type",
        &[
            ("generation", Same("llm")),
            ("span", Near("workflow")),
            ("chain", Near("workflow")),
            ("event", Near("task")),
            ("agent", Same("agent")),
            ("tool", Same("tool")),
            ("retriever", Same("retrieval")),
            ("embedding", Same("embedding")),
            ("evaluator", Near("task")),
            ("guardrail", Near("task")),
        ],
    ),
];

/// The kind that `value` means, if it is one of `values`.
#[must_use]
pub fn read(values: &[(&str, Meaning)], value: &str) -> Option<&'static str> {
    let (_, Same(kind) | Near(kind)) = values.iter().find(|(name, _)| *name == value)?;
    Some(kind)
}

/// The attribute and the value to write for a span of this kind.
#[must_use]
pub fn written(kind: &str) -> (&'static str, &str) {
    for (attribute, values) in KINDS {
        for (value, meaning) in *values {
            if matches!(meaning, Same(name) if *name == kind) {
                return (attribute, value);
            }
        }
    }
    (OPENLLMETRY, kind)
}

#[cfg(test)]
mod tests {
    use super::{KINDS, read, written};

    /// What a reader makes of an attribute.
    fn back(attribute: &str, value: &str) -> Option<&'static str> {
        let (_, values) = KINDS.iter().find(|(name, _)| *name == attribute)?;
        read(values, value)
    }

    #[test]
    fn every_kind_is_read_back_from_what_is_written_for_it() {
        for kind in ["llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"] {
            let (attribute, value) = written(kind);
            assert_eq!(back(attribute, value), Some(kind), "{attribute}={value}");
        }
    }

    #[test]
    fn a_workflow_has_its_own_word_in_the_conventions() {
        assert_eq!(written("workflow"), ("gen_ai.operation.name", "invoke_workflow"));
        assert_eq!(back("gen_ai.operation.name", "invoke_workflow"), Some("workflow"));
    }

    #[test]
    fn a_value_that_is_only_near_a_kind_is_never_written() {
        assert_eq!(back("gen_ai.operation.name", "plan"), Some("task"));
        assert_eq!(written("task"), ("traceloop.span.kind", "task"));
    }
}
