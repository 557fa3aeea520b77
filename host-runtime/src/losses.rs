//! What a tracer has lost, told to the receiver with the next request that goes out, so that a person
//! who looks at the traces there sees what is not among them.
//!
//! `witspan-dropped: client=ID;queue_full=3;evaluations.rejected=1`: counts since the tracer started,
//! summed over its instances, by the reasons of the contract; those of evaluations have a prefix. The
//! header is there only once something was lost. witspan's own intake shows it, others pass over it.

use crate::statistics::{Statistics, reason_name};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// The header's name.
pub(crate) const HEADER: &str = "witspan-dropped";

/// A name for one tracer of one process, which says nothing of the machine but a process id.
pub(crate) fn client() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", std::process::id(), now.as_nanos())
}

/// The header's text; `None` if nothing was lost.
pub(crate) fn header(client: &str, counts: &Statistics) -> Option<String> {
    let spans = counts.dropped();
    let evaluations = counts.evaluations.dropped();
    if spans.is_empty() && evaluations.is_empty() {
        return None;
    }
    let mut text = format!("client={client}");
    for (prefix, dropped) in [("", spans), ("evaluations.", evaluations)] {
        for (reason, count) in dropped {
            let reason = reason_name(reason).replace('-', "_");
            // Writing to a string cannot fail.
            let _ = write!(text, ";{prefix}{reason}={count}");
        }
    }
    Some(text)
}
