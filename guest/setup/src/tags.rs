//! `DD_TAGS`: `key:value` pairs in one text.

/// The pairs, separated by commas if there is any, else by white space. What has no colon or no key
/// is left out, as ddtrace does.
pub(crate) fn read(text: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else {
        text.split_whitespace().collect()
    };
    let pairs = parts.into_iter().filter_map(|part| part.trim().split_once(':'));
    pairs
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_separated_by_commas_or_spaces() {
        let expected = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x:y".to_owned())];
        assert_eq!(read("a:1,b:x:y"), expected);
        assert_eq!(read("a:1 b:x:y junk :z"), expected);
    }
}
