//! Measures the intake: starts one, sends it so many annotated spans as a Datadog SDK would, asks it
//! what the page asks, and prints how long each took.
//!
//!     cargo run --profile intake -p witspan-intake --example load -- [SPANS]
//!
//! Each span has 1 KB of messages, 5 tags and 3 metrics; traces have 10 spans, and one has 1,000.
//! Sender and intake share the machine. Everything is on loopback and in a temporary directory.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Spans of one request.
const BATCH: usize = 100;
/// Connections that send.
const SENDERS: usize = 3;
/// Spans of a trace.
const TRACE: usize = 10;
/// Spans of the big trace.
const BIG: usize = 1_000;
const BIG_TRACE: &str = "b16b16b16b16b16b16b16b16b16b16b1";
/// How far back the first span lies.
const HISTORY: Duration = Duration::from_secs(24 * 3600);

fn main() {
    let spans: usize = std::env::args().nth(1).map_or(1_000_000, |text| {
        text.parse().unwrap_or_else(|_| panic!("`{text}` is not a number of spans"))
    });
    let directory = std::env::temp_dir().join(format!("witspan-load-{}", std::process::id()));
    let (mut intake, address) = start(&directory);

    let begun = Instant::now();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let address = address.clone();
            std::thread::spawn(move || send(&address, sender, spans))
        })
        .collect();
    let refused: usize = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
    let took = begun.elapsed().as_secs_f64();
    let mut client = Client::new(&address);
    let big: String = (0..BIG).map(|index| event(BIG_TRACE, index, spans, spans)).collect();
    client.ask("POST", "/api/v2/llmobs", &list(&big));
    println!(
        "{spans} spans sent and acknowledged in {took:.1} s: {:.0} a second",
        spans as f64 / took
    );
    println!("answered 429 and sent again: {refused} requests");
    let status = || Client::new(&address).ask("GET", "/api/ui/status", "").1;
    println!("peak memory {} MB", memory(&intake, "VmHWM"));
    let begun = Instant::now();
    while !status().contains("\"unsearchable_spans\":0") {
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("text index complete {:.1} s later", begun.elapsed().as_secs_f64());
    println!("{}", status());

    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let day = format!("from={}&to={now}", now - 24 * 3_600_000);
    let hour = format!("from={}&to={now}", now - 3_600_000);
    println!(
        "{:>9} {:>9} {:>9}  what (ms: first time, median of 20, bytes)",
        "first", "median", "bytes"
    );
    for (what, path) in [
        ("the list", "traces?limit=50".to_owned()),
        ("the list, page 2", next_page(&address)),
        ("failed", "traces?status=error".to_owned()),
        ("one app", "traces?app=app-3".to_owned()),
        ("kind agent (none)", "traces?kind=agent".to_owned()),
        ("a common tag", "traces?tag=env:prod".to_owned()),
        ("a rare tag", "traces?tag=customer:77".to_owned()),
        ("a tag of no trace", "traces?tag=customer:none".to_owned()),
        ("a model", "traces?model=model-2".to_owned()),
        ("model, failed, app", "traces?model=model-2&status=error&app=app-3".to_owned()),
        ("tag, failed, kind", "traces?tag=customer:77&status=error&kind=workflow".to_owned()),
        ("a common word", "traces?q=w1".to_owned()),
        ("a rare word", "traces?q=needle77".to_owned()),
        ("two words", "traces?q=w3%20w250%20".to_owned()),
        ("a word of no span", "traces?q=nothinglikethis".to_owned()),
        ("word, app, failed", "traces?q=w40&app=app-3&status=error".to_owned()),
        ("trace of 1,000 spans, lean", format!("traces/{BIG_TRACE}?lean=1")),
        ("trace of 1,000 spans, whole", format!("traces/{BIG_TRACE}")),
        ("sessions", "sessions".to_owned()),
        ("a session", "sessions/session-7".to_owned()),
        ("filters, a day", format!("facets?{day}")),
        ("filters, all", "facets".to_owned()),
        ("overview, a day", format!("overview?{day}")),
        ("overview, an hour", format!("overview?{hour}")),
        ("overview, one app", format!("overview?{day}&app=app-3")),
    ] {
        let path = format!("/api/ui/{path}");
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..21 {
            let begun = Instant::now();
            let (status, text) = client.ask("GET", &path, "");
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            assert_eq!(status, 200, "{path}: {text}");
            bytes = text.len();
        }
        let first = times.remove(0);
        times.sort_by(f64::total_cmp);
        println!("{first:>9.1} {:>9.1} {bytes:>9}  {what}", times[10]);
    }
    println!("memory after the questions {} MB", memory(&intake, "VmRSS"));
    intake.kill().unwrap();
    intake.wait().unwrap();
    let bytes = std::fs::metadata(directory.join("traces.sqlite")).unwrap().len();
    println!("database {} MB", bytes / 1_000_000);
    std::fs::remove_dir_all(directory).unwrap();
}

fn start(directory: &PathBuf) -> (Child, String) {
    let binary = std::env::current_exe().unwrap().with_file_name("").join("../witspan");
    let mut intake = Command::new(binary)
        .args(["intake", "--port", "0", "--retention", "forever", "--data"])
        .arg(directory)
        .stdout(Stdio::piped())
        .spawn()
        .expect("build the intake first: cargo build --profile intake -p witspan-intake");
    let mut line = String::new();
    BufReader::new(intake.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit("//").next().unwrap().to_owned();
    (intake, address)
}

/// Linux tells; elsewhere it is unknown.
fn memory(process: &Child, field: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.map_or("?".to_owned(), |kib| (kib / 1024).to_string())
}

fn send(address: &str, sender: usize, spans: usize) -> usize {
    let mut client = Client::new(address);
    let mut refused = 0;
    let mut first = sender * BATCH;
    while first < spans {
        let mut events = String::with_capacity(BATCH * 2_200);
        for index in first..(first + BATCH).min(spans) {
            let trace = format!("{:032x}", 0xABCD_0000 + index / TRACE);
            events.push_str(&event(&trace, index, index, spans));
        }
        let body = list(&events);
        loop {
            match client.ask("POST", "/api/v2/llmobs", &body) {
                (202, _) => break,
                (429, _) => {
                    refused += 1;
                    std::thread::sleep(Duration::from_millis(100));
                }
                (status, text) => panic!("{status}: {text}"),
            }
        }
        first += SENDERS * BATCH;
    }
    refused
}

fn list(events: &str) -> String {
    format!("[{}]", events.trim_end_matches(','))
}

fn next_page(address: &str) -> String {
    let (_, text) = Client::new(address).ask("GET", "/api/ui/traces?limit=50", "");
    let next = text.rsplit("\"next\":\"").next().unwrap().trim_end_matches("\"}");
    format!("traces?before={next}")
}

/// A span of a small agent, with a comma after it.
fn event(trace: &str, index: usize, time: usize, of: usize) -> String {
    let number = index / TRACE;
    let place = if trace == BIG_TRACE { index } else { index % TRACE };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let back = HISTORY.as_secs_f64() * (1.0 - time as f64 / of as f64);
    let start = (now.as_secs_f64() - back - 1.0) as u64 * 1_000_000_000 + place as u64 * 1_000_000;
    let mut random = Random(index as u64 * 7919 + 17);
    let duration = 1_000_000 + random.next() % 900_000_000;
    let failed = random.next().is_multiple_of(50);
    let (kind, name) = match place % 10 {
        0 => ("workflow", "answer"),
        1 | 4 | 7 => ("llm", "ask"),
        2 | 5 => ("tool", "search"),
        3 => ("retrieval", "nearest"),
        6 => ("embedding", "embed"),
        8 => ("agent", "plan"),
        _ => ("task", "rank"),
    };
    let (input, output) = (words(&mut random, 80), words(&mut random, 80));
    let needle = if index % 100_000 == 77 { " needle77" } else { "" };
    let input = match kind {
        "llm" => format!(r#"{{"messages":[{{"role":"user","content":"{input}{needle}"}}]}}"#),
        "embedding" => format!(r#"{{"documents":[{{"text":"{input}"}}]}}"#),
        _ => format!(r#"{{"value":"{input}"}}"#),
    };
    let output = match kind {
        "llm" => format!(r#"{{"messages":[{{"role":"assistant","content":"{output}"}}]}}"#),
        "retrieval" => format!(r#"{{"documents":[{{"text":"{output}","score":0.5}}]}}"#),
        _ => format!(r#"{{"value":"{output}"}}"#),
    };
    let mut meta = format!(
        r#""span":{{"kind":"{kind}"}},"input":{input},"output":{output},"metadata":{{"temperature":0.2}}"#
    );
    if matches!(kind, "llm" | "embedding") {
        let model = number % 5;
        write!(meta, r#","model_name":"model-{model}","model_provider":"stand-in""#).unwrap();
    }
    if failed {
        meta.push_str(r#","error":{"message":"it broke","type":"ValueError","stack":"at x"}"#);
    }
    let parent = if place == 0 { "undefined".to_owned() } else { format!("{}", 1 + index - place) };
    let (span, status) = (index + 1, if failed { "error" } else { "ok" });
    let (app, customer, session) = (number % 10, number % 5_000, number / 5);
    let (input_tokens, output_tokens) = (random.next() % 4_000, random.next() % 900);
    format!(
        r#"{{"_dd.stage":"raw","_dd.tracer_version":"0.1.0","event_type":"span","spans":[{{"_dd":{{"apm_trace_id":"{trace}","span_id":"{span}","trace_id":"{trace}"}},"duration":{duration},"meta":{{{meta}}},"metrics":{{"input_tokens":{input_tokens},"output_tokens":{output_tokens},"total_cost":0.0021}},"name":"{name}","parent_id":"{parent}","session_id":"session-{session}","span_id":"{span}","start_ns":{start},"status":"{status}","tags":["customer:{customer}","env:prod","language:python","ml_app:app-{app}","service:load"],"trace_id":"{trace}"}}]}},"#
    )
}

/// Words of which few are common and many rare, as in a language.
fn words(random: &mut Random, count: usize) -> String {
    let mut text = String::with_capacity(count * 7);
    for _ in 0..count {
        let rank = 20_000_f64.powf(random.next() as f64 / u64::MAX as f64) as u64;
        write!(text, "w{rank} ").unwrap();
    }
    text.pop();
    text
}

struct Random(u64);

impl Random {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// One connection that is kept.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::with_capacity(64 * 1024, stream))
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let stream = self.0.get_mut();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        self.0.read_exact(&mut text).unwrap();
        (status, String::from_utf8(text).unwrap())
    }
}
