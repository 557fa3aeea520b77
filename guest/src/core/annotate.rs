//! How a span is annotated: all of an annotation is taken, or nothing.

use super::Core;
use crate::annotation;
use crate::error::{Error, Warning};
use crate::ids::Handle;
use crate::limits::REUSED_BUFFER;
use crate::platform::Platform;
use crate::span::{Annotations, Frame, Record, Slot};
use witspan_json::Canonicalizer;

impl<P: Platform> Core<P> {
    /// Adds an annotation, a JSON text, to an open span.
    pub fn annotate(&mut self, span: Handle, text: &str) -> Result<Vec<Warning>, Error> {
        let result = self.try_annotate(span, text);
        match &result {
            Ok(warnings) => self.counters.warnings += warnings.len() as u64,
            Err(_) => self.counters.annotations_rejected += 1,
        }
        if text.len() > REUSED_BUFFER {
            // The buffers grew with it; the next annotation does not need them.
            self.draft = Annotations::default();
            self.canonicalizer = Canonicalizer::default();
        }
        result
    }

    /// As [`Core::annotate`], without the counters.
    pub(super) fn try_annotate(&mut self, span: Handle, text: &str) -> Result<Vec<Warning>, Error> {
        if span == 0 {
            return Ok(Vec::new());
        }
        #[cfg(feature = "trap")]
        trap_on_demand(text);
        let slot = self.spans.get_mut(span).ok_or(Error::UnknownSpan(span))?;
        let Slot { frame, record: Some(record), .. } = slot else {
            return Err(Error::SpanFinished(span));
        };
        let room = (self.settings.limits.open_bytes as usize).saturating_sub(self.open_bytes);
        if text.len() > room {
            return Err(Error::MemoryFull);
        }
        self.draft.clear();
        let kind = record.kind;
        let mut warnings = annotation::parse(kind, text, &mut self.draft, &mut self.canonicalizer)?;
        if let Some(extra) = &mut self.draft.extra
            && !extra.cost_tags.is_empty()
        {
            let tags = &self.draft.tags;
            extra.cost_tags.retain(&mut |key| {
                let known = tags.get(key).is_some() || has_tag(frame, record, key);
                if !known {
                    let key = String::from_utf8_lossy(key);
                    let what = format_args!(
                        "names `{key}`, which is not a tag of the span: it was left out"
                    );
                    warnings.push(Warning::of(&"cost_tags", what));
                }
                known
            });
        }
        // Canonical form may be longer than what was given.
        if self.draft.size() > room {
            return Err(Error::MemoryFull);
        }
        let before = record.annotations.size();
        if let Some(session) = &self.draft.session {
            frame.session = Some(session.clone());
        }
        record.annotations.merge(&mut self.draft);
        self.open_bytes = (self.open_bytes + record.annotations.size()).saturating_sub(before);
        Ok(warnings)
    }
}

/// Whether an open span has a tag of this key, escaped.
fn has_tag(frame: &Frame, record: &Record, key: &[u8]) -> bool {
    let session = key == b"session_id" && frame.session.is_some();
    session || record.annotations.tags.get(key).is_some() || frame.app.has_tag(key)
}

/// Ends this instance as a defect would, so that tests see what a host does then.
#[cfg(feature = "trap")]
fn trap_on_demand(text: &str) {
    if text.contains("witspan.test.trap") {
        std::process::abort();
    }
}
