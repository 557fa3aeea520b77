//! Reads one annotation: checks every part, and writes each in the form that is sent.
//!
//! Everything is read into [`Notes`] of its own first, so that a call which fails anywhere
//! changes nothing. The rules per field are in `wit/tracing.wit`, at `annotate`.

mod agent;
mod content;
mod documents;
mod evaluation;
mod event;
mod links;
mod members;
mod messages;
mod parser;
mod path;
mod prompt;
mod stream;
mod targets;
mod text;
mod tools;

use crate::error::{Refused, refused};
use crate::json::{Canonicalizer, Reader, SyntaxError, Text, Value};
use crate::notes::{Keys, Notes};
use crate::span::SpanKind;
use std::fmt;

use content::comma;
pub(crate) use evaluation::{Surroundings, write_metric_of};
pub(crate) use event::{Changed, read_event};
use members::write_metric;
pub(crate) use parser::Parser;
use parser::{AS_TEXT, Field, close, foreign, got, key, mark, open_list, open_object, present};
use path::Given;
pub(crate) use path::Path;
pub use text::text_of;
use text::{is_name, is_nothing, is_text, number_of};
pub(crate) use tools::version_of;

/// Something that was accepted, but not as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The path of the field.
    pub field: String,
    /// One sentence for a person.
    pub message: String,
}

impl Warning {
    /// `field` and what is said of it.
    #[cold]
    #[inline(never)]
    pub(crate) fn of(field: &dyn fmt::Display, what: fmt::Arguments<'_>) -> Self {
        let field = field.to_string();
        let message = format!("`{field}` {what}");
        Warning { field, message }
    }
}

/// Bytes that a text may have which is read here: an annotation, a context, an evaluation, an event
/// that comes back. More than is sent of one span, and little enough that reading it, which
/// takes some times as much, fits into memory beside all that waits.
const MAX_TEXT: usize = 8 << 20;

/// At most so many warnings are given for one call; the count in the statistics is of these.
const MAX_WARNINGS: usize = 16;

impl From<SyntaxError> for Refused {
    #[cold]
    #[inline(never)]
    fn from(error: SyntaxError) -> Self {
        not_json("annotation", error)
    }
}

#[cold]
#[inline(never)]
fn not_json(what: &str, error: SyntaxError) -> Refused {
    refused(&what, &error.to_string(), "a JSON object")
}

/// Reads one member's value.
type EachMember<'e> = dyn for<'p, 'a, 'r> FnMut(
        &mut Parser<'p>,
        Text<'a>,
        Value<'a>,
        &'r mut Reader<'a>,
    ) -> Result<(), Refused>
    + 'e;

/// Appends what an object says, whose opening was read; reads it to its end.
type EachObject<'p, 'a> =
    fn(&mut Parser<'p>, &Path<'_>, &mut Reader<'a>, &mut Vec<u8>) -> Result<(), Refused>;

/// A member of an annotation.
#[derive(Clone, Copy, PartialEq)]
enum Member {
    Input,
    Output,
    OutputStream,
    Metadata,
    Metrics,
    Tags,
    CostTags,
    Prompt,
    ToolDefinitions,
    Agent,
    Links,
    Intent,
    Integration,
}

/// Their names, and what each is.
const NAMES: [&str; 13] = [
    "input",
    "output",
    "output_stream",
    "metadata",
    "metrics",
    "tags",
    "cost_tags",
    "prompt",
    "tool_definitions",
    "agent",
    "links",
    "intent",
    "integration",
];
const MEMBERS: [Member; 13] = [
    Member::Input,
    Member::Output,
    Member::OutputStream,
    Member::Metadata,
    Member::Metrics,
    Member::Tags,
    Member::CostTags,
    Member::Prompt,
    Member::ToolDefinitions,
    Member::Agent,
    Member::Links,
    Member::Intent,
    Member::Integration,
];

/// What a context may say, besides a name.
const CONTEXT_MEMBERS: [Member; 4] =
    [Member::Tags, Member::CostTags, Member::Prompt, Member::Agent];

/// Names as an error lists them.
#[cold]
fn listed(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, names)) => format!("{} or {last}", names.join(", ")),
        None => String::new(),
    }
}

/// Reads `text`, an annotation of a span of this kind, into the empty `notes`.
pub(crate) fn parse(
    kind: SpanKind,
    text: &str,
    notes: &mut Notes,
    canonicalizer: &mut Canonicalizer,
) -> Result<Vec<Warning>, Refused> {
    let mut parser = Parser::new(canonicalizer);
    parser.whole("annotation", text, &mut |parser, key, value, reader| {
        let Some(member) = key.which(&NAMES).and_then(|at| MEMBERS.get(at)) else {
            return Err(foreign("annotation", &key.decode(), &listed(&NAMES)));
        };
        match member {
            Member::Input => {
                let (path, shape) = (Path::of("input"), kind.input_shape());
                parser.io(&path, shape, value, reader, &mut notes.input)
            }
            Member::Output => {
                let (path, shape) = (Path::of("output"), kind.output_shape());
                parser.io(&path, shape, value, reader, &mut notes.output)
            }
            Member::OutputStream => {
                parser.output_stream(kind.output_shape(), value, reader, &mut notes.output)
            }
            Member::Metadata => parser.metadata(value, reader, &mut notes.metadata),
            Member::Metrics => parser.metrics(value, reader, &mut notes.metrics),
            Member::ToolDefinitions => {
                parser.tool_definitions(value, reader, &mut notes.extra().tools)?;
                if kind != SpanKind::Llm && !notes.extra().tools.is_empty() {
                    notes.extra().tools.clear();
                    let path = Path::of("tool_definitions");
                    parser.warn(&path, format_args!("are of llm spans: they were left out"));
                }
                Ok(())
            }
            Member::Agent if kind != SpanKind::Agent && !matches!(value, Value::Null) => {
                parser.warn(&Path::of("agent"), format_args!("is of agent spans: it was left out"));
                Ok(reader.skip(value)?)
            }
            Member::Links => parser.links(value, reader, &mut notes.extra().links),
            Member::Intent => parser.intent(value, reader, &mut notes.extra().intent),
            Member::Integration => parser.integration(value, reader, notes),
            shared => parser.shared(*shared, value, reader, notes),
        }
    })?;
    Ok(parser.warnings)
}

/// Reads `text`, an annotation context, into the empty `notes` and `name`. What does not belong
/// to `kind` is left out, and so is what is wrong; without a kind, it is only checked.
pub(crate) fn parse_context(
    kind: Option<SpanKind>,
    text: &str,
    notes: &mut Notes,
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
            let accepted = "name, tags, cost_tags, prompt or agent";
            return Err(foreign("context", &key.decode(), accepted));
        };
        if matches!(member, Member::Tags | Member::Prompt)
            && !matches!(value, Value::Null | Value::Object)
        {
            let path = if *member == Member::Tags { "tags" } else { "prompt" };
            parser.left_out(&Path::of(path), value.describe(), "an object")?;
            return Ok(reader.skip(value)?);
        }
        parser.shared(*member, value, reader, notes)
    })?;
    if kind.is_some_and(|kind| kind != SpanKind::Agent)
        && let Some(extra) = &mut notes.extra
    {
        extra.agent.clear();
        extra.agent_version.clear();
    }
    Ok(parser.warnings)
}

impl<'p> Parser<'p> {
    pub(crate) fn new(canonicalizer: &'p mut Canonicalizer) -> Self {
        Parser { canonicalizer, scratch: Vec::new(), warnings: Vec::new(), strict: false }
    }

    /// Reads a whole JSON object, called `name` in errors; `each` reads a member's value.
    fn whole(&mut self, name: &str, text: &str, each: &mut EachMember<'_>) -> Result<(), Refused> {
        if text.len() > MAX_TEXT {
            return Err(refused(&name, &format!("{} bytes long", text.len()), "up to 8 MiB"));
        }
        let not_json = |error| not_json(name, error);
        let mut reader = Reader::new(text);
        let begun = reader.value().map_err(not_json)?;
        if !matches!(begun, Value::Object) {
            return Err(Path::of(name).refused(begun.describe(), "a JSON object"));
        }
        let mut first = true;
        while let Some(key) = reader.member(first).map_err(not_json)? {
            first = false;
            let value = reader.value().map_err(not_json)?;
            each(self, key, value, &mut reader)?;
        }
        reader.end().map_err(not_json)?;
        if self.canonicalizer.take_cut() > 0 {
            let path = Path::of(name);
            self.warn(
                &path,
                format_args!("has values nested deeper than 32 levels: those were cut"),
            );
        }
        Ok(())
    }

    /// Reads one of the members that annotations and contexts share.
    fn shared<'a>(
        &mut self,
        member: Member,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        notes: &mut Notes,
    ) -> Result<(), Refused> {
        match member {
            Member::CostTags => self.cost_tags(value, reader, &mut notes.extra().cost_tags),
            Member::Prompt => self.prompt(value, reader, &mut notes.extra().prompt),
            Member::Agent => self.agent(value, reader, notes.extra()),
            _ => self.tags(value, reader, notes),
        }
    }

    /// Keys of tags, in the given order.
    fn cost_tags<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        keys: &mut Keys,
    ) -> Result<(), Refused> {
        let list = Path::of("cost_tags");
        if !self.list(&list, value, reader, "a list of keys of tags")? {
            return Ok(());
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            match reader.value()? {
                Value::Text(text) => {
                    let mut key = Vec::with_capacity(text.raw_len());
                    text.write(&mut key);
                    keys.add(&key);
                }
                other => {
                    self.left_out(&list.element(count), other.describe(), "text")?;
                    reader.skip(other)?;
                }
            }
            count += 1;
        }
        Ok(())
    }

    /// Whether the value is a list; anything but `null` is left out, and read to its end.
    fn list<'a>(
        &mut self,
        path: &Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        accepted: &str,
    ) -> Result<bool, Refused> {
        match value {
            Value::Array => return Ok(true),
            Value::Null => {}
            other => {
                self.left_out(path, other.describe(), accepted)?;
                reader.skip(other)?;
            }
        }
        Ok(false)
    }

    /// Finds members of an object whose opening was read, by their names or these in camel case.
    /// The first names are kept, as many as `found` has places; what has none of the names is
    /// warned of, if a path is given.
    fn fields<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        names: &[&str],
        found: &mut [Option<Field<'a>>],
        path: Option<&Path<'_>>,
    ) -> Result<(), SyntaxError> {
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let field = mark(reader)?;
            match key.which(names) {
                Some(at) => {
                    if let Some(place) = found.get_mut(at) {
                        *place = Some(field);
                    }
                }
                None => match path {
                    Some(path) if !matches!(field.0, Value::Null) => self.not_sent(path, key),
                    _ => {}
                },
            }
        }
        Ok(())
    }

    /// As [`Parser::fields`], for objects that are rarely there.
    fn given<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        names: &'a [&'a str],
        path: Option<&Path<'_>>,
    ) -> Result<Given<'a>, SyntaxError> {
        let mut found = vec![None; names.len()];
        self.fields(reader, names, &mut found, path)?;
        for field in &mut found {
            *field = present(*field);
        }
        Ok(Given { names, found })
    }

    /// Appends what `each` makes of the objects of a list to what `out` holds of such, with commas.
    fn objects<'a>(
        &mut self,
        list: &Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
        each: EachObject<'p, 'a>,
    ) -> Result<(), Refused> {
        if !open_list(list, value)? {
            return Ok(());
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            comma(out);
            let path = list.element(count);
            match reader.value()? {
                Value::Object => each(self, &path, reader, out)?,
                other => return Err(path.refused(other.describe(), "an object")),
            }
            count += 1;
        }
        Ok(())
    }

    /// Warns of a member that is not sent.
    #[cold]
    #[inline(never)]
    fn not_sent(&mut self, path: &Path<'_>, key: Text<'_>) {
        self.warn(path, format_args!("has `{}`, which is not sent", key.decode()));
    }
}
