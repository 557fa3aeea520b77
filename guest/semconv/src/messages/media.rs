//! Parts of a message that are not text: pictures and sounds, as the conventions and the clients of model
//! providers have them.
//!
//! Bytes become parts. A picture or sound that is only an address becomes text, as in witspan's SDKs; so
//! does a film or a document, for which a message has no part. Sources: the JSON schemas of
//! OpenTelemetry's messages, and what Pydantic AI, OpenInference, OpenAI's and Anthropic's clients have.

use serde_json::{Value, json};

use super::{AUDIO, BLOB, FILE, IMAGE};

/// What a part is read as.
#[derive(Default)]
pub(super) struct Media {
    /// `{mime_type, content}`, the content in base64.
    pub(super) picture: Option<Value>,
    pub(super) sound: Option<Value>,
    /// A text about it, or what is said in it.
    pub(super) text: Option<String>,
}

/// The types of such parts, and what each holds if nothing else says what.
const TYPES: &[(&str, &str)] = &[
    (BLOB, FILE),
    ("binary", FILE),
    ("uri", FILE),
    (FILE, FILE),
    ("file_data", FILE),
    ("input_file", FILE),
    (IMAGE, IMAGE),
    ("image_url", IMAGE),
    ("image-url", IMAGE),
    ("input_image", IMAGE),
    (AUDIO, AUDIO),
    ("audio-url", AUDIO),
    ("input_audio", AUDIO),
    ("video", "video"),
    ("video-url", "video"),
    ("document", "document"),
    ("document-url", "document"),
];
/// Where the bytes are, in base64.
const BYTES: &[&str] =
    &["/content", "/data", "/input_audio/data", "/source/data", "/file/file_data", "/file_data"];
/// Where the address of the bytes is. A `data:` address holds the bytes itself.
const PLACES: &[&str] = &[
    "/uri",
    "/url",
    "/image_url/url",
    "/image_url",
    "/source/url",
    "/image/image/url",
    "/audio/audio/url",
    "/video/video/url",
    "/document/document/url",
    "/file_id",
    "/file/file_id",
];
const FORMATS: &[&str] =
    &["/mime_type", "/media_type", "/source/media_type", "/audio/audio/mime_type"];
/// A document that is text, which Anthropic's clients have among the bytes.
const WORDS: &[&str] = &["/document/document/content"];
const TRANSCRIPTS: &[&str] = &["/transcript", "/audio/audio/transcript"];

/// What `part` holds; `None` if it is not such a part.
pub(super) fn media(part: &Value) -> Option<Media> {
    let first = |pointers: &[&str]| {
        pointers
            .iter()
            .find_map(|pointer| part.pointer(pointer)?.as_str().filter(|text| !text.is_empty()))
    };
    let name = part["type"].as_str()?;
    let (_, usual) = TYPES.iter().find(|(known, _)| *known == name)?;
    if let Some(text) =
        first(if part["source"]["type"] == "text" { &["/source/data"] } else { WORDS })
    {
        return Some(Media { text: Some(text.to_owned()), ..Media::default() });
    }
    let (bytes, place) = (first(BYTES), first(PLACES));
    let inside = bytes.or(place).and_then(inline);
    let format =
        inside.map(|(format, _)| format.to_owned()).or_else(|| first(FORMATS).map(str::to_owned));
    // OpenAI's sound has only the name of a format.
    let sound = || Some(format!("audio/{}", part.pointer("/input_audio/format")?.as_str()?));
    let format = format.or_else(sound);
    let kind = part["modality"].as_str().or_else(|| {
        let (kind, _) = format.as_deref()?.split_once('/')?;
        [IMAGE, AUDIO, "video"].contains(&kind).then_some(kind)
    });
    let kind = kind.unwrap_or(usual);
    let transcript = first(TRANSCRIPTS).map(str::to_owned);
    let held = inside.map(|(_, data)| data).or(bytes);
    let piece = |usual: &str| {
        let format = format.as_deref().unwrap_or(usual);
        Some(json!({ "mime_type": format, "content": held? }))
    };
    let found = match kind {
        IMAGE => Media { picture: piece("image/png"), text: transcript, ..Media::default() },
        AUDIO => Media { sound: piece("audio/wav"), text: transcript, ..Media::default() },
        _ => Media { text: transcript, ..Media::default() },
    };
    if found.picture.is_some() || found.sound.is_some() {
        return Some(found);
    }
    // The text has only the size: the bytes are in the original event, and are too long for a text.
    let size = held.map(|data| format!("{} bytes", data.len() / 4 * 3));
    let place = place.filter(|_| held.is_none());
    let known = [format.as_deref(), place, size.as_deref()];
    let known: Vec<&str> = known.into_iter().flatten().collect();
    if known.is_empty() {
        return None;
    }
    let told = format!("[{kind}: {}]", known.join(", "));
    let text = found.text.map_or(told.clone(), |words| format!("{told}\n\n{words}"));
    Some(Media { text: Some(text), ..Media::default() })
}

/// The format and the data of a `data:` address in base64.
fn inline(address: &str) -> Option<(&str, &str)> {
    let (head, data) = address.strip_prefix("data:")?.split_once(',')?;
    let format = head.strip_suffix(";base64")?;
    Some((format.split(';').next().unwrap_or_default(), data))
}
