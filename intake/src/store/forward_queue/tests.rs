//! The queue in its database: order, counters, age, and its bound.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::model::Decoded;
use crate::store::{FILE, Retention, Store, now_ns, read};

const RECEIVER: &str = "agent http://somewhere:8126";
const KEEPS_ALL: Retention = Retention { age: None, size: None };

/// A temporary directory, deleted at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        let name = format!("witspan-forward-queue-{}-{}", std::process::id(), now_ns());
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self, receiver: &str, retention: Retention) -> Store {
        let target = Target { receiver: receiver.to_owned(), keep: 1 << 20 };
        Store::open(&self.0, retention, Some(target)).unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn keep(store: &Store, body: &str) {
    let headers = vec![("x-datadog-trace-count".to_owned(), "1".to_owned())];
    let request = QueuedRequest::new("/v0.4/traces", "text/plain", headers, 3, body.as_bytes());
    let kept = store.keep(Decoded::default(), Some(Forwarding::Requests(vec![request]))).unwrap();
    kept.blocking_recv().unwrap().unwrap();
}

fn lost(store: &Store) -> Vec<(String, i64)> {
    let known = store.read(|connection| read::forwarded(connection, RECEIVER)).unwrap();
    known.lost.into_iter().collect()
}

#[test]
fn a_request_comes_out_as_it_went_in() {
    let directory = Temporary::new();
    keep(&directory.open(RECEIVER, KEEPS_ALL), "first");
    let store = directory.open(RECEIVER, KEEPS_ALL);
    keep(&store, "second");
    let queue = store.forward_queue(RECEIVER).unwrap();
    let (first, request) = queue.next(0).unwrap().unwrap();
    assert_eq!(
        (request.path.as_str(), request.content_type.as_str()),
        ("/v0.4/traces", "text/plain")
    );
    assert_eq!(request.headers, [("x-datadog-trace-count".to_owned(), "1".to_owned())]);
    assert_eq!((request.items, request.body()), (3, b"first".to_vec()));
    let (second, request) = queue.next(first).unwrap().unwrap();
    assert_eq!(request.body(), b"second");
    assert!(queue.next(second).unwrap().is_none());
}

#[test]
fn retention_neither_counts_nor_deletes_queued_requests() {
    let directory = Temporary::new();
    let target = Target { receiver: RECEIVER.to_owned(), keep: 20_000_000 };
    let store = Store::open(&directory.0, "1s,1MB".parse().unwrap(), Some(target)).unwrap();
    let mut state = 1_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    };
    // Much more than the size that the retention allows.
    for _ in 0..100 {
        let body: String = std::iter::repeat_with(&mut noise).take(5_000).collect();
        keep(&store, &body);
    }
    let (waiting, _, bytes) = store.waiting();
    assert_eq!(waiting, 100);
    assert!(bytes > 3_000_000, "{bytes}");
    // Until retention has run, and everything is older than it allows.
    std::thread::sleep(Duration::from_secs(7));
    assert_eq!(store.waiting(), (100, 0, bytes));
    let used = store.read(crate::store::retention::used_bytes).unwrap();
    let traces = used.saturating_sub(bytes.unsigned_abs());
    assert!(traces < 1_000_000, "{used} bytes are used, {bytes} wait");
}

#[test]
fn no_row_id_is_used_twice() {
    let directory = Temporary::new();
    let store = directory.open(RECEIVER, KEEPS_ALL);
    keep(&store, "first");
    let queue = store.forward_queue(RECEIVER).unwrap();
    let (first, _) = queue.next(0).unwrap().unwrap();
    queue.settle(first, Outcome::Delivered(5));
    keep(&store, "second");
    let (second, _) = queue.next(0).unwrap().unwrap();
    assert!(second > first);
    // A late outcome of a deleted row changes nothing.
    queue.settle(first, Outcome::Refused("late".to_owned()));
    keep(&store, "third");
    assert_eq!((store.waiting(), lost(&store)), ((2, 0, store.waiting().2), Vec::new()));
}

#[test]
fn a_database_of_the_first_layout_is_opened_and_keeps_what_it_has() {
    let directory = Temporary::new();
    std::fs::create_dir_all(&directory.0).unwrap();
    let old = Connection::open(directory.0.join(FILE)).unwrap();
    old.execute_batch(&format!(
        "{} PRAGMA user_version = 1; INSERT INTO numbers VALUES ('deleted_spans', 42);",
        include_str!("../schema.sql")
    ))
    .unwrap();
    drop(old);
    // Twice, because the second time there is nothing to migrate.
    for body in ["one", "two"] {
        keep(&directory.open(RECEIVER, KEEPS_ALL), body);
    }
    let store = directory.open(RECEIVER, KEEPS_ALL);
    assert_eq!(store.waiting().0, 2);
    let drops = store.read(read::drops).unwrap();
    assert_eq!(drops.deleted_spans, 42);
}

#[test]
fn requests_for_an_earlier_receiver_are_deleted_at_the_age_that_retention_allows() {
    let directory = Temporary::new();
    let retention = Retention { age: Some(Duration::from_secs(1)), size: None };
    keep(&directory.open(RECEIVER, retention), "for the first");
    let store = directory.open("otlp http://elsewhere/v1/traces", retention);
    keep(&store, "for the second");
    assert_eq!((store.waiting().0, store.waiting().1), (1, 1));
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while store.waiting().1 > 0 {
        assert!(std::time::Instant::now() < end, "it is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(lost(&store), [("receiver_changed".to_owned(), 3)]);
    // Requests for the current receiver are not deleted by age.
    assert_eq!(store.waiting().0, 1);
}
