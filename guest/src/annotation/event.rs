//! Reads back an event that the application's processor had.

use super::{Field, Parser, present};
use crate::error::Error;
use crate::json::{Canonicalizer, Reader, Value};
use crate::notes::Notes;
use crate::span::{Failure, Shape, SpanKind};

/// What a processor can change of a span; what it left out is gone.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) name: Option<String>,
    pub(crate) notes: Notes,
    pub(crate) failure: Option<Failure>,
}

/// Reads the event of a span of this kind.
pub(crate) fn read_event(
    kind: SpanKind,
    text: &str,
    canonicalizer: &mut Canonicalizer,
) -> Result<Changed, Error> {
    let mut changed = Changed::default();
    let mut parser = Parser::new(canonicalizer);
    let notes = &mut changed.notes;
    let (name, failure) = (&mut changed.name, &mut changed.failure);
    parser.whole("event", text, |parser, key, value, reader| {
        if key.is("name") {
            *name = text_of("name", value)?;
        } else if key.is("input") {
            let mut prompt = Default::default();
            parser.part_of(
                "input",
                kind.input_shape(),
                value,
                reader,
                &mut notes.input,
                &mut prompt,
            )?;
            if let Some((value, mut at)) = present(prompt) {
                parser.prompt(value, &mut at, &mut notes.extra().prompt)?;
            }
        } else if key.is("output") {
            let shape = kind.output_shape();
            parser.part_of("output", shape, value, reader, &mut notes.output, &mut None)?;
        } else if key.is("metadata") {
            parser.metadata(value, reader, &mut notes.metadata)?;
        } else if key.is("tags") {
            parser.tags(value, reader, notes)?;
        } else if key.is("tool_definitions") {
            parser.tool_definitions(value, reader, &mut notes.extra().tools)?;
        } else if key.is("agent") {
            parser.agent(value, reader, notes.extra())?;
        } else if key.is("links") {
            parser.links(value, reader, &mut notes.extra().links)?;
        } else if key.is("error") {
            *failure = parser.failure(value, reader)?;
        } else {
            reader.skip(value)?;
        }
        Ok(())
    })?;
    Ok(changed)
}

fn text_of(field: &str, value: Value<'_>) -> Result<Option<String>, Error> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text.decode())),
        other => Err(Error::invalid(field, other.describe(), "text")),
    }
}

impl<'p> Parser<'p> {
    /// An `input` or `output` of an event: the object that holds what the kind takes, or that
    /// itself.
    fn part_of<'a>(
        &mut self,
        field: &str,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
        prompt: &mut Option<Field<'a>>,
    ) -> Result<(), Error> {
        let name = match shape {
            Shape::Messages => "messages",
            Shape::Documents => "documents",
            Shape::Value => "value",
        };
        if let Value::Object = value {
            let mut ahead = *reader;
            let [inside, given] = self.fields(&mut ahead, [name, "prompt"], |_, _, _| ())?;
            if inside.is_some() || given.is_some() {
                *prompt = given;
                *reader = ahead;
                let Some((value, mut at)) = inside else { return Ok(()) };
                return self.io(&format!("{field}.{name}"), shape, value, &mut at, out);
            }
        }
        self.io(field, shape, value, reader, out)
    }

    fn failure<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<Option<Failure>, Error> {
        if !super::open_object("error", value, "an object")? {
            return Ok(None);
        }
        let names = ["message", "type", "stack"];
        let found = self.fields(reader, names, |_, _, _| ())?;
        let mut texts = [const { String::new() }; 3];
        for ((name, field), text) in names.into_iter().zip(found).zip(&mut texts) {
            if let Some((value, _)) = field {
                *text = text_of(&format!("error.{name}"), value)?.unwrap_or_default();
            }
        }
        let [message, error_type, stack] = texts;
        Ok(Some(Failure { message, error_type, stack }))
    }
}
