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
mod path;
mod prompt;
mod tools;

use crate::error::{Refused, refused};
use crate::json::{
    Canonicalizer, Members, Number, Reader, SyntaxError, Text, Value, append, put, write_escaped,
};
use crate::notes::Notes;
use crate::span::{Shape, SpanKind};
use std::fmt;

use content::comma;
pub(crate) use evaluation::{Surroundings, write_metric_of};
pub(crate) use event::{Changed, read_event};
use members::write_metric;
use path::Given;
pub(crate) use path::Path;
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

/// What the reading of one annotation shares.
pub(crate) struct Parser<'p> {
    canonicalizer: &'p mut Canonicalizer,
    scratch: Vec<u8>,
    warnings: Vec<Warning>,
}

/// A value whose beginning was read, and the place to go on from.
type Field<'a> = (Value<'a>, Reader<'a>);

/// Reads `text`, an annotation of a span of this kind, into the empty `notes`.
pub(crate) fn parse(
    kind: SpanKind,
    text: &str,
    notes: &mut Notes,
    canonicalizer: &mut Canonicalizer,
) -> Result<Vec<Warning>, Refused> {
    let mut parser = Parser::new(canonicalizer);
    parser.whole("annotation", text, &mut |parser, key, value, reader| {
        if key.is("input") {
            parser.io(&Path::of("input"), kind.input_shape(), value, reader, &mut notes.input)
        } else if key.is("output") {
            parser.io(&Path::of("output"), kind.output_shape(), value, reader, &mut notes.output)
        } else if key.is("metadata") {
            parser.metadata(value, reader, &mut notes.metadata)
        } else if key.is("metrics") {
            parser.metrics(value, reader, &mut notes.metrics)
        } else if key.is_named("tool_definitions") {
            parser.tool_definitions(value, reader, &mut notes.extra().tools)?;
            if kind != SpanKind::Llm && !notes.extra().tools.is_empty() {
                notes.extra().tools.clear();
                let path = Path::of("tool_definitions");
                parser.warn(&path, format_args!("are of llm spans: they were left out"));
            }
            Ok(())
        } else if key.is("agent") && kind != SpanKind::Agent && !matches!(value, Value::Null) {
            parser.warn(&Path::of("agent"), format_args!("is of agent spans: it was left out"));
            parser.agent(value, reader, &mut Default::default())
        } else if key.is("links") {
            parser.links(value, reader, &mut notes.extra().links)
        } else if !parser.shared(key, value, reader, notes)? {
            let accepted = "input, output, metadata, metrics, tags, cost_tags, prompt, \
                            tool_definitions, agent or links";
            Err(foreign("annotation", &key.decode(), accepted))
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
) -> Result<Vec<Warning>, Refused> {
    let mut parser = Parser::new(canonicalizer);
    parser.whole("context", text, &mut |parser, key, value, reader| {
        if key.is("name") {
            match value {
                Value::Null => {}
                Value::Text(text) => *name = Some(text.decode()),
                other => return Err(Path::of("name").refused(other.describe(), "text")),
            }
            Ok(())
        } else if !parser.shared(key, value, reader, notes)? {
            let accepted = "name, tags, cost_tags, prompt or agent";
            Err(foreign("context", &key.decode(), accepted))
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
    fn whole(&mut self, name: &str, text: &str, each: &mut EachMember<'_>) -> Result<(), Refused> {
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

    /// Reads the members that annotations and contexts share; false if this is none of them.
    fn shared<'a>(
        &mut self,
        key: Text<'a>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        notes: &mut Notes,
    ) -> Result<bool, Refused> {
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
    ) -> Result<(), Refused> {
        let list = Path::of("cost_tags");
        match value {
            Value::Null => return Ok(()),
            Value::Array => {}
            other => return Err(list.refused(other.describe(), "a list of keys of tags")),
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            let value = reader.value()?;
            let Value::Text(text) = value else {
                return Err(list.element(count).refused(value.describe(), "text"));
            };
            keys.begin(text);
            keys.end();
            count += 1;
        }
        Ok(())
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

impl Parser<'_> {
    #[cold]
    #[inline(never)]
    fn warn(&mut self, path: &Path<'_>, what: fmt::Arguments<'_>) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning::of(path, what));
        }
    }

    /// The whole `input` or `output` object; empty for `null`.
    fn io<'a>(
        &mut self,
        path: &Path<'_>,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        out.clear();
        if matches!(value, Value::Null) {
            return Ok(());
        }
        if shape == Shape::Value {
            if let Value::Text(text) = value {
                out.reserve(text.raw_len() + 16);
            }
            put(out, "{\"value\":");
            self.as_text(value, reader, out)?;
            out.push(b'}');
            return Ok(());
        }
        let messages = shape == Shape::Messages;
        append(out, if messages { b"{\"messages\":[" } else { b"{\"documents\":[" });
        let empty = out.len();
        self.one_or_more(path, shape, value, reader, out)?;
        // An empty list says nothing.
        if out.len() == empty {
            out.clear();
        } else {
            put(out, "]}");
        }
        Ok(())
    }

    /// Appends the message or document that a value is, or every element of a list, with commas.
    fn one_or_more<'a>(
        &mut self,
        path: &Path<'_>,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if !matches!(value, Value::Array) {
            return self.one(path, shape, value, reader, out);
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            if count > 0 {
                out.push(b',');
            }
            let value = reader.value()?;
            let before = out.len();
            self.one(&path.element(count), shape, value, reader, out)?;
            if out.len() == before && count > 0 {
                out.pop();
            }
            count += 1;
        }
        Ok(())
    }

    fn one<'a>(
        &mut self,
        path: &Path<'_>,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        match shape {
            Shape::Messages => self.message(path, value, reader, out),
            _ => self.document(path, value, reader, out),
        }
    }

    /// Appends `"name":` and the text that a field holds, or an empty one.
    fn text_or_empty(
        &mut self,
        path: &Path<'_>,
        name: &str,
        field: Option<Field<'_>>,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        key(name, out);
        match present(field) {
            None => put(out, "\"\""),
            Some((value @ Value::Text(_), mut at)) => self.as_text(value, &mut at, out)?,
            Some((other, _)) => return Err(path.member(name).refused(other.describe(), "text")),
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
            Value::Number(Number::NonFinite(name)) => append(out, name.as_bytes()),
            Value::Number(Number::Integer(digits)) => append(out, digits.as_bytes()),
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
}

/// Whether the value is an object (true) or absent (false).
fn open_object(path: &Path<'_>, value: Value<'_>, accepted: &str) -> Result<bool, Refused> {
    match value {
        Value::Object => Ok(true),
        Value::Null => Ok(false),
        other => Err(path.refused(other.describe(), accepted)),
    }
}

/// Whether the value is a list (true) or absent (false).
fn open_list(path: &Path<'_>, value: Value<'_>) -> Result<bool, Refused> {
    match value {
        Value::Array => Ok(true),
        Value::Null => Ok(false),
        other => Err(path.refused(other.describe(), "a list")),
    }
}

/// An object was given this member, and takes only others.
#[cold]
#[inline(never)]
fn foreign(what: &str, given: &str, accepted: &str) -> Refused {
    refused(&what, &format!("given `{given}`"), accepted)
}

/// What a field is, for an error text.
fn got(field: Option<Field<'_>>) -> &'static str {
    match field {
        None => "absent",
        Some((Value::Text(text), _)) if text.is_empty() => "empty",
        Some((value, _)) => value.describe(),
    }
}

/// Appends `"name":`.
fn key(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    append(out, name.as_bytes());
    put(out, "\":");
}

/// Ends an object whose members each end with a comma.
fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b'}');
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
