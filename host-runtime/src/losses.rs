//! The header that reports to a receiver how much this tracer has lost: the tracer's name, and the
//! counters of all instances.

use crate::statistics::Statistics;
use std::time::{SystemTime, UNIX_EPOCH};
pub(crate) use witspan_setup::LOSS_HEADER as HEADER;

/// A name for one tracer of one process. It reveals nothing of the machine but a process id.
pub(crate) fn client() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", std::process::id(), now.as_nanos())
}

/// The header's text; `None` if nothing was lost.
pub(crate) fn header(client: &str, counts: &Statistics) -> Option<String> {
    let known = |reasons: Vec<(crate::DropReason, u64)>| -> Vec<_> {
        let all = witspan_setup::DropReason::ALL;
        reasons.into_iter().map(|(reason, count)| (all[reason as usize], count)).collect()
    };
    let (spans, evaluations) = (known(counts.dropped()), known(counts.evaluations.dropped()));
    witspan_setup::loss_header(client, &spans, &evaluations)
}
