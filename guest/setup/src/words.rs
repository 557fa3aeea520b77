//! Counts and lists of names, as sentences have them.

/// `1 span`, `2 spans`.
#[inline(never)]
pub fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    [&count.to_string(), " ", what, plural].concat()
}

/// `a, b or c`.
#[inline(never)]
pub fn listed(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, names)) => [&names.join(", "), " or ", last].concat(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        let spans = [0, 1, 2].map(|count| counted(count, "span"));
        assert_eq!(spans, ["0 spans", "1 span", "2 spans"]);
    }

    #[test]
    fn the_last_name_has_an_or_before_it() {
        assert_eq!(listed(&["a", "b", "c"]), "a, b or c");
        assert_eq!(listed(&["a"]), "a");
    }
}
