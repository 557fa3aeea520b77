//! Reads one annotation: checks every part, and writes each in the form that is sent.
//!
//! Everything is read into an empty [`Annotations`] first, so a call that fails changes nothing.
//! The rules per field are in `wit/tracing.wit`, at `annotate`.
//!
//! The files build on each other: `path` and `value` come first, then `parser`, then `fields`. The
//! other files use these four: one for each member of an annotation, and `messages`, `parts` and
//! `content` for what a message holds.

mod agent;
mod content;
mod documents;
mod event;
mod fields;
mod io;
mod links;
mod messages;
mod metadata;
mod metrics;
mod parser;
mod parts;
mod path;
mod prompt;
mod stream;
mod tags;
mod text;
mod tools;
mod value;

use crate::error::{Refused, Warning};
use crate::span::{Annotations, SpanKind};
use witspan_json::{Canonicalizer, Reader, Value};

pub(crate) use event::{Changed, read_event};
pub(crate) use fields::{Given, foreign, open_object};
pub(crate) use metrics::write_metric;
pub(crate) use parser::{AS_TEXT, Parser, VALUE_OF_AN_OBJECT, close};
pub(crate) use path::Path;
pub use text::text_of;
pub(crate) use tools::version_of;
pub(crate) use value::{Field, got, is_nothing, mark, number_of};

/// The table of the members of an annotation. A key is searched among the names, so these are a
/// list of their own.
macro_rules! members {
    ($($member:ident $name:literal,)+) => {
        /// A member of an annotation.
        #[derive(Clone, Copy, PartialEq)]
        enum Member {
            $($member,)+
        }

        /// The names of the members.
        const NAMES: [&str; [$($name,)+].len()] = [$($name,)+];
        /// The members, in the order of their names.
        const MEMBERS: [Member; NAMES.len()] = [$(Member::$member,)+];
    };
}

members! {
    Input "input",
    Output "output",
    OutputStream "output_stream",
    Metadata "metadata",
    Metrics "metrics",
    Tags "tags",
    CostTags "cost_tags",
    Prompt "prompt",
    ToolDefinitions "tool_definitions",
    Agent "agent",
    Links "links",
    Intent "intent",
    Integration "integration",
}

/// The members of an annotation context, besides its name.
const CONTEXT_MEMBERS: [Member; 4] =
    [Member::Tags, Member::CostTags, Member::Prompt, Member::Agent];

/// Reads `text`, an annotation of a span of this kind, into the empty `annotations`.
pub(crate) fn parse(
    kind: SpanKind,
    text: &str,
    annotations: &mut Annotations,
    canonicalizer: &mut Canonicalizer,
) -> Result<Vec<Warning>, Refused> {
    let mut parser = Parser::new(canonicalizer);
    parser.whole("annotation", text, &mut |parser, key, value, reader| {
        let Some(member) = key.which(&NAMES).and_then(|at| MEMBERS.get(at)) else {
            return Err(foreign("annotation", "an annotation", &key.decode(), &NAMES));
        };
        match member {
            Member::Input => {
                let (path, shape) = (Path::of("input"), kind.input_shape());
                parser.io(&path, shape, value, reader, &mut annotations.input)
            }
            Member::Output => {
                let (path, shape) = (Path::of("output"), kind.output_shape());
                parser.io(&path, shape, value, reader, &mut annotations.output)
            }
            Member::OutputStream => {
                parser.output_stream(kind.output_shape(), value, reader, &mut annotations.output)
            }
            Member::Metadata => parser.metadata(value, reader, &mut annotations.metadata),
            Member::Metrics => parser.metrics(value, reader, &mut annotations.metrics),
            Member::ToolDefinitions => {
                parser.tool_definitions(value, reader, &mut annotations.extra().tools)?;
                if kind != SpanKind::Llm && !annotations.extra().tools.is_empty() {
                    annotations.extra().tools.clear();
                    let path = Path::of("tool_definitions");
                    parser.warn(&path, format_args!("is only for llm spans: it was left out"));
                }
                Ok(())
            }
            Member::Agent if kind != SpanKind::Agent && !matches!(value, Value::Null) => {
                let what = format_args!("is only for agent spans: it was left out");
                parser.warn(&Path::of("agent"), what);
                Ok(reader.skip(value)?)
            }
            Member::Links => parser.links(value, reader, &mut annotations.extra().links),
            Member::Intent => parser.intent(value, reader, &mut annotations.extra().intent),
            Member::Integration => parser.integration(value, reader, annotations),
            shared => parser.shared(*shared, value, reader, annotations),
        }
    })?;
    Ok(parser.warnings)
}

/// Reads `text`, an annotation context, into the empty `annotations` and `name`. Without a kind the
/// context is only checked; with one, what other kinds have is left out.
pub(crate) fn parse_context(
    kind: Option<SpanKind>,
    text: &str,
    annotations: &mut Annotations,
    name: &mut Option<String>,
    canonicalizer: &mut Canonicalizer,
) -> Result<Vec<Warning>, Refused> {
    let mut parser = Parser::new(canonicalizer);
    parser.whole("context", text, &mut |parser, key, value, reader| {
        let of_context = |member: &&Member| CONTEXT_MEMBERS.contains(member);
        let member = key.which(&NAMES).and_then(|at| MEMBERS.get(at)).filter(of_context);
        if key.is("name") {
            if !matches!(value, Value::Null) {
                parser.check_text(&Path::of("name"), value, "text")?;
                *name = Some(parser.decoded(value, reader)?);
            }
            return Ok(());
        }
        let Some(member) = member else {
            let accepted = ["name", "tags", "cost_tags", "prompt", "agent"];
            return Err(foreign("context", "an annotation context", &key.decode(), &accepted));
        };
        if matches!(member, Member::Tags | Member::Prompt)
            && !matches!(value, Value::Null | Value::Object)
        {
            let path = if *member == Member::Tags { "tags" } else { "prompt" };
            parser.left_out(&Path::of(path), value.describe(), "an object")?;
            return Ok(reader.skip(value)?);
        }
        parser.shared(*member, value, reader, annotations)
    })?;
    if kind.is_some_and(|kind| kind != SpanKind::Agent)
        && let Some(extra) = &mut annotations.extra
    {
        extra.agent.clear();
        extra.agent_version.clear();
    }
    Ok(parser.warnings)
}

impl Parser<'_> {
    /// Reads one of the members that annotations and contexts share.
    fn shared<'a>(
        &mut self,
        member: Member,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        annotations: &mut Annotations,
    ) -> Result<(), Refused> {
        match member {
            Member::CostTags => self.cost_tags(value, reader, &mut annotations.extra().cost_tags),
            Member::Prompt => self.prompt(value, reader, &mut annotations.extra().prompt),
            Member::Agent => self.agent(value, reader, annotations.extra()),
            _ => self.tags(value, reader, annotations),
        }
    }
}
