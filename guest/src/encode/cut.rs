//! Shortening a span that is too long: the longest texts are cut, structure and numbers stay.

use crate::limits::{cut_notice, cut_text};
use crate::span::{Ended, Shape, stand_in};
use witspan_json::Members;

/// Names of members whose short texts say what the others mean. They are not cut.
const KEPT: [&[u8]; 6] = [b"role", b"name", b"type", b"tool_id", b"id", b"mime_type"];
/// The most bytes of a text under one of those names that is not cut.
const KEPT_BYTES: usize = 256;
/// No text is cut to fewer bytes.
const SHORTEST: usize = 32;
/// The most bytes that the tag takes which says that the span was cut.
const MARK: usize = 96;
/// The most bytes that the notice takes in each text that is cut.
const NOTICE: usize = 32;

/// Shortens a span, whose event is `over` bytes too long, so that it probably fits. The longest texts
/// are all cut to the same length, the greatest that fits; a mark names the parts that were cut.
pub(crate) fn cut(ended: &mut Ended, over: usize) {
    // The mark is a tag, which takes bytes, too.
    let over = over + MARK;
    let mut lengths: Vec<usize> = Vec::new();
    each_part(ended, &mut |_, part| {
        part.lengths(&mut |length| {
            if length > SHORTEST {
                lengths.push(length);
            }
        });
    });
    witspan_json::sort_by(&mut lengths, |a, b| b.cmp(a));
    let level = water_level(&lengths, over);
    let mut sections: Vec<&'static str> = Vec::new();
    each_part(ended, &mut |name, part| {
        if part.cut(level) && !sections.contains(&name) {
            sections.push(name);
        }
    });
    mark(ended, &sections);
}

/// Shortens a span that is far too long to about `longest` bytes before it is written for the first
/// time: to write it as it is would take twice its length of memory.
#[cold]
#[inline(never)]
pub(crate) fn cut_down(ended: &mut Ended, longest: usize) {
    let size = ended.size();
    if size > longest {
        cut(ended, size - longest);
        while ended.size() > longest && empty_the_largest(ended) {}
    }
}

/// Empties what takes the most bytes of a span that is still too long; false if nothing is left.
pub(crate) fn empty_the_largest(ended: &mut Ended) -> bool {
    let mut largest: Option<(&'static str, usize)> = None;
    each_part(ended, &mut |name, part| {
        let size = part.size();
        if size > largest.map_or(SMALL, |(_, size)| size) {
            largest = Some((name, size));
        }
    });
    let Some((largest, _)) = largest else { return false };
    let kind = ended.record.kind;
    each_part(ended, &mut |name, part| {
        if name == largest {
            part.empty(if name == "input" { kind.input_shape() } else { kind.output_shape() });
        }
    });
    ended.io_dropped |= largest == "input" || largest == "output";
    mark(ended, &[largest]);
    true
}

/// Parts of fewer bytes are not emptied: the text in their place would be as long.
const SMALL: usize = 128;
/// The text in place of a part that was too long even after its texts were cut.
const EMPTIED: &str = "[left out: too long for one event]";

/// Whether anything of a span was cut.
pub(crate) fn was_cut(ended: &Ended) -> bool {
    ended.marks.iter().any(|(key, _)| *key == "witspan.cut")
}

fn mark(ended: &mut Ended, sections: &[&'static str]) {
    let at = ended.marks.iter().position(|(key, _)| *key == "witspan.cut");
    let mut said: Vec<String> = match at {
        Some(at) => ended.marks.remove(at).1.split(',').map(str::to_owned).collect(),
        None => Vec::new(),
    };
    for section in sections {
        if !said.iter().any(|name| name == section) {
            said.push((*section).to_owned());
        }
    }
    if !said.is_empty() {
        ended.marks.push(("witspan.cut", said.join(",")));
    }
}

/// The length to which texts are cut, so that they lose `over` bytes in all, and as many as the
/// notices take. `lengths` has the longest first.
fn water_level(lengths: &[usize], over: usize) -> usize {
    let mut gained = 0usize;
    for (at, longest) in lengths.iter().enumerate() {
        let next = lengths.get(at + 1).copied().unwrap_or(0);
        let texts = at + 1;
        let needed = over + texts * NOTICE;
        let step = (longest - next) * texts;
        if gained + step >= needed {
            let fall = (needed - gained).div_ceil(texts);
            return longest.saturating_sub(fall).max(SHORTEST);
        }
        gained += step;
    }
    SHORTEST
}

/// A part of a span that holds text.
enum Part<'e> {
    /// JSON in wire form.
    Json(&'e mut Vec<u8>),
    /// Members whose values are JSON in wire form.
    Members(&'e mut Members),
    /// Members whose values are the inside of a JSON string, from a colon on.
    Tags(&'e mut Members),
    /// A text by itself.
    Text(&'e mut String),
}

fn each_part(ended: &mut Ended, each: &mut dyn FnMut(&'static str, &mut Part<'_>)) {
    let record = &mut ended.record;
    let annotations = &mut record.annotations;
    each("input", &mut Part::Json(&mut annotations.input));
    each("output", &mut Part::Json(&mut annotations.output));
    each("metadata", &mut Part::Members(&mut annotations.metadata));
    each("tags", &mut Part::Tags(&mut annotations.tags));
    if let Some(extra) = &mut annotations.extra {
        each("prompt", &mut Part::Members(&mut extra.prompt));
        each("agent", &mut Part::Members(&mut extra.agent));
        each("tool_definitions", &mut Part::Json(&mut extra.tools));
        each("links", &mut Part::Json(&mut extra.links));
    }
    if let Some(prompt) = &mut ended.parents_prompt {
        each("prompt", &mut Part::Members(prompt));
    }
    if let Some(failure) = &mut ended.failure {
        each("error", &mut Part::Text(&mut failure.stack));
        each("error", &mut Part::Text(&mut failure.message));
    }
    let texts = [&mut record.name, &mut record.model_name, &mut record.model_provider];
    for text in texts.into_iter().flatten() {
        each("name", &mut Part::Text(text));
    }
}

impl Part<'_> {
    fn size(&self) -> usize {
        match self {
            Part::Json(json) => json.len(),
            Part::Members(members) | Part::Tags(members) => members.size(),
            Part::Text(text) => text.len(),
        }
    }

    fn empty(&mut self, shape: Shape) {
        match self {
            Part::Json(json)
                if json.first() == Some(&b'{') && !json.starts_with(b"{\"attributes\"") =>
            {
                json.clear();
                json.extend_from_slice(stand_in(shape, EMPTIED).as_bytes());
            }
            Part::Json(json) => json.clear(),
            Part::Members(members) | Part::Tags(members) => **members = Members::default(),
            Part::Text(text) => text.clear(),
        }
    }

    fn lengths(&self, each: &mut dyn FnMut(usize)) {
        match self {
            Part::Json(json) => each_text(json, &mut |text, _| each(text.len())),
            Part::Members(members) => {
                for (_, value) in members.iter() {
                    each_text(value, &mut |text, _| each(text.len()));
                }
            }
            Part::Tags(members) => members.iter().for_each(|(_, value)| each(value.len())),
            Part::Text(text) => each(text.len()),
        }
    }

    /// Cuts the texts that are longer than `level`; whether there were any.
    fn cut(&mut self, level: usize) -> bool {
        match self {
            Part::Json(json) => match cut_json(json, level) {
                Some(shorter) => {
                    **json = shorter;
                    true
                }
                None => false,
            },
            Part::Members(members) => {
                cut_members(members, &|value| has_longer(value, level), &|value| {
                    cut_json(value, level).unwrap_or_else(|| value.to_vec())
                })
            }
            Part::Tags(members) => cut_members(members, &|value| value.len() > level, &|value| {
                cut_inside(value, level)
            }),
            Part::Text(text) => {
                let long = text.len() > level;
                cut_text(text, level);
                long
            }
        }
    }
}

/// Cuts the values that are too long. If there are none, nothing is copied.
fn cut_members(
    members: &mut Members,
    is_long: &dyn Fn(&[u8]) -> bool,
    cut: &dyn Fn(&[u8]) -> Vec<u8>,
) -> bool {
    if !members.iter().any(|(_, value)| is_long(value)) {
        return false;
    }
    let mut shorter = Members::default();
    for (key, value) in members.iter() {
        if is_long(value) {
            shorter.set(key, &cut(value));
        } else {
            shorter.set(key, value);
        }
    }
    *members = shorter;
    true
}

/// Whether JSON in wire form has a text that is longer than `level`.
fn has_longer(json: &[u8], level: usize) -> bool {
    let mut longer = false;
    each_text(json, &mut |text, _| longer |= text.len() > level);
    longer
}

/// Calls `each` with every text in JSON in wire form that may be cut, and with its place.
fn each_text(json: &[u8], each: &mut dyn FnMut(&[u8], usize)) {
    let mut at = 0;
    let mut key: &[u8] = b"";
    while let Some(found) = json.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'"')) {
        let start = at + found + 1;
        let end = start + text_length(json.get(start..).unwrap_or_default());
        let text = json.get(start..end).unwrap_or_default();
        at = end + 1;
        if json.get(at) == Some(&b':') {
            key = text;
            continue;
        }
        let named = start >= 2 && json.get(start - 2) == Some(&b':');
        if !(named && text.len() <= KEPT_BYTES && KEPT.contains(&key)) {
            each(text, start);
        }
    }
}

/// Bytes up to the quote that ends a text.
fn text_length(rest: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match rest.get(at) {
            Some(b'"') | None => return at,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// JSON with its texts cut; `None` if none is longer than `level`.
fn cut_json(json: &[u8], level: usize) -> Option<Vec<u8>> {
    let mut shorter = Vec::new();
    let mut copied = 0;
    each_text(json, &mut |text, start| {
        if text.len() > level {
            shorter.extend_from_slice(json.get(copied..start).unwrap_or_default());
            shorter.append(&mut cut_inside(text, level));
            copied = start + text.len();
        }
    });
    if copied == 0 {
        return None;
    }
    shorter.extend_from_slice(json.get(copied..).unwrap_or_default());
    Some(shorter)
}

/// The inside of a JSON string, cut to `level` bytes between two characters, with a notice.
fn cut_inside(text: &[u8], level: usize) -> Vec<u8> {
    let mut end = 0;
    while let Some(&byte) = text.get(end) {
        let width = match byte {
            b'\\' if text.get(end + 1) == Some(&b'u') => 6,
            b'\\' => 2,
            0..0x80 => 1,
            0xC0..0xE0 => 2,
            0xE0..0xF0 => 3,
            _ => 4,
        };
        if end + width > level {
            break;
        }
        end += width;
    }
    let mut cut = text.get(..end).unwrap_or_default().to_vec();
    cut.extend_from_slice(cut_notice(text).as_bytes());
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_names_are_kept() {
        let json =
            r#"{"content":"aé\u0001\"xyz","role":"user","n":12345678901234,"l":["abcdefghij"]}"#;
        let cut = |level| String::from_utf8(cut_json(json.as_bytes(), level).unwrap()).unwrap();
        assert_eq!(
            cut(4),
            r#"{"content":"aé [cut: 14 bytes]","role":"user","n":12345678901234,"l":["abcd [cut: 10 bytes]"]}"#
        );
        assert!(cut(9).starts_with(r#"{"content":"aé\u0001 [cut"#), "{}", cut(9));
        assert_eq!(cut_json(json.as_bytes(), 100), None);
    }

    #[test]
    fn the_longest_are_cut_first() {
        let level = water_level(&[1000, 400, 100], 300);
        assert!((600..=668).contains(&level), "{level}");
        let level = water_level(&[1000, 400, 100], 800);
        assert!((250..=300).contains(&level), "{level}");
        assert_eq!(water_level(&[1000, 400], 10_000), SHORTEST);
    }
}
