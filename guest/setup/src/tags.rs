//! `DD_TAGS`: `key:value` pairs in one text.

/// The pairs, as ddtrace 4.16 reads them. They are separated by commas if the text has any, else by white
/// space. A key alone has an empty value, a value without a key is left out, and of two values of one
/// key the last counts.
pub(crate) fn read(text: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else {
        text.split_whitespace().collect()
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for part in parts {
        let (key, value) = part.split_once(':').unwrap_or((part, ""));
        let (key, value) = (key.trim(), value.trim().to_owned());
        match pairs.iter_mut().find(|(known, _)| known == key) {
            Some(known) => known.1 = value,
            None if key.is_empty() => {}
            None => pairs.push((key.to_owned(), value)),
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_separated_by_commas_or_spaces() {
        let expected = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x:y".to_owned())];
        assert_eq!(read("a:1,b:x:y"), expected);
        assert_eq!(read("a:1 b:x:y :z"), expected);
    }

    #[test]
    fn a_pair_is_read_as_ddtrace_reads_it() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(read("a : 1 , b,,c:"), [pair("a", "1"), pair("b", ""), pair("c", "")]);
        assert_eq!(read("a:1,b:2,a:3"), [pair("a", "3"), pair("b", "2")]);
    }
}
