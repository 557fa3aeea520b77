//! Every case through the Rust host: the component, the worker, and a real HTTP receiver.

mod support;

use support::Host;
use support::host::POLLS;
use witspan_conformance::{Gaps, check_all};

const PLAN: &str = "the plan says it before an instance sees it";

/// What this runner cannot do, and why.
const GAPS: &Gaps = &[
    ("batching-due-by-age", POLLS),
    ("batching-age-of-the-first", POLLS),
    ("batching-age-is-set", POLLS),
    ("batching-full-is-due", POLLS),
    ("batching-open-spans-wait-for-nobody", POLLS),
    ("batching-evaluations-by-age", POLLS),
    ("batching-queue-is-free-again", POLLS),
    ("retry-ids-stay", POLLS),
    ("sampling-rate-too-high", PLAN),
    ("sampling-rate-negative", PLAN),
];

#[test]
fn the_host_sends_every_cases_bytes() {
    check_all("host", GAPS, Host::new).unwrap();
}
