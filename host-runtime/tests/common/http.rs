//! What the receiver got, decoded, and where a socket of it stands.

use super::spans::{Sent, in_body};
use serde_json::Value;
use std::time::Duration;
use witspan_test_receiver::{Received, Receiver};

/// An origin where nobody listens: a port that no program takes by chance.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";
/// Long enough that no request ends by it while a test runs.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// What was sent: once for each time it was sent.
pub(crate) trait Decoded {
    fn spans(&self) -> Vec<Sent>;
    fn evaluations(&self) -> Vec<Value>;
}

impl Decoded for Received {
    fn spans(&self) -> Vec<Sent> {
        if is_of_evaluations(self) { Vec::new() } else { in_body(&self.body) }
    }

    fn evaluations(&self) -> Vec<Value> {
        if !is_of_evaluations(self) {
            return Vec::new();
        }
        let body: Value = serde_json::from_slice(&self.body).expect("a body is JSON");
        body["data"]["attributes"]["metrics"].as_array().expect("metrics").clone()
    }
}

impl Decoded for Receiver {
    fn spans(&self) -> Vec<Sent> {
        self.requests().iter().flat_map(Received::spans).collect()
    }

    fn evaluations(&self) -> Vec<Value> {
        self.requests().iter().flat_map(Received::evaluations).collect()
    }
}

fn is_of_evaluations(received: &Received) -> bool {
    received.path.ends_with("/api/intake/llm-obs/v2/eval-metric")
}

/// A folder of its own for a test's socket; removed at the end.
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("witspan-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
