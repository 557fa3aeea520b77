//! The two spellings of an id: Datadog's SDKs write span ids in decimal, OpenTelemetry in hex.
//!
//! An evaluation may name a trace or a span in the other spelling.

/// A trace id as given, and in its other spelling if there is one.
pub(crate) fn spellings_of_trace(id: &str) -> Vec<String> {
    spellings(id, 32)
}

/// A span id as given, and in its other spelling if there is one.
pub(crate) fn spellings_of_span(id: &str) -> Vec<String> {
    spellings(id, 16)
}

fn spellings(id: &str, hex_digits: usize) -> Vec<String> {
    let mut all = vec![id.to_owned()];
    if id.len() == hex_digits && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        all.extend(u128::from_str_radix(id, 16).ok().map(|number| number.to_string()));
    }
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = id.parse::<u128>().ok();
        let hex = number.map(|number| format!("{number:0hex_digits$x}"));
        // An id of decimal digits only may already be its own hex spelling.
        all.extend(hex.filter(|hex| hex.len() == hex_digits && hex != id));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_in_both_spellings() {
        assert_eq!(spellings_of_span("255"), ["255", "00000000000000ff"]);
        assert_eq!(spellings_of_span("00000000000000ff"), ["00000000000000ff", "255"]);
        assert_eq!(spellings_of_span("any"), ["any"]);
        assert_eq!(spellings_of_span("0000000000000005"), ["0000000000000005", "5"]);
        assert!(spellings_of_trace("255").contains(&format!("{:032x}", 255)));
    }
}
