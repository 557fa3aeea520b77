//! The annotations of a span, in wire form, and how a newer one is merged.

use std::rc::Rc;
use witspan_json::Members;

/// Everything that annotations set, merged.
#[derive(Debug, Default)]
pub(crate) struct Annotations {
    /// The `input` object, whole, or empty.
    pub(crate) input: Vec<u8>,
    /// The `output` object, whole, or empty.
    pub(crate) output: Vec<u8>,
    pub(crate) metadata: Members,
    pub(crate) metrics: Members,
    /// Each member is the whole tag, `key:value`; its value begins with the colon.
    pub(crate) tags: Members,
    /// Set by the tag `session_id`.
    pub(crate) session: Option<Rc<str>>,
    /// The parts that most spans do not have.
    pub(crate) extra: Option<Box<Extra>>,
}

/// The parts that only some spans have.
#[derive(Debug, Default, Clone)]
pub(crate) struct Extra {
    /// By the names of `wit/tracing.wit`; each format has its own for some.
    pub(crate) prompt: Members,
    /// The list of tool definitions, whole, or empty.
    pub(crate) tools: Vec<u8>,
    /// Keys of tags.
    pub(crate) cost_tags: Keys,
    /// The agent's manifest, without its version.
    pub(crate) agent: Members,
    /// The agent's version, escaped.
    pub(crate) agent_version: Vec<u8>,
    /// Links, with commas between them.
    pub(crate) links: Vec<u8>,
    /// The intent of the user, escaped.
    pub(crate) intent: Vec<u8>,
}

/// Escaped keys, each once, in the order in which they were given.
#[derive(Debug, Default, Clone)]
pub(crate) struct Keys(Vec<Box<[u8]>>);

impl Keys {
    pub(crate) fn add(&mut self, key: &[u8]) {
        if !self.0.iter().any(|known| **known == *key) {
            self.0.push(key.into());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|key| &**key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the keys for which `keep` is true.
    pub(crate) fn retain(&mut self, keep: &mut dyn FnMut(&[u8]) -> bool) {
        self.0.retain(|key| keep(key));
    }

    pub(crate) fn size(&self) -> usize {
        self.iter().map(|key| size_of_val(key) + size_of::<Box<[u8]>>()).sum()
    }
}

impl Extra {
    pub(crate) fn size(&self) -> usize {
        self.prompt.size()
            + self.tools.len()
            + self.cost_tags.size()
            + self.agent.size()
            + self.agent_version.len()
            + self.links.len()
            + self.intent.len()
    }

    fn merge(&mut self, newer: &Extra) {
        // A prompt has one template.
        for (one, other) in [("template", "chat_template"), ("chat_template", "template")] {
            if newer.prompt.get(one.as_bytes()).is_some() {
                self.prompt.remove(other.as_bytes());
            }
        }
        self.prompt.merge(&newer.prompt);
        for key in newer.cost_tags.iter() {
            self.cost_tags.add(key);
        }
        self.agent.merge(&newer.agent);
        for (kept, new) in [
            (&mut self.tools, &newer.tools),
            (&mut self.agent_version, &newer.agent_version),
            (&mut self.intent, &newer.intent),
        ] {
            if !new.is_empty() {
                kept.clone_from(new);
            }
        }
        if !self.links.is_empty() && !newer.links.is_empty() {
            self.links.push(b',');
        }
        self.links.extend_from_slice(&newer.links);
    }
}

impl Annotations {
    pub(crate) fn size(&self) -> usize {
        self.input.len()
            + self.output.len()
            + self.metadata.size()
            + self.metrics.size()
            + self.tags.size()
            + self.extra.as_ref().map_or(0, |extra| extra.size())
    }

    /// Empties it and keeps its buffers.
    pub(crate) fn clear(&mut self) {
        self.input.clear();
        self.output.clear();
        self.metadata.clear();
        self.metrics.clear();
        self.tags.clear();
        self.session = None;
        self.extra = None;
    }

    /// The rarer parts. They are made if there are none yet.
    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// Merges `draft` as repeated annotations do: input and output are replaced, the rest is
    /// merged by key.
    pub(crate) fn merge(&mut self, draft: &mut Annotations) {
        for (kept, new) in
            [(&mut self.input, &mut draft.input), (&mut self.output, &mut draft.output)]
        {
            if new.len() > MOST_COPIED {
                *kept = std::mem::take(new);
                kept.shrink_to_fit();
            } else if !new.is_empty() {
                kept.clone_from(new);
            }
        }
        for (kept, new) in [
            (&mut self.metadata, &mut draft.metadata),
            (&mut self.metrics, &mut draft.metrics),
            (&mut self.tags, &mut draft.tags),
        ] {
            if kept.is_empty() && new.size() > MOST_COPIED {
                *kept = std::mem::take(new);
                kept.shrink_to_fit();
            } else {
                kept.merge(new);
            }
        }
        if draft.session.is_some() {
            self.session.clone_from(&draft.session);
        }
        if let Some(extra) = &draft.extra {
            self.extra().merge(extra);
        }
    }
}

/// The most bytes that are copied: so few are cheaper to copy to a buffer of the right size than to
/// keep in theirs, which has grown. That buffer then stays for the next annotation.
const MOST_COPIED: usize = 8192;
