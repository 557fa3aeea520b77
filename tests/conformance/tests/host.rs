//! Every case through the Rust host: the component, the worker, and a real HTTP receiver.

// Beside the support that other tests share, which make no plans.
#[path = "support/setup.rs"]
mod setup;
mod support;

use setup::check_plan;
use support::Host;
use support::host::POLLS;
use witspan_conformance::{Gaps, check_all};

/// Why the core does not warn of a wrong rate.
const RATE: &str = "the plan reports a wrong rate and gives the core the default";

/// What this runner cannot do, and why.
const GAPS: &Gaps = &[
    ("batching-due-by-age", POLLS),
    ("batching-age-of-the-first", POLLS),
    ("batching-age-is-set", POLLS),
    ("batching-full-is-due", POLLS),
    ("batching-open-parent-delays-nothing", POLLS),
    ("batching-evaluations-by-age", POLLS),
    ("batching-queue-is-free-again", POLLS),
    ("retry-ids-stay", POLLS),
    ("sampling-rate-too-high", RATE),
    ("sampling-rate-negative", RATE),
];

#[test]
fn the_host_sends_every_cases_bytes() {
    check_all("host", GAPS, Host::new, check_plan).unwrap();
}
