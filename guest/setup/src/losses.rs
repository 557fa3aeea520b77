//! The header that reports drops to the receiver with each request, so that a person who looks at the
//! traces there knows that some are missing.

use crate::reasons::DropReason;

/// The header's name.
pub const LOSS_HEADER: &str = "witspan-dropped";

/// The header's text: `client=ID;queue_full=3;evaluations.rejected=1`; `None` if nothing was lost. The
/// counts are those since the tracer started, summed over its instances. `client` names one tracer of one
/// process; only its letters, digits, `-`, `_` and `.` are kept.
pub fn loss_header(
    client: &str,
    spans: &[(DropReason, u64)],
    evaluations: &[(DropReason, u64)],
) -> Option<String> {
    let lost = |counts: &[(DropReason, u64)]| counts.iter().any(|(_, count)| *count > 0);
    if !lost(spans) && !lost(evaluations) {
        return None;
    }
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut text: String = "client=".to_owned();
    text.extend(client.chars().filter(plain));
    for (prefix, counts) in [("", spans), ("evaluations.", evaluations)] {
        for (reason, count) in counts.iter().filter(|(_, count)| *count > 0) {
            let name = reason.name().replace('-', "_");
            text.push_str(&[";", prefix, &name, "=", &count.to_string()].concat());
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_only_what_was_lost() {
        assert_eq!(loss_header("a", &[(DropReason::Trap, 0)], &[]), None);
        assert_eq!(
            loss_header("1-a\n;", &[(DropReason::QueueFull, 3)], &[(DropReason::Rejected, 1)]),
            Some("client=1-a;queue_full=3;evaluations.rejected=1".to_owned())
        );
    }
}
