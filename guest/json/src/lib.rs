//! JSON in and canonical JSON out, in one pass over the text.
//!
//! Canonical is RFC 8785: keys ordered by UTF-16 code units, numbers as ECMAScript writes them, the
//! shortest escapes. Values that languages have and RFC 8785 does not are replaced: an integer whose
//! digits a double would not print by a text of these digits, a non-finite number by its name, a lone
//! surrogate by U+FFFD, and a value that is nested too deeply by a text about that.
//!
//! This is our own code because no JSON library takes non-finite numbers and lone surrogates,
//! and because copying a string that is canonical already, which nearly all are, is what makes
//! an annotation cheap.
//!
//! Most of the time that an annotation takes is spent here.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::integer_division
    )
)]

mod append;
mod canonical;
mod members;
mod reader;
mod scan;
mod sort;

pub use append::{add, append, put};
pub use canonical::{Canonicalizer, compare_keys, too_deep_text, write_double, write_number};
pub use members::{Members, Tag, write_tag_list};
pub use reader::{Number, Reader, SyntaxError, Text, Value};
pub use scan::{
    add_string, hexadecimal, put_integer, put_string, write_escaped, write_integer, write_string,
};
pub use sort::sort_by;

/// Containers inside each other, counted from the value itself, that are kept.
pub const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests;
