//! The content of a message: text, or a list of parts as the clients of model providers hold them.
//!
//! Text parts are joined; tool calls, tool results, images and sound become members of the message.
//! Forms: OpenAI's chat completions and responses, Anthropic's messages, as of 2026.

use super::{Field, Parser, Path, mark, present};
use crate::error::Error;
use crate::json::{Text, Value, write_escaped};

/// What a message's content came to; each list has commas between its elements.
#[derive(Default)]
pub(super) struct Content {
    /// The inside of a JSON string.
    pub(super) text: Vec<u8>,
    pub(super) calls: Vec<u8>,
    pub(super) results: Vec<u8>,
    pub(super) images: Vec<u8>,
    pub(super) sounds: Vec<u8>,
}

impl Content {
    fn begin_line(&mut self) {
        if !self.text.is_empty() {
            self.text.extend_from_slice(b"\\n");
        }
    }
}

/// Puts a comma after what is there.
pub(super) fn comma(list: &mut Vec<u8>) {
    if !list.is_empty() {
        list.push(b',');
    }
}

impl Parser<'_> {
    /// Reads content: text, null, one part, or a list of parts.
    pub(super) fn content(
        &mut self,
        path: Path<'_>,
        field: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<(), Error> {
        let Some((value, mut at)) = present(field) else { return Ok(()) };
        match value {
            Value::Text(text) => text.write(&mut content.text),
            Value::Object => self.part((value, at), content)?,
            Value::Array => {
                let mut first = true;
                while at.element(first)? {
                    first = false;
                    let part = mark(&mut at)?;
                    self.part(part, content)?;
                }
            }
            other => {
                let accepted = "text, null, or a list of content parts";
                let field = format!("{path}.content");
                return Err(Error::invalid(&field, other.describe(), accepted));
            }
        }
        Ok(())
    }

    fn part(&mut self, part: Field<'_>, content: &mut Content) -> Result<(), Error> {
        let (Value::Object, mut at) = part else {
            content.begin_line();
            let (value, mut at) = part;
            self.inside_text(value, &mut at, &mut content.text)?;
            return Ok(());
        };
        let names = [
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
        ];
        let found = self.fields(&mut at, names, |_, _, _| ())?;
        let [kind, text, refusal, thinking, image, source, sound, name, input, id, of, result] =
            found;
        let kind = match present(kind) {
            Some((Value::Text(kind), _)) => kind.decode(),
            _ => String::new(),
        };
        match kind.as_str() {
            "image_url" | "input_image" if self.image_url(image, content)? => return Ok(()),
            "image" if self.image_source(source, content)? => return Ok(()),
            "input_audio" if self.input_audio(sound, content)? => return Ok(()),
            "tool_use" => {
                comma(&mut content.calls);
                content.calls.extend_from_slice(b"{\"arguments\":");
                self.arguments(input, &mut content.calls)?;
                content.calls.push(b',');
                self.text_member("name", name, &mut content.calls)?;
                self.text_member("tool_id", id, &mut content.calls)?;
                content.calls.extend_from_slice(b"\"type\":\"tool_use\"}");
                return Ok(());
            }
            "tool_result" => {
                // Its own content may be parts again; only their text is a result.
                let mut inner = Content::default();
                self.content(Path { field: "content", at: None }, result, &mut inner)?;
                comma(&mut content.results);
                content.results.extend_from_slice(b"{\"result\":\"");
                content.results.append(&mut inner.text);
                content.results.extend_from_slice(b"\",");
                self.text_member("tool_id", of, &mut content.results)?;
                content.results.extend_from_slice(b"\"type\":\"tool_result\"}");
                comma_append(&mut content.images, &mut inner.images);
                return Ok(());
            }
            _ => {}
        }
        content.begin_line();
        for said in [text, refusal, thinking] {
            if let Some((Value::Text(text), _)) = said {
                text.write(&mut content.text);
                return Ok(());
            }
        }
        let (value, mut at) = part;
        self.inside_text(value, &mut at, &mut content.text)?;
        Ok(())
    }

    /// OpenAI's image: the address as text, or inside an object as `url`.
    fn image_url(
        &mut self,
        image: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<bool, Error> {
        let address = match present(image) {
            Some((Value::Object, mut at)) => self.fields(&mut at, ["url"], |_, _, _| ())?[0],
            other => other,
        };
        let Some((Value::Text(address), _)) = address else { return Ok(false) };
        image_at(address, content);
        Ok(true)
    }

    /// Anthropic's image: its bytes, or its address.
    fn image_source(
        &mut self,
        source: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<bool, Error> {
        let Some((Value::Object, mut at)) = source else { return Ok(false) };
        let [mime, data, url] =
            self.fields(&mut at, ["media_type", "data", "url"], |_, _, _| ())?;
        match (mime, data, url) {
            (Some((Value::Text(mime), _)), Some((Value::Text(data), _)), _) => {
                write_media(&mut content.images, mime.decode().as_bytes(), data);
            }
            (_, _, Some((Value::Text(address), _))) => image_at(address, content),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// OpenAI's sound.
    fn input_audio(
        &mut self,
        sound: Option<Field<'_>>,
        content: &mut Content,
    ) -> Result<bool, Error> {
        let Some((Value::Object, mut at)) = sound else { return Ok(false) };
        let [data, format] = self.fields(&mut at, ["data", "format"], |_, _, _| ())?;
        let (Some((Value::Text(data), _)), Some((Value::Text(format), _))) = (data, format) else {
            return Ok(false);
        };
        let mime = format!("audio/{}", format.decode());
        write_media(&mut content.sounds, mime.as_bytes(), data);
        Ok(true)
    }
}

fn comma_append(list: &mut Vec<u8>, more: &mut Vec<u8>) {
    if !more.is_empty() {
        comma(list);
        list.append(more);
    }
}

/// An image that lies at an address: its bytes are kept if the address holds them, else the
/// address is kept as text.
fn image_at(address: Text<'_>, content: &mut Content) {
    let text = address.decode();
    let inline = text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inline {
        Some((mime, data)) => {
            comma(&mut content.images);
            content.images.extend_from_slice(b"{\"content\":\"");
            write_escaped(&mut content.images, data.as_bytes());
            content.images.extend_from_slice(b"\",\"mime_type\":\"");
            write_escaped(&mut content.images, mime.as_bytes());
            content.images.extend_from_slice(b"\"}");
        }
        None => {
            content.begin_line();
            content.text.extend_from_slice(b"[image: ");
            address.write(&mut content.text);
            content.text.push(b']');
        }
    }
}

fn write_media(list: &mut Vec<u8>, mime: &[u8], data: Text<'_>) {
    comma(list);
    list.extend_from_slice(b"{\"content\":\"");
    data.write(list);
    list.extend_from_slice(b"\",\"mime_type\":\"");
    write_escaped(list, mime);
    list.extend_from_slice(b"\"}");
}
