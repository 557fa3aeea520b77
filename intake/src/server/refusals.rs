//! Counts the requests that the intake rejected, by status, with the last reason.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use serde::Serialize;

use super::ingest::said;
use crate::model::LeftOut;
use crate::store::now_ns;
use crate::words::plural;

/// The last refusal.
#[derive(Clone, Serialize)]
pub(crate) struct Refused {
    status: u16,
    reason: String,
    path: String,
    at_ms: i64,
}

#[derive(Default)]
struct Counted {
    by_status: BTreeMap<u16, u64>,
    left_out: LeftOutCounts,
    last: Option<Refused>,
}

/// The events that were dropped from accepted requests.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct LeftOutCounts {
    spans: u64,
    evaluations: u64,
}

/// Counts since the process started.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Counted>);

impl Refusals {
    /// Counts one, and logs the first of each status.
    pub(crate) fn add(&self, status: StatusCode, path: &str, reason: &str) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counted.by_status.entry(status.as_u16()).or_default();
        *count = count.saturating_add(1);
        if *count == 1 {
            crate::terminal::note!(
                "witspan intake: rejected a request to {path} with {status}: {reason}; later ones are \
                 counted, see /drops"
            );
        }
        counted.last = Some(refused(status, path, reason));
    }

    /// Counts the events that were dropped from an accepted request, and logs the first of all.
    pub(crate) fn left_out(&self, path: &str, left_out: &LeftOut) {
        let reason = left_out.flaws.first().map(|flaw| said(&flaw.pointer, &flaw.detail()));
        let reason = reason.unwrap_or_default();
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let LeftOutCounts { spans, evaluations } = &mut counted.left_out;
        let first = *spans == 0 && *evaluations == 0;
        *spans = spans.saturating_add(left_out.spans);
        *evaluations = evaluations.saturating_add(left_out.evaluations);
        if first {
            crate::terminal::note!(
                "witspan intake: dropped {} of a request to {path}: {reason}; later ones are counted, \
                 see /drops",
                plural(left_out.count(), "invalid event")
            );
        }
        counted.last = Some(refused(StatusCode::BAD_REQUEST, path, &reason));
    }

    /// The rejected requests by status, the events dropped from others, and the last rejection.
    pub(crate) fn counts(&self) -> (BTreeMap<u16, u64>, LeftOutCounts, Option<Refused>) {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (counted.by_status.clone(), counted.left_out, counted.last.clone())
    }
}

fn refused(status: StatusCode, path: &str, reason: &str) -> Refused {
    Refused {
        status: status.as_u16(),
        reason: reason.chars().take(1_000).collect(),
        path: path.chars().take(200).collect(),
        at_ms: now_ns() / 1_000_000,
    }
}
