//! The `tags` list, the same in both formats: `key:value`, in order of the whole text.
//!
//! Sources; of two tags with the same key, that of the later source is sent:
//!
//! 1. the tags of the settings
//! 2. version, env, service, ml_app and its newer name agent_service, language, witspan.version
//! 3. session_id
//! 4. the span's own tags
//! 5. the tag of its prompt, and that of its agent's version
//! 6. tags that nobody may forge: error; error_type of a failure; witspan.cut and
//!    witspan.content_dropped, which say what became of the content on the way

use crate::span::{App, Ended, Frame, Record};
use witspan_json::{Tag, append, write_escaped, write_tag_list};
use witspan_setup::Settings;

fn make(key: &str, value: &str) -> (usize, Vec<u8>) {
    let mut text = Vec::new();
    write_escaped(&mut text, key.as_bytes());
    let key_len = text.len();
    text.push(b':');
    write_escaped(&mut text, value.as_bytes());
    (key_len, text)
}

/// The ML app of this name: the tags that all its spans share, and the whole list of a plain span.
pub(crate) fn app(name: &str, settings: &Settings) -> App {
    let mut tags: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut set = |key: &str, value: &str| {
        let tag = make(key, value);
        tags.retain(|old| key_of(&(old.0, &old.1)) != key_of(&(tag.0, &tag.1)));
        // In order, so that a span's list needs little sorting.
        let at = tags.iter().position(|other| other.1 > tag.1);
        tags.insert(at.unwrap_or(tags.len()), tag);
    };
    for (key, value) in &settings.tags {
        set(key, value);
    }
    for (key, value) in [
        ("version", settings.version.as_str()),
        ("env", settings.env.as_str()),
        ("service", settings.service.as_str()),
        ("ml_app", name),
        ("agent_service", name),
        ("language", settings.language.as_str()),
        ("witspan.version", env!("CARGO_PKG_VERSION")),
    ] {
        if !value.is_empty() {
            set(key, value);
        }
    }
    let mut plain: Vec<Tag<'_>> =
        tags.iter().map(|(key_len, text)| (*key_len, text.as_slice())).collect();
    plain.retain(|tag| key_of(tag) != b"error");
    plain.push((5, b"error:0"));
    let mut plain_tags = Vec::new();
    write_tag_list(&mut plain, &mut plain_tags);
    App { name: name.to_owned(), is_another: name != settings.ml_app, tags, plain_tags }
}

fn key_of<'a>(tag: &Tag<'a>) -> &'a [u8] {
    tag.1.get(..tag.0).unwrap_or_default()
}

/// The tags of a root, for the rules of sampling. Of a root that has finished only its frame is left,
/// and so only the tags of its app.
pub(crate) fn root_tags<'a>(frame: &'a Frame, record: Option<&'a Record>) -> Vec<Tag<'a>> {
    let own = record.into_iter().flat_map(|record| record.annotations.tags.iter_whole());
    let mut tags: Vec<Tag<'a>> = own.collect();
    for (key_len, tag) in &frame.app.tags {
        let tag = (*key_len, tag.as_slice());
        if !tags.iter().any(|set| key_of(set) == key_of(&tag)) {
            tags.push(tag);
        }
    }
    tags
}

/// Appends a span's `tags`.
pub(super) fn write_tags(ended: &Ended, out: &mut Vec<u8>) {
    let own = &ended.record.annotations.tags;
    let extra = ended.record.annotations.extra.as_deref();
    let session = ended.session();
    let plain = own.is_empty() && session.is_none() && ended.failure.is_none();
    if plain && extra.is_none() && ended.marks.is_empty() {
        append(out, &ended.frame.app.plain_tags);
        return;
    }
    let error = ended.failure.as_ref().filter(|failure| !failure.error_type.is_empty());
    let error = error.map(|failure| make("error_type", &failure.error_type));
    let session = session.map(|session| make("session_id", session));
    let marks: Vec<_> = ended.marks.iter().map(|(key, value)| make(key, value)).collect();
    let version = extra.map(|extra| extra.agent_version.as_slice()).filter(|v| !v.is_empty());
    let version = version.map(|version| (13, [b"agent_version:", version].concat()));
    let prompt = extra
        .filter(|extra| !extra.prompt.is_empty())
        .map(|_| make("prompt_tracking_instrumentation_method", "annotated"));

    let mut tags: Vec<Tag<'_>> = Vec::with_capacity(own.len() + ended.frame.app.tags.len() + 6);
    tags.push((5, if ended.failure.is_some() { b"error:1" } else { b"error:0" }));
    fn borrowed((key_len, tag): &(usize, Vec<u8>)) -> Tag<'_> {
        (*key_len, tag.as_slice())
    }
    // The tags that win over all others come first, each key once. The span's own tags, of which
    // there may be many, are not compared with each other: their keys differ.
    for tag in error.iter().chain(&marks).chain(&version).chain(&prompt).map(borrowed) {
        if !is_overridden(&tags, tags.len(), &tag) {
            tags.push(tag);
        }
    }
    let above = tags.len();
    let session = session.as_ref().map(borrowed);
    // The lengths of all keys but the app's, as bits. Most keys of the app have another length, and
    // then need no comparison.
    let mut lengths = 0_u64;
    for (key_len, _) in tags.iter().copied().chain(own.iter_whole()).chain(session) {
        lengths |= bit(key_len);
    }
    for tag in ended.frame.app.tags.iter().map(borrowed) {
        let key = key_of(&tag);
        if lengths & bit(tag.0) != 0
            && (own.has(key)
                || is_overridden(&tags, above, &tag)
                || session.is_some_and(|session| key_of(&session) == key))
        {
            continue;
        }
        tags.push(tag);
    }
    if let Some(tag) = session
        && !own.has(key_of(&tag))
        && !is_overridden(&tags, above, &tag)
    {
        tags.push(tag);
    }
    for tag in own.iter_whole() {
        if !is_overridden(&tags, above, &tag) {
            tags.push(tag);
        }
    }
    write_tag_list(&mut tags, out);
}

fn bit(key_len: usize) -> u64 {
    1 << (key_len & 63)
}

/// Whether one of the first `above` tags has the key of this one.
fn is_overridden(tags: &[Tag<'_>], above: usize, tag: &Tag<'_>) -> bool {
    for set in tags.get(..above).unwrap_or_default() {
        if set.0 == tag.0 && key_of(set) == key_of(tag) {
            return true;
        }
    }
    false
}
