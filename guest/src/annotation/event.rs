//! Reads an event that the application's processor returned.

use super::fields::open_object;
use super::parser::Parser;
use super::path::Path;
use super::value::{Field, present};
use crate::error::Refused;
use crate::span::{Annotations, Failure, Shape, SpanKind};
use witspan_json::{Canonicalizer, Reader, Value};

/// What a processor can change of a span. What the event does not have is removed from the span.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) name: Option<String>,
    pub(crate) annotations: Annotations,
    pub(crate) failure: Option<Failure>,
    /// The name of the agent above.
    pub(crate) agent_name: Option<String>,
    pub(crate) tool_version: Option<String>,
}

/// Reads the event of a span of this kind.
pub(crate) fn read_event(
    kind: SpanKind,
    text: &str,
    canonicalizer: &mut Canonicalizer,
) -> Result<Changed, Refused> {
    let mut changed = Changed::default();
    let mut parser = Parser::new(canonicalizer);
    parser.strict = true;
    parser.whole("event", text, &mut |parser, key, value, reader| {
        let annotations = &mut changed.annotations;
        if key.is("name") {
            changed.name = text_of(&Path::of("name"), value)?;
        } else if key.is("input") {
            let shape = kind.input_shape();
            let prompt = parser.part_of("input", shape, value, reader, &mut annotations.input)?;
            if let Some((value, mut at)) = prompt {
                parser.prompt(value, &mut at, &mut annotations.extra().prompt)?;
            }
        } else if key.is("output") {
            parser.part_of(
                "output",
                kind.output_shape(),
                value,
                reader,
                &mut annotations.output,
            )?;
        } else if key.is("metadata") {
            parser.metadata(value, reader, &mut annotations.metadata)?;
        } else if key.is("tags") {
            parser.tags(value, reader, annotations)?;
        } else if key.is("tool_definitions") {
            parser.tool_definitions(value, reader, &mut annotations.extra().tools)?;
        } else if key.is("agent") {
            parser.agent(value, reader, annotations.extra())?;
        } else if key.is("links") {
            parser.links(value, reader, &mut annotations.extra().links)?;
        } else if key.is("agent_attribution") {
            if let Value::Object = value {
                let mut name = [None];
                parser.fields(reader, &["name"], &mut name, None)?;
                if let [Some((value, _))] = name {
                    changed.agent_name = text_of(&Path::of("agent_attribution.name"), value)?;
                }
            } else {
                reader.skip(value)?;
            }
        } else if key.is("intent") {
            parser.intent(value, reader, &mut annotations.extra().intent)?;
        } else if key.is("tool_version") {
            changed.tool_version = text_of(&Path::of("tool_version"), value)?;
        } else if key.is("error") {
            changed.failure = parser.failure(value, reader)?;
        } else {
            reader.skip(value)?;
        }
        Ok(())
    })?;
    Ok(changed)
}

fn text_of(path: &Path<'_>, value: Value<'_>) -> Result<Option<String>, Refused> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text.decode())),
        other => Err(path.refused(other.describe(), "text")),
    }
}

impl Parser<'_> {
    /// Reads an `input` or `output` of an event: an object with `messages`, `documents` or `value`,
    /// or directly what that member would hold. Returns the prompt that the object has.
    fn part_of<'a>(
        &mut self,
        field: &str,
        shape: Shape,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Field<'a>>, Refused> {
        let name = match shape {
            Shape::Messages => "messages",
            Shape::Documents => "documents",
            Shape::Value => "value",
        };
        let path = Path::of(field);
        if let Value::Object = value {
            let mut ahead = *reader;
            let mut found = [None; 2];
            self.fields(&mut ahead, &[name, "prompt"], &mut found, None)?;
            let [inside, prompt] = found;
            if inside.is_some() || prompt.is_some() {
                *reader = ahead;
                if let Some((value, mut at)) = inside {
                    self.io(&path.member(name), shape, value, &mut at, out)?;
                }
                return Ok(present(prompt));
            }
        }
        self.io(&path, shape, value, reader, out)?;
        Ok(None)
    }

    fn failure<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<Option<Failure>, Refused> {
        let path = Path::of("error");
        if !open_object(&path, value, "an object")? {
            return Ok(None);
        }
        let given = self.given(reader, &["message", "type", "stack"], None)?;
        let text = |name| match given.get(name) {
            Some((value, _)) => text_of(&path.member(name), value).map(Option::unwrap_or_default),
            None => Ok(String::new()),
        };
        let failure =
            Failure { message: text("message")?, error_type: text("type")?, stack: text("stack")? };
        Ok(Some(failure))
    }
}
