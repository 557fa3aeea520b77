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

use crate::error::{Refused, refused};
use crate::json::{
    Canonicalizer, Members, Number, Reader, SyntaxError, Text, Value, append, write_escaped,
    write_number,
};
use crate::notes::Notes;
use crate::span::{NAME_BYTES, Shape, SpanKind, cut_text};
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

/// What the reading of one annotation shares.
pub(crate) struct Parser<'p> {
    canonicalizer: &'p mut Canonicalizer,
    scratch: Vec<u8>,
    warnings: Vec<Warning>,
}

/// A value whose beginning was read, and the place to go on from.
type Field<'a> = (Value<'a>, Reader<'a>);

/// Where a value stands, such as `input[2].role`. Put into words only for an error.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    above: Option<&'p Path<'p>>,
    /// The name of a member; empty for an element of a list.
    name: &'p str,
    at: usize,
}

impl<'p> Path<'p> {
    pub(crate) fn of(name: &'p str) -> Self {
        Path { above: None, name, at: 0 }
    }

    fn member(&'p self, name: &'p str) -> Self {
        Path { above: Some(self), name, at: 0 }
    }

    fn element(&'p self, at: usize) -> Self {
        Path { above: Some(self), name: "", at }
    }

    /// The list that it is an element of; itself if it is none.
    fn list(&self) -> &Path<'p> {
        self.above.filter(|_| self.name.is_empty()).unwrap_or(self)
    }

    /// What stands here is `got`, where only `accepted` is.
    fn refused(&self, got: &str, accepted: &str) -> Refused {
        refused(self, got, accepted)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
            if self.name.is_empty() {
                return write!(f, "[{}]", self.at);
            }
            f.write_str(".")?;
        }
        f.write_str(self.name)
    }
}

/// The members of an object that are there and not `null`, by their names.
struct Given<'a> {
    names: &'a [&'a str],
    found: Vec<Option<Field<'a>>>,
}

impl<'a> Given<'a> {
    fn get(&self, name: &str) -> Option<Field<'a>> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.found.get(at).copied().flatten()
    }

    /// The first that is there.
    fn first(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().find_map(|name| self.get(name))
    }

    fn text(&self, name: &str) -> Option<Text<'a>> {
        match self.get(name) {
            Some((Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    /// Refuses those that are there and no text.
    fn check_texts(&self, path: Option<&Path<'_>>, names: &[&str]) -> Result<(), Refused> {
        for name in names {
            match self.get(name) {
                None | Some((Value::Text(_), _)) => {}
                Some((other, _)) => {
                    let path = Path { above: path, name, at: 0 };
                    return Err(path.refused(other.describe(), "text"));
                }
            }
        }
        Ok(())
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
            match names.iter().position(|name| key.is_named(name)) {
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
            append(out, b"{\"value\":");
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
            append(out, b"]}");
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
            None => append(out, b"\"\""),
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

    fn metadata<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        if !open_object(&Path::of("metadata"), value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            if key.is("_dd") {
                // The intake keeps its own things there.
                self.warn(
                    &Path::of("metadata._dd"),
                    format_args!("is a reserved name: it was left out"),
                );
                reader.skip(value)?;
                continue;
            }
            self.canonicalizer.write(reader, value, members.begin(key))?;
            members.end();
        }
        Ok(())
    }

    fn metrics<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        let path = Path::of("metrics");
        if !open_object(&path, value, "an object of numbers")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            let number = match value {
                Value::Number(Number::NonFinite(name)) => {
                    let what = format_args!("is {name}, which no intake takes: it was left out");
                    self.warn(&path.member(&key.decode()), what);
                    continue;
                }
                Value::Number(number) => number,
                Value::Bool(flag) => Number::Integer(if flag { "1" } else { "0" }),
                other => {
                    return Err(path.member(&key.decode()).refused(other.describe(), "a number"));
                }
            };
            let out = match self.metric_key(&path, key) {
                None => members.begin(key),
                Some(sent) => {
                    let mut name = Vec::new();
                    write_escaped(&mut name, sent.as_bytes());
                    members.begin_escaped(&name)
                }
            };
            write_metric(out, number);
            members.end();
        }
        Ok(())
    }

    /// The name under which a metric is sent, if it is another. The intake refuses a whole batch
    /// for a metric key with a dot, so it becomes `_`; what dd-trace-js spells in camel case gets
    /// the name that the intake knows.
    fn metric_key(&mut self, path: &Path<'_>, key: Text<'_>) -> Option<String> {
        if let Some((_, sent)) = CAMEL_METRICS.iter().find(|(camel, _)| key.is(camel)) {
            return Some((*sent).to_owned());
        }
        if !key.may_have(b'.') {
            return None;
        }
        let name = key.decode();
        let sent: String = name.chars().map(|c| if c == '.' { '_' } else { c }).collect();
        if sent == name {
            return None;
        }
        let what = format_args!("has a dot in its name: it is sent as `{sent}`");
        self.warn(&path.member(&name), what);
        Some(sent)
    }

    fn tags<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        notes: &mut Notes,
    ) -> Result<(), Refused> {
        if !open_object(&Path::of("tags"), value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            if key.is("session_id") {
                let mut session = Vec::new();
                if !matches!(value, Value::Null) {
                    self.as_text(value, &mut reader.clone(), &mut session)?;
                }
                notes.session = session_of(&session);
                if notes.session.is_none() {
                    // Nothing, or an empty text, is no session.
                    reader.skip(value)?;
                    continue;
                }
            }
            if key.starts_with("witspan.") {
                let path = Path::of("tags");
                self.warn(
                    &path,
                    format_args!("has `{}`, a reserved name: it was left out", key.decode()),
                );
                reader.skip(value)?;
                continue;
            }
            let out = notes.tags.begin(key);
            out.push(b':');
            self.inside_text(value, reader, out)?;
            notes.tags.end();
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
        Ok(Value::Text(text)) if !text.is_empty() => {
            let mut session = text.decode();
            cut_text(&mut session, NAME_BYTES);
            Some(session.into())
        }
        _ => None,
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
    append(out, b"\":");
}

/// Ends an object whose members each end with a comma.
fn close(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b'}');
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
