//! The bounds that no setting changes, and how a text is cut to a bound.
//!
//! Bytes of JSON pass through five bounds, each a little wider than what it protects:
//!
//! 1. 5 MB, `Limits::event_bytes` of witspan-setup: one event as it is sent. The intake takes no
//!    longer one, so the encoder cuts texts until the event fits.
//! 2. 5.5 MB, `WALK_BYTES` of witspan-setup: where a host stops writing one member of an
//!    annotation. It is more than an event has, so the host leaves out only what cannot be sent.
//! 3. 7.5 MB, `WALK_BYTES_TOGETHER` of witspan-setup: where a host stops writing all members of an
//!    annotation. It is below the next bound, so no such annotation is rejected for its length.
//! 4. 8 MiB, [`MAX_TEXT`]: the longest text that is read here. Reading takes some times as many
//!    bytes, which must fit into memory beside everything that is queued.
//! 5. 16 MiB, `MOST_TEXT` of the Rust host: the longest text that is copied into the component. It
//!    is more than [`MAX_TEXT`], so the core sees how long the text is and rejects it with its own
//!    sentence.

/// Bytes of a text that is read: an annotation, a context, or an event that the processor returns.
pub(crate) const MAX_TEXT: usize = 8 << 20;

/// Warnings of one call. The counter in the statistics counts these.
pub(crate) const MAX_WARNINGS: usize = 16;

/// An annotation of more bytes leaves no buffers behind.
pub(crate) const REUSED_BUFFER: usize = 1 << 20;

/// Bytes that a span takes besides its texts, about.
pub(crate) const SPAN_BYTES: usize = 512;

/// Bytes of a session, of an ML app, of an agent's name, of an intent. The first three outlive the
/// span.
pub(crate) const NAME_BYTES: usize = 4096;

/// Bytes of each text of a failure.
pub(crate) const FAILURE_TEXT: usize = 64 << 10;

/// Characters of an evaluation's label.
pub(crate) const LABEL: usize = 200;

/// Finished spans that can still be named as a parent, at least.
pub(crate) const KEPT_SPANS: usize = 4096;

/// Bytes above `event_bytes` from which a span is cut before it is encoded for the first time: a
/// buffer of its whole length would take too much memory.
pub(crate) const SLACK: usize = 8 << 20;

/// Ended spans that one poll encodes, once the target is known.
pub(crate) const ENCODED_A_POLL: usize = 64;

/// Cuts a text that is longer than `longest` bytes, and says so in it.
pub(crate) fn cut_text(text: &mut String, longest: usize) {
    if text.len() > longest {
        let notice = cut_notice(text.as_bytes());
        text.truncate(text.floor_char_boundary(longest));
        text.push_str(&notice);
    }
}

/// The notice at the end of a text that is cut: its length, or, if it was cut before, the notice
/// that is there already.
pub(crate) fn cut_notice(text: &[u8]) -> String {
    const BEGIN: &[u8] = b" [cut: ";
    let before = text.len().saturating_sub(32);
    let end = text.get(before..).filter(|end| end.ends_with(b" bytes]")).unwrap_or_default();
    let at = end.windows(BEGIN.len()).position(|window| window == BEGIN);
    match at.and_then(|at| end.get(at..)) {
        Some(notice) => String::from_utf8_lossy(notice).into_owned(),
        None => format!(" [cut: {} bytes]", text.len()),
    }
}
