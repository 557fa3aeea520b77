//! What the benchmark asks of a contender, and the two cases it asks for.

use crate::Outcome;

/// What is done with a span between its start and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Nothing: a task with a name.
    Bare,
    /// One annotation, of an llm span with a name, a model and its provider.
    Annotated,
}

impl Case {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Case::Bare => "bare",
            Case::Annotated => "annotated",
        }
    }

    pub(crate) fn parse(name: &str) -> Outcome<Case> {
        [Case::Bare, Case::Annotated]
            .into_iter()
            .find(|case| case.name() == name)
            .ok_or_else(|| format!("`{name}` is no case; there are: bare, annotated").into())
    }
}

/// The names that spans get.
pub(crate) const TASK: &str = "step";
pub(crate) const CHAT: &str = "chat";
pub(crate) const MODEL: &str = "gpt-4o";
pub(crate) const PROVIDER: &str = "openai";

/// Something that makes spans.
pub(crate) trait Contender {
    /// How it is called in the results.
    const NAME: &'static str;
    /// A span that has started.
    type Span: Copy;

    fn start(&mut self, case: Case) -> Outcome<Self::Span>;
    fn annotate(&mut self, span: Self::Span, annotation: &str) -> Outcome<()>;
    fn finish(&mut self, span: Self::Span) -> Outcome<()>;
    /// Hands out all that has finished; an error if any span was lost.
    fn deliver(&mut self) -> Outcome<()>;
}
