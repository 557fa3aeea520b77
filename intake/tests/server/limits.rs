//! The limits of requests, and that a bad request does not harm others.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Directory, Intake, command, event, soon};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const PATHS: [&str; 8] = [
    "/api/intake/llm-obs/v1/trace/spans",
    "/api/v2/llmobs",
    "/evp_proxy/v2/api/v2/llmobs",
    "/api/intake/llm-obs/v2/eval-metric",
    "/v0.4/traces",
    "/v0.5/traces",
    "/v1/input",
    "/v1/traces",
];

#[test]
fn a_body_comes_plain_or_compressed() {
    let intake = Intake::start(&[]);
    let body = |number: u64| serde_json::to_vec(&[event(1, number, None, "x")]).unwrap();
    let json = ("Content-Type", "application/json");
    let send = |encoding: &str, body: &[u8]| {
        let headers = [json, ("Content-Encoding", encoding)];
        intake.ask_with("POST", "/evp_proxy/v4/api/v2/llmobs", &headers, body).status
    };
    assert_eq!(send("gzip", &gzip(&body(1))), 202);
    assert_eq!(send("zstd", &zstd::encode_all(&body(2)[..], 1).unwrap()), 202);
    assert_eq!(send("identity", &body(3)), 202);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(&body(4)).unwrap();
    assert_eq!(send("deflate", &zlib.finish().unwrap()), 202);
    assert_eq!(send("br", &body(5)), 415);
    assert_eq!(send("gzip", &body(6)), 400);
    assert_eq!(intake.get("/api/ui/status")["spans"], 4);
}

#[test]
fn a_body_that_is_too_large_or_inflates_to_too_much_is_refused() {
    let intake = Intake::start(&[]);
    let json = ("Content-Type", "application/json");
    assert_eq!(intake.ask("POST", "/api/v2/llmobs", &vec![b' '; 65 * 1024 * 1024]).status, 413);
    let bomb = gzip(&vec![b' '; 300 * 1024 * 1024]);
    let bombed =
        intake.ask_with("POST", "/api/v2/llmobs", &[json, ("Content-Encoding", "gzip")], &bomb);
    assert_eq!(bombed.status, 413, "{}", bombed.body);
    let drops = intake.get("/api/ui/drops");
    assert_eq!(drops["intake"]["refused"]["413"], 2);
    assert!(drops["intake"]["last_refusal"]["reason"].as_str().unwrap().contains("64 MiB"));
}

#[test]
fn nonsense_is_refused_with_a_reason_and_the_next_request_is_taken() {
    let intake = Intake::start(&[]);
    let deep_json = [vec![b'['; 200_000], vec![b']'; 200_000]].concat();
    let deep_pack = vec![0x91; 200_000];
    let bodies: [&[u8]; 9] = [
        b"{",
        b"\xff\xfe\x00",
        b"null",
        b"[1,2,3]",
        b"{\"data\": {\"attributes\": {\"spans\": [{}]}}}",
        b"[{\"spans\": [{\"trace_id\": 5}]}]",
        b"\x93\x01\x02",
        &deep_json,
        &deep_pack,
    ];
    for path in PATHS {
        for kind in ["application/json", "application/msgpack", "application/x-protobuf"] {
            for body in bodies {
                let answer = intake.ask_with("POST", path, &[("Content-Type", kind)], body);
                let known = matches!(answer.status, 200 | 202 | 400 | 415);
                assert!(known, "{path} {kind}: {} {}", answer.status, answer.body);
                if answer.status >= 400 {
                    let reason: Value = serde_json::from_str(&answer.body).unwrap();
                    assert!(reason["errors"][0]["detail"].is_string(), "{reason}");
                }
            }
        }
    }
    assert_eq!(intake.send(&[event(1, 1, None, "x")]).status, 202);
    assert_eq!(intake.get("/api/ui/status")["spans"], 1);
}

#[test]
fn text_with_markup_is_text_in_every_answer() {
    let intake = Intake::start(&[]);
    let hostile = "</script><script>alert(1)</script>\u{0}\u{202e}\"'";
    let mut spiteful = event(1, 1, None, hostile);
    spiteful["spans"][0]["name"] = json!(hostile);
    spiteful["spans"][0]["session_id"] = json!(hostile);
    assert_eq!(intake.send(&[spiteful]).status, 202);
    let trace = intake.get("/api/ui/traces")["traces"][0].clone();
    assert_eq!(trace["name"], hostile);
    for path in ["/", &format!("/trace/{}", trace["trace_id"].as_str().unwrap())] {
        let page = intake.ask("GET", path, b"");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(!page.body.contains("alert"), "the page holds nothing of the spans");
    }
}

#[test]
fn what_is_not_there_is_said_plainly() {
    let intake = Intake::start(&[]);
    for (path, word) in [
        ("/api/ui/traces/none", "none"),
        ("/api/ui/spans/none/1", "none"),
        ("/api/ui/spans/none/1/raw", "none"),
        ("/api/ui/sessions/gone", "gone"),
        ("/assets/none.js", "none.js"),
        ("/assets/../Cargo.toml", "Cargo.toml"),
        ("/v0.7/config", "v0.7"),
    ] {
        let answer = intake.ask("GET", path, b"");
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains(word), "{path}: {}", answer.body);
    }
    for (query, word) in
        [("status=maybe", "status"), ("from=yesterday", "from"), ("limit=x", "limit")]
    {
        let answer = intake.ask("GET", &format!("/api/ui/traces?{query}"), b"");
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body.contains(word), "{query}: {}", answer.body);
    }
}

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let intake = Intake::start(&[]);
    let mut silent: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(&intake.address).unwrap()).collect();
    for stream in &mut silent {
        stream.write_all(b"POST /api/v2/llmobs HTTP/1.1\r\nHost: local").unwrap();
    }
    assert_eq!(intake.send(&[event(1, 1, None, "x")]).status, 202);
}

#[test]
fn bodies_that_are_announced_and_do_not_come_take_nobodys_room() {
    let intake = Intake::start(&[]);
    let mut waiting = Vec::new();
    for number in 0..20 {
        let mut stream = TcpStream::connect(&intake.address).unwrap();
        let length =
            if number % 2 == 0 { "Content-Length: 67000000" } else { "Transfer-Encoding: chunked" };
        let head = format!("POST /api/v2/llmobs HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(if number % 2 == 0 { b"[" } else { b"1\r\n[\r\n" }).unwrap();
        waiting.push(stream);
    }
    let big = vec![b' '; 14 * 1024 * 1024];
    assert_eq!(intake.ask("POST", "/api/v2/llmobs", &big).status, 400);
    assert_eq!(intake.send(&[event(1, 1, None, "x")]).status, 202);
}

#[test]
fn more_than_the_budget_at_a_time_is_told_to_come_again() {
    let intake = Intake::start(&[]);
    // Bodies that come, and do not end, hold the budget: there is no room for so many.
    let length = 8 * 1024 * 1024;
    let head = format!(
        "POST /api/v2/llmobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    );
    let done = AtomicBool::new(false);
    let (told, answers) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            let told = told.clone();
            scope.spawn(|| {
                let told = told;
                let stream = TcpStream::connect(&intake.address).unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
                let mut stream = BufReader::new(stream);
                let _ = stream.get_mut().write_all(head.as_bytes());
                let _ = stream.get_mut().write_all(&vec![b' '; length - 100_000]);
                while !done.load(Ordering::Relaxed) && stream.get_mut().write_all(b" ").is_ok() {
                    if stream.fill_buf().is_ok() {
                        let _ = told.send(Answer::read(&mut stream));
                        break;
                    }
                }
            });
        }
        let answer = answers.recv_timeout(Duration::from_secs(60)).ok().flatten().unwrap();
        done.store(true, Ordering::Relaxed);
        assert_eq!(answer.status, 429, "{}", answer.body);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(answer.header("x-ratelimit-reset").is_some());
    });
    // The page is answered, and there is room again.
    assert!(intake.get("/api/ui/drops")["intake"]["refused"]["429"].as_i64().unwrap() >= 1);
    soon(|| intake.ask("POST", "/api/v2/llmobs", b" ").status == 400);
}

#[test]
fn wrong_options_end_with_a_sentence_that_says_what_to_do() {
    let running = Intake::start(&[]);
    let port = running.address.rsplit(':').next().unwrap().to_owned();
    let file = Directory::new();
    std::fs::write(&file.0, "no directory").unwrap();
    let data = file.0.to_str().unwrap();
    for (arguments, word) in [
        (vec!["--port", &port, "--data", ":memory:"], "--port"),
        (vec!["--port", "0", "--data", data], data),
        (vec!["--port", "0", "--retention", "soon"], "7d"),
        (vec!["--port", "0", "--token", "a;b"], "--token"),
    ] {
        let output = command().args(&arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(word) && !text.contains("panicked"), "{arguments:?}: {text}");
    }
    std::fs::remove_file(&file.0).unwrap();
}
