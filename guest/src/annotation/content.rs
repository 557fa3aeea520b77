//! The content of a message: text, or a list of parts as the clients of model providers hold them.
//!
//! Text parts are joined; tool calls, tool results, images and sound become members of the message.
//! Forms: OpenAI's chat completions and responses, Anthropic's messages, as of 2026.

use super::parser::{Parser, comma};
use super::path::Path;
use super::value::{Field, mark, present};
use crate::error::Refused;
use witspan_json::{Text, Value, add, write_escaped};

/// The content of a message, sorted by where it is sent. Each list has commas between its elements.
#[derive(Default)]
pub(super) struct Content {
    /// The inside of a JSON string.
    pub(super) text: Vec<u8>,
    pub(super) calls: Vec<u8>,
    pub(super) results: Vec<u8>,
    pub(super) images: Vec<u8>,
    pub(super) sounds: Vec<u8>,
    /// What a message has no member for, as lines of its content: the inside of a JSON string.
    pub(super) rest: Vec<u8>,
}

impl Content {
    fn begin_line(&mut self) {
        if !self.text.is_empty() {
            add(&mut self.text, "\\n");
        }
    }
}

/// What is read of a part.
const NAMES: [&str; 13] = [
    "type",
    "text",
    "refusal",
    "thinking",
    "image_url",
    "source",
    "input_audio",
    "name",
    "input",
    "id",
    "tool_use_id",
    "content",
    "is_error",
];

impl Parser<'_> {
    /// Reads content: text, null, one part, or a list of parts.
    pub(super) fn content(
        &mut self,
        path: &Path<'_>,
        field: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<(), Refused> {
        let Some((value, mut at)) = present(field) else { return Ok(()) };
        match value {
            Value::Text(text) => text.write(&mut content.text),
            Value::Object => self.part(&path.member("content"), (value, at), content)?,
            Value::Array => {
                let list = path.member("content");
                let mut count = 0;
                while at.element(count == 0)? {
                    let part = mark(&mut at)?;
                    self.part(&list.element(count), part, content)?;
                    count += 1;
                }
            }
            other => {
                let accepted = "text, null, or a list of content parts";
                self.check_text(&path.member("content"), other, accepted)?;
                self.inside_text(other, &mut at, &mut content.text)?;
            }
        }
        Ok(())
    }

    fn part(
        &mut self,
        path: &Path<'_>,
        part: Field<'_>,
        content: &mut Content,
    ) -> Result<(), Refused> {
        let (value, mut at) = part;
        if let Value::Object = value {
            let mut inside = at;
            let given = self.given(&mut inside, &NAMES, None)?;
            let kind = given.text("type").map(|kind| kind.decode()).unwrap_or_default();
            match kind.as_str() {
                "image_url" | "input_image"
                    if self.image_url(given.get("image_url"), content)? =>
                {
                    return Ok(());
                }
                "image" if self.image_source(given.get("source"), content)? => return Ok(()),
                "input_audio" if self.input_audio(given.get("input_audio"), content)? => {
                    return Ok(());
                }
                "tool_use" if self.names_a_tool(path, given.get("name"))? => {
                    let out = &mut content.calls;
                    comma(out);
                    add(out, "{\"arguments\":");
                    self.arguments(given.get("input"), out)?;
                    out.push(b',');
                    self.text_member("name", given.get("name"), out)?;
                    self.text_member("tool_id", given.get("id"), out)?;
                    add(out, "\"type\":\"tool_use\"}");
                    return Ok(());
                }
                "tool_result" => {
                    // Its own content may be parts again; only their text is a result.
                    let mut inner = Content::default();
                    self.content(&Path::of("content"), given.get("content"), &mut inner)?;
                    let out = &mut content.results;
                    comma(out);
                    add(out, "{\"result\":\"");
                    if matches!(given.get("is_error"), Some((Value::Bool(true), _))) {
                        add(out, "[error] ");
                    }
                    out.append(&mut inner.text);
                    add(out, "\",");
                    self.text_member("tool_id", given.get("tool_use_id"), out)?;
                    add(out, "\"type\":\"tool_result\"}");
                    if !inner.images.is_empty() {
                        comma(&mut content.images);
                        content.images.append(&mut inner.images);
                    }
                    return Ok(());
                }
                _ => {}
            }
            let said = ["text", "refusal", "thinking"].iter().find_map(|name| given.text(name));
            if let Some(text) = said {
                content.begin_line();
                text.write(&mut content.text);
                return Ok(());
            }
        }
        content.begin_line();
        self.inside_text(value, &mut at, &mut content.text)?;
        Ok(())
    }

    /// OpenAI's image: the address as text, or inside an object as `url`.
    fn image_url(
        &mut self,
        image: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<bool, Refused> {
        let address = match image {
            Some((Value::Object, mut at)) => self.given(&mut at, &["url"], None)?.text("url"),
            Some((Value::Text(address), _)) => Some(address),
            _ => None,
        };
        if let Some(address) = address {
            image_at(address, content);
        }
        Ok(address.is_some())
    }

    /// Anthropic's image: its bytes, or its address.
    fn image_source(
        &mut self,
        source: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<bool, Refused> {
        let Some((Value::Object, mut at)) = source else { return Ok(false) };
        let given = self.given(&mut at, &["media_type", "data", "url"], None)?;
        match (given.text("media_type"), given.text("data"), given.text("url")) {
            (Some(mime), Some(data), _) => {
                begin_media(&mut content.images);
                data.write(&mut content.images);
                end_media(&mut content.images, &mime.decode());
            }
            (_, _, Some(address)) => image_at(address, content),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// OpenAI's sound.
    fn input_audio(
        &mut self,
        sound: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<bool, Refused> {
        let Some((Value::Object, mut at)) = sound else { return Ok(false) };
        let given = self.given(&mut at, &["data", "format"], None)?;
        let (Some(data), Some(format)) = (given.text("data"), given.text("format")) else {
            return Ok(false);
        };
        let mime = format!("audio/{}", format.decode());
        begin_media(&mut content.sounds);
        data.write(&mut content.sounds);
        end_media(&mut content.sounds, &mime);
        Ok(true)
    }
}

/// An image by its address. A `data:` address holds the bytes, which are kept; any other address
/// becomes part of the text.
fn image_at(address: Text<'_>, content: &mut Content) {
    let text = address.decode();
    let inline = text.strip_prefix("data:").and_then(|rest| {
        let (head, data) = rest.split_once(',')?;
        Some((head.strip_suffix(";base64")?, data))
    });
    match inline {
        Some((mime, data)) => {
            begin_media(&mut content.images);
            write_escaped(&mut content.images, data.as_bytes());
            end_media(&mut content.images, mime);
        }
        None => {
            content.begin_line();
            add(&mut content.text, "[image: ");
            address.write(&mut content.text);
            content.text.push(b']');
        }
    }
}

fn begin_media(list: &mut Vec<u8>) {
    comma(list);
    add(list, "{\"content\":\"");
}

fn end_media(list: &mut Vec<u8>, mime: &str) {
    add(list, "\",\"mime_type\":\"");
    write_escaped(list, mime.as_bytes());
    add(list, "\"}");
}
