//! What the spans of one ML app share.

/// An ML app and the tags that all its spans share, encoded once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    /// Whether it is another app than that of the settings.
    pub(crate) is_another: bool,
    /// `key:value`, escaped, with the key's length; in order of the whole text.
    pub(crate) tags: Vec<(usize, Vec<u8>)>,
    /// The whole `tags` list of a span that has none of its own and no error.
    pub(crate) plain_tags: Vec<u8>,
}

impl App {
    /// Whether all its spans have a tag of this key, escaped.
    pub(crate) fn has_tag(&self, key: &[u8]) -> bool {
        self.tags.iter().any(|(key_len, tag)| tag.get(..*key_len) == Some(key))
    }
}
