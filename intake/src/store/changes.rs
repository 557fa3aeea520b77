//! The latest changes of traces, in memory: the live list follows them without querying the database.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// Changes that are remembered. A client that is further behind reads the whole list again.
const REMEMBERED: usize = 4_096;

/// The latest changes, each with its `seq`.
pub(crate) struct Changes {
    latest: Mutex<VecDeque<(i64, i64)>>,
    seq: watch::Sender<i64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { latest: Mutex::default(), seq: watch::channel(0).0 }
    }
}

impl Changes {
    /// Adds pairs of `seq` and trace, in order; `seq` is the last one that was assigned.
    pub(crate) fn add(&self, changed: &[(i64, i64)], seq: i64) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.extend(&changed[changed.len().saturating_sub(REMEMBERED)..]);
        let surplus = latest.len().saturating_sub(REMEMBERED);
        latest.drain(..surplus);
        drop(latest);
        self.seq.send_replace(seq);
    }

    /// Follows the last `seq`.
    pub(crate) fn follow(&self) -> watch::Receiver<i64> {
        self.seq.subscribe()
    }

    /// The traces changed after `seq`, each once; `None` if some of these changes are forgotten.
    pub(crate) fn since(&self, seq: i64) -> Option<Vec<i64>> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let current = *self.seq.borrow();
        let first = latest.front().map_or(current + 1, |(first, _)| *first);
        if seq < current && first > seq + 1 {
            return None;
        }
        let mut traces: Vec<i64> =
            latest.iter().filter(|(number, _)| *number > seq).map(|(_, trace)| *trace).collect();
        traces.sort_unstable();
        traces.dedup();
        Some(traces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_follows_sees_each_changed_trace_once() {
        let changes = Changes::default();
        changes.add(&[(1, 7), (2, 8)], 2);
        changes.add(&[(3, 7)], 3);
        assert_eq!(changes.since(0), Some(vec![7, 8]));
        assert_eq!(changes.since(2), Some(vec![7]));
        assert_eq!(changes.since(3), Some(vec![]));
    }

    #[test]
    fn who_is_too_far_behind_is_told_so() {
        let changes = Changes::default();
        let many: Vec<(i64, i64)> = (1..=10_000).map(|number| (number, number)).collect();
        changes.add(&many, 10_000);
        assert_eq!(changes.since(0), None);
        assert_eq!(changes.since(9_999), Some(vec![10_000]));
    }
}
