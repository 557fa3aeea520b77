//! What the intake itself has refused, by status, with the last reason.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use serde::Serialize;

use crate::store::now_ns;

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
    last: Option<Refused>,
}

/// Counts since the process started.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Counted>);

impl Refusals {
    /// Counts one, and logs the first of each status.
    pub(crate) fn add(&self, status: StatusCode, path: &str, reason: &str) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counted.by_status.entry(status.as_u16()).or_default();
        *count += 1;
        if *count == 1 {
            crate::terminal::note!(
                "witspan intake: refused a request to {path} with {status}: {reason}; more of these \
                 are counted, see /drops"
            );
        }
        counted.last = Some(Refused {
            status: status.as_u16(),
            reason: reason.chars().take(1_000).collect(),
            path: path.chars().take(200).collect(),
            at_ms: now_ns() / 1_000_000,
        });
    }

    /// How many of each status, and the last one.
    pub(crate) fn counts(&self) -> (BTreeMap<u16, u64>, Option<Refused>) {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (counted.by_status.clone(), counted.last.clone())
    }
}
