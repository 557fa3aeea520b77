//! Numbers of things, as sentences have them.

use std::fmt::Display;

/// `1 span`, `2 spans`.
pub(crate) fn plural<N: Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} {one}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_singular_and_none_is_not() {
        let words = [0_u64, 1, 2].map(|count| plural(count, "span"));
        assert_eq!(words, ["0 spans", "1 span", "2 spans"]);
        assert_eq!(
            (plural(1.0, "token"), plural(1.5, "token")),
            ("1 token".into(), "1.5 tokens".into())
        );
    }
}
