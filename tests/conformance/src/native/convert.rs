//! Values of the suite as values of the core, and the time and entropy that a case begins with.

use crate::{Counters, Headers, START_NS};
use anyhow::Result;
use std::cell::Cell;
use std::rc::Rc;
use witspan_core as core;

/// Time that stands still, and entropy that counts.
pub(super) struct Fixed {
    pub(super) passed: Rc<Cell<u64>>,
    pub(super) drawn: u64,
}

impl core::Platform for Fixed {
    fn wall_ns(&mut self) -> u64 {
        START_NS + self.passed.get()
    }

    fn monotonic_ns(&mut self) -> u64 {
        self.passed.get()
    }

    fn entropy(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// Headers as the core has them.
pub(super) fn headers(headers: &Headers) -> Vec<core::Header> {
    let header = |(name, value): (&String, &String)| core::Header {
        name: name.clone(),
        value: value.clone(),
    };
    headers.iter().map(header).collect()
}

/// Headers as the suite has them.
pub(super) fn record(headers: &[core::Header]) -> Headers {
    headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect()
}

/// The text of a refusal; any other error is not expected.
pub(super) fn refusal<T>(result: Result<T, core::Error>) -> Result<Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(core::Error::InvalidArgument(detail)) => Ok(Err(detail.message)),
        Err(core::Error::SpanFinished(_) | core::Error::MemoryFull) => Ok(Err(String::new())),
        Err(error) => Err(error.into()),
    }
}

/// The counters that are not zero, by their names in the suite.
pub(super) fn counters(counts: &core::Statistics) -> Counters {
    let mut counters = Counters::new();
    let mut count = |name: &str, value: u64| {
        if value > 0 {
            counters.insert(name.to_owned(), value);
        }
    };
    count("accepted", counts.accepted);
    count("open", counts.open);
    count("delivered", counts.delivered);
    count("annotations_rejected", counts.annotations_rejected);
    count("warnings", counts.warnings);
    count("cut", counts.cut);
    count("content_dropped", counts.content_dropped);
    count("evaluations accepted", counts.evaluations.accepted);
    count("evaluations delivered", counts.evaluations.delivered);
    count("evaluations_rejected", counts.evaluations_rejected);
    for (at, reason) in core::DropReason::ALL.into_iter().enumerate() {
        count(&format!("dropped {}", reason.name()), counts.dropped[at]);
        let evaluations = counts.evaluations.dropped[at];
        count(&format!("evaluations dropped {}", reason.name()), evaluations);
    }
    counters
}
