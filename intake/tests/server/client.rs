//! A running intake, and plain HTTP to it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// An intake that is killed with the value.
pub(crate) struct Intake {
    pub(crate) process: Child,
    pub(crate) address: String,
}

impl Intake {
    /// One that forgets everything.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(":memory:".as_ref(), arguments)
    }

    pub(crate) fn start_with(data: &Path, arguments: &[&str]) -> Self {
        let mut process = command()
            .args(["--port", "0", "--data"])
            .arg(data)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit("//").next().unwrap().to_owned();
        assert!(!address.is_empty(), "the intake did not start");
        Self { process, address }
    }

    /// Asks with the usual headers.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.ask_with(method, path, &[("Content-Type", "application/json")], body)
    }

    /// Asks with these headers; `Host` is the intake's address if they have none.
    pub(crate) fn ask_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        Answer::read(&mut BufReader::new(stream)).expect("an answer")
    }

    pub(crate) fn send(&self, events: &[Value]) -> Answer {
        self.ask("POST", "/api/v2/llmobs", &serde_json::to_vec(events).unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, b"");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `witspan intake`, not started.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_witspan"));
    command.arg("intake").env_remove("WITSPAN_INTAKE_TOKEN");
    command
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// As text; invalid UTF-8 is replaced.
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    /// Reads one answer; `None` if the connection breaks off.
    pub(crate) fn read(stream: &mut impl BufRead) -> Option<Self> {
        let (body, bytes) = (String::new(), Vec::new());
        let mut answer = Self { status: 0, headers: Vec::new(), body, bytes };
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                answer.status = rest[..3].parse().ok()?;
            } else if let Some((name, value)) = line.split_once(": ") {
                answer.headers.push((name.to_ascii_lowercase(), value.to_owned()));
            } else {
                break;
            }
        }
        let length = match answer.header("content-length") {
            Some(length) => length.parse().ok()?,
            None if matches!(answer.status, 204 | 304) => 0,
            None => return None,
        };
        answer.bytes.resize(length, 0);
        stream.read_exact(&mut answer.bytes).ok()?;
        answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
        Some(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An event as a Datadog SDK sends it, of a workflow that starts now.
pub(crate) fn event(trace: u128, span: u64, parent: Option<u64>, input: &str) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let trace = format!("{trace:032x}");
    json!({
        "_dd.stage": "raw", "_dd.tracer_version": "0.1.0", "event_type": "span",
        "spans": [{
            "_dd": {"apm_trace_id": trace, "span_id": span.to_string(), "trace_id": trace},
            "duration": 5_000_000,
            "meta": {"span": {"kind": "workflow"}, "input": {"value": input}, "metadata": {}},
            "metrics": {},
            "name": "answer",
            "parent_id": parent.map_or("undefined".to_owned(), |parent| parent.to_string()),
            "span_id": span.to_string(),
            "start_ns": now.as_nanos() as u64,
            "status": "ok",
            "tags": ["env:test", "ml_app:tests"],
            "trace_id": trace,
        }],
    })
}

/// A directory that is removed with the value.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("witspan-server-test-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Waits until something is so.
pub(crate) fn soon(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !what() {
        assert!(Instant::now() < end, "it did not become so");
        std::thread::sleep(Duration::from_millis(30));
    }
}
