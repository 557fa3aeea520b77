//! The most that a host reads of the application's values, and the texts that it writes for the rest.
//!
//! The core has limits of its own, and cuts what is longer. With these bounds a host does not walk and
//! copy, while the application waits, what would be cut anyway.

/// Containers inside each other that are walked: the core keeps 32 and cuts what is deeper.
pub const WALK_DEPTH: usize = 34;

/// Values that are walked in one member of an annotation. Each takes two bytes or more, so this is
/// more than one span may hold; it bounds what a small object can unfold to.
pub const WALK_VALUES: usize = 2_500_000;

/// Bytes of JSON that one member of an annotation takes: a span has 5 MB.
pub const WALK_BYTES: usize = 5_500_000;

/// Bytes that all members of one annotation take together.
pub const WALK_BYTES_TOGETHER: usize = 7_500_000;

/// Bytes that a member may take even if those before it have used up all.
pub const WALK_BYTES_LEAST: usize = 64 << 10;

/// Bytes of the items of one stream that a host keeps.
pub const STREAM_BYTES: usize = 1_000_000;

/// Items of a stream that are kept if they make a list. If all are texts, there is no limit.
pub const STREAM_ITEMS: usize = 10_000;

/// In place of a container that contains itself.
pub const CYCLIC: &str = "[cyclic reference]";

/// In place of what is beyond the bounds.
pub const TOO_MANY: &str = "[too many values]";

/// In place of a value that cannot be written.
pub const UNSERIALIZABLE: &str = "[unserializable]";

/// In place of a key of an object that cannot be written.
pub const UNSERIALIZABLE_KEY: &str = "[unserializable key]";

/// In place of an integer whose digits the language does not print.
pub const TOO_LARGE: &str = "[integer too large]";

/// The bounds by name, as `names` gives them.
pub(crate) const BOUNDS: [(&str, usize); 7] = [
    ("walk_depth", WALK_DEPTH),
    ("walk_values", WALK_VALUES),
    ("walk_bytes", WALK_BYTES),
    ("walk_bytes_together", WALK_BYTES_TOGETHER),
    ("walk_bytes_least", WALK_BYTES_LEAST),
    ("stream_bytes", STREAM_BYTES),
    ("stream_items", STREAM_ITEMS),
];

/// The texts by name, as `names` gives them.
pub(crate) const STAND_INS: [(&str, &str); 5] = [
    ("cyclic", CYCLIC),
    ("too_many", TOO_MANY),
    ("unserializable", UNSERIALIZABLE),
    ("unserializable_key", UNSERIALIZABLE_KEY),
    ("too_large", TOO_LARGE),
];
