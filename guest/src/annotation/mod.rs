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
mod messages;
mod prompt;
mod tools;

use crate::error::Error;
use crate::json::{
    Canonicalizer, Number, Reader, SyntaxError, Text, Value, write_escaped, write_number,
};
use crate::members::Members;
use crate::notes::Notes;
use crate::span::{Shape, SpanKind};
use std::fmt;

pub(crate) use evaluation::{Surroundings, write_metric_of};
pub(crate) use event::{Changed, read_event};
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
    pub(crate) fn of(field: &str, what: &str) -> Self {
        Warning { field: field.to_owned(), message: format!("`{field}` {what}") }
    }
}

/// At most so many warnings are given for one call; the count in the statistics is of these.
const MAX_WARNINGS: usize = 16;

impl From<SyntaxError> for Error {
    fn from(error: SyntaxError) -> Self {
        Error::invalid("annotation", &error.to_string(), "a JSON object")
    }
}

/// What the reading of one annotation shares.
pub(crate) struct Parser<'p> {
    canonicalizer: &'p mut Canonicalizer,
    scratch: Vec<u8>,
    warnings: Vec<Warning>,
}

/// A value whose beginning was read, and the place to go on from.
type Field<'a> = (Value<'a>, Reader<'a>);

/// Where a message or document stands: `input`, or `input[2]`. Put into words only for an error.
#[derive(Clone, Copy)]
struct Path<'f> {
    field: &'f str,
    at: Option<usize>,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{}[{at}]", self.field),
            None => f.write_str(self.field),
        }
    }
}

/// Reads `text`, an annotation of a span of this kind, into the empty `notes`.
pub(crate) fn parse(
    kind: SpanKind,
    text: &str,
    notes: &mut Notes,
    canonicalizer: &mut Canonicalizer,
) -> Result<Vec<Warning>, Error> {
    let mut parser = Parser::new(canonicalizer);
    parser.whole("annotation", text, |parser, key, value, reader| {
        if key.is("input") {
            parser.io("input", kind.input_shape(), value, reader, &mut notes.input)
        } else if key.is("output") {
            parser.io("output", kind.output_shape(), value, reader, &mut notes.output)
        } else if key.is("metadata") {
            parser.metadata(value, reader, &mut notes.metadata)
        } else if key.is("metrics") {
            parser.metrics(value, reader, &mut notes.metrics)
        } else if key.is_named("tool_definitions") {
            parser.tool_definitions(value, reader, &mut notes.extra().tools)?;
            if kind != SpanKind::Llm && !notes.extra().tools.is_empty() {
                notes.extra().tools.clear();
                parser.warn("tool_definitions", "are of llm spans: they were left out".to_owned());
            }
            Ok(())
        } else if key.is("agent") && kind != SpanKind::Agent && !matches!(value, Value::Null) {
            parser.warn("agent", "is of agent spans: it was left out".to_owned());
            parser.agent(value, reader, &mut Default::default())
        } else if key.is("links") {
            parser.links(value, reader, &mut notes.extra().links)
        } else if !parser.shared(key, value, reader, notes)? {
            let accepted = "input, output, metadata, metrics, tags, cost_tags, prompt, \
                            tool_definitions, agent or links";
            let given = format!("given `{}`", key.decode());
            Err(Error::invalid("annotation", &given, accepted))
        } else {
            Ok(())
        }
    })?;
    Ok(parser.warnings)
}

/// Reads `text`, an annotation context, into the empty `notes` and `name`. What does not belong
/// to `kind` is left out; without a kind, it is only checked.
pub(crate) fn parse_context(
    kind: Option<SpanKind>,
    text: &str,
    notes: &mut Notes,
    name: &mut Option<String>,
    canonicalizer: &mut Canonicalizer,
) -> Result<Vec<Warning>, Error> {
    let mut parser = Parser::new(canonicalizer);
    parser.whole("context", text, |parser, key, value, reader| {
        if key.is("name") {
            match value {
                Value::Null => {}
                Value::Text(text) => *name = Some(text.decode()),
                other => return Err(Error::invalid("name", other.describe(), "text")),
            }
            Ok(())
        } else if !parser.shared(key, value, reader, notes)? {
            let accepted = "name, tags, cost_tags, prompt or agent";
            Err(Error::invalid("context", &format!("given `{}`", key.decode()), accepted))
        } else {
            Ok(())
        }
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
        Parser { canonicalizer, scratch: Vec::new(), warnings: Vec::new() }
    }

    /// Reads a whole JSON object, called `name` in errors; `each` reads a member's value.
    fn whole(
        &mut self,
        name: &str,
        text: &str,
        mut each: impl for<'a> FnMut(
            &mut Self,
            Text<'a>,
            Value<'a>,
            &mut Reader<'a>,
        ) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let not_json =
            |error: SyntaxError| Error::invalid(name, &error.to_string(), "a JSON object");
        let mut reader = Reader::new(text);
        let begun = reader.value().map_err(not_json)?;
        if !matches!(begun, Value::Object) {
            return Err(Error::invalid(name, begun.describe(), "a JSON object"));
        }
        let mut first = true;
        while let Some(key) = reader.member(first).map_err(not_json)? {
            first = false;
            let value = reader.value().map_err(not_json)?;
            each(self, key, value, &mut reader)?;
        }
        reader.end().map_err(not_json)?;
        if self.canonicalizer.take_cut() > 0 {
            self.warn(name, "has values nested deeper than 32 levels: those were cut".to_owned());
        }
        Ok(())
    }

    /// Reads the members that annotations and contexts share; false if this is none of them.
    fn shared<'a>(
        &mut self,
        key: Text<'a>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        notes: &mut Notes,
    ) -> Result<bool, Error> {
        if key.is("tags") {
            self.tags(value, reader, notes)?;
        } else if key.is_named("cost_tags") {
            self.cost_tags(value, reader, &mut notes.extra().cost_tags)?;
        } else if key.is("prompt") {
            self.prompt(value, reader, &mut notes.extra().prompt)?;
        } else if key.is("agent") {
            self.agent(value, reader, notes.extra())?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Keys of tags, escaped, without values.
    fn cost_tags<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        keys: &mut Members,
    ) -> Result<(), Error> {
        let accepted = "a list of keys of tags";
        match value {
            Value::Null => return Ok(()),
            Value::Array => {}
            other => return Err(Error::invalid("cost_tags", other.describe(), accepted)),
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            let value = reader.value()?;
            let Value::Text(text) = value else {
                return Err(Error::invalid(
                    &format!("cost_tags[{count}]"),
                    value.describe(),
                    "text",
                ));
            };
            keys.insert(|out| text.write(out), |_| Ok::<(), Error>(()))?;
            count += 1;
        }
        Ok(())
    }

    /// The members of an object whose opening was read, by their names or these in camel case;
    /// `other` is told of the rest.
    fn fields<'a, const N: usize>(
        &mut self,
        reader: &mut Reader<'a>,
        names: [&str; N],
        mut other: impl FnMut(&mut Self, Text<'a>, Field<'a>),
    ) -> Result<[Option<Field<'a>>; N], Error> {
        let mut found = [None; N];
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let field = mark(reader)?;
            let place = names.iter().position(|name| key.is_named(name));
            match place.and_then(|at| found.get_mut(at)) {
                Some(place) => *place = Some(field),
                None if matches!(field.0, Value::Null) => {}
                None => other(self, key, field),
            }
        }
        Ok(found)
    }

    /// Warns of a member that is not sent.
    fn not_sent(&mut self, field: &str, key: Text<'_>) {
        self.warn(field, format!("has `{}`, which is not sent", key.decode()));
    }
}

impl Parser<'_> {
    fn warn(&mut self, field: &str, what: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning::of(field, &what));
        }
    }

    /// The whole `input` or `output` object; empty for `null`.
    fn io<'a>(
        &mut self,
        field: &str,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        out.clear();
        if matches!(value, Value::Null) {
            return Ok(());
        }
        match shape {
            Shape::Messages => self.messages(field, value, reader, out)?,
            Shape::Documents => self.documents(field, value, reader, out)?,
            Shape::Value => {
                if let Value::Text(text) = value {
                    out.reserve(text.raw_len() + 16);
                }
                out.extend_from_slice(b"{\"value\":");
                self.as_text(value, reader, out)?;
                out.push(b'}');
            }
        }
        // An empty list says nothing.
        if out.ends_with(b"[]}") && matches!(shape, Shape::Messages | Shape::Documents) {
            out.clear();
        }
        Ok(())
    }

    /// Appends what `each` makes of a value, or of every element of a list, with commas.
    fn one_or_more<'a>(
        &mut self,
        field: &str,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
        each: impl Fn(
            &mut Self,
            Path<'_>,
            Value<'a>,
            &mut Reader<'a>,
            &mut Vec<u8>,
        ) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !matches!(value, Value::Array) {
            return each(self, Path { field, at: None }, value, reader, out);
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            if count > 0 {
                out.push(b',');
            }
            let value = reader.value()?;
            let before = out.len();
            each(self, Path { field, at: Some(count) }, value, reader, out)?;
            if out.len() == before && count > 0 {
                out.pop();
            }
            count += 1;
        }
        Ok(())
    }

    /// A value as a JSON string: text as it is, `null` as nothing, anything else as its JSON.
    fn as_text<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), SyntaxError> {
        out.push(b'"');
        self.inside_text(value, reader, out)?;
        out.push(b'"');
        Ok(())
    }

    /// The inside of [`Parser::as_text`].
    fn inside_text<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), SyntaxError> {
        match value {
            Value::Text(text) => text.write(out),
            Value::Number(Number::NonFinite(name)) => out.extend_from_slice(name.as_bytes()),
            Value::Number(Number::Integer(digits)) => out.extend_from_slice(digits.as_bytes()),
            _ => {
                let mut json = std::mem::take(&mut self.scratch);
                json.clear();
                let written = self.canonicalizer.write(reader, value, &mut json);
                write_escaped(out, &json);
                self.scratch = json;
                written?;
            }
        }
        Ok(())
    }

    fn metadata<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Error> {
        if !open_object("metadata", value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            if key.is("_dd") {
                // The intake keeps its own things there.
                self.warn("metadata._dd", "is a reserved name: it was left out".to_owned());
                reader.skip(value)?;
                continue;
            }
            members
                .insert(|out| key.write(out), |out| self.canonicalizer.write(reader, value, out))?;
        }
        Ok(())
    }

    fn metrics<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Error> {
        if !open_object("metrics", value, "an object of numbers")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            let number = match value {
                Value::Number(Number::NonFinite(name)) => {
                    let field = format!("metrics.{}", key.decode());
                    self.warn(&field, format!("is {name}, which no intake takes: it was left out"));
                    continue;
                }
                Value::Number(number) => number,
                Value::Bool(flag) => Number::Integer(if flag { "1" } else { "0" }),
                other => {
                    let field = format!("metrics.{}", key.decode());
                    return Err(Error::invalid(&field, other.describe(), "a number"));
                }
            };
            let key = self.metric_key(key);
            members.insert(
                |out| write_escaped(out, key.as_bytes()),
                |out| {
                    write_metric(out, number);
                    Ok::<(), Error>(())
                },
            )?;
        }
        Ok(())
    }

    /// The intake refuses a whole batch for a metric key with a dot, so it becomes `_`; what
    /// dd-trace-js spells in camel case gets the name that the intake knows.
    fn metric_key(&mut self, key: Text<'_>) -> String {
        let name = key.decode();
        if let Some((_, sent)) = CAMEL_METRICS.iter().find(|(camel, _)| *camel == name) {
            return (*sent).to_owned();
        }
        if !name.contains('.') {
            return name;
        }
        let replaced = name.replace('.', "_");
        self.warn(
            &format!("metrics.{name}"),
            format!("has a dot in its name: it is sent as `{replaced}`"),
        );
        replaced
    }

    fn tags<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        notes: &mut Notes,
    ) -> Result<(), Error> {
        if !open_object("tags", value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            if key.is("session_id") {
                let mut session = Vec::new();
                let mut at = *reader;
                self.as_text(value, &mut at, &mut session)?;
                notes.session = session_of(&session);
            }
            notes.tags.insert(
                |out| key.write(out),
                |out| {
                    out.push(b':');
                    self.inside_text(value, reader, out)
                },
            )?;
        }
        Ok(())
    }
}

/// Names of metrics as dd-trace-js has them, and as they are sent.
const CAMEL_METRICS: [(&str, &str); 6] = [
    ("inputTokens", "input_tokens"),
    ("outputTokens", "output_tokens"),
    ("totalTokens", "total_tokens"),
    ("cacheReadTokens", "cache_read_input_tokens"),
    ("cacheWriteTokens", "cache_write_input_tokens"),
    ("reasoningOutputTokens", "reasoning_output_tokens"),
];

/// Reads back a JSON string as a session; an empty one is none.
fn session_of(quoted: &[u8]) -> Option<std::rc::Rc<str>> {
    let quoted = String::from_utf8_lossy(quoted);
    match Reader::new(&quoted).value() {
        Ok(Value::Text(text)) if !text.is_empty() => Some(text.decode().into()),
        _ => None,
    }
}

/// Whether the value is an object (true) or absent (false).
fn open_object(field: &str, value: Value<'_>, accepted: &str) -> Result<bool, Error> {
    match value {
        Value::Object => Ok(true),
        Value::Null => Ok(false),
        other => Err(Error::invalid(field, other.describe(), accepted)),
    }
}

/// A metric is a number on the wire whatever its size.
fn write_metric(out: &mut Vec<u8>, number: Number<'_>) {
    let start = out.len();
    write_number(out, number);
    if out.get(start) == Some(&b'"') {
        out.truncate(start);
        let (Number::Integer(text) | Number::Float(text)) = number else { return };
        let value: f64 = text.parse().unwrap_or(0.0);
        crate::json::write_double(out, value.clamp(f64::MIN, f64::MAX));
    }
}

/// Notes where a member's value is and passes over it.
fn mark<'a>(reader: &mut Reader<'a>) -> Result<Field<'a>, SyntaxError> {
    let value = reader.value()?;
    let at = *reader;
    reader.skip(value)?;
    Ok((value, at))
}

/// The field, unless it is absent or `null`.
fn present<'a>(field: Option<Field<'a>>) -> Option<Field<'a>> {
    field.filter(|(value, _)| !matches!(value, Value::Null))
}
