//! What is acknowledged is kept, whatever becomes of the process.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::client::{Answer, Directory, Intake, event};

/// How long the first answer may take; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends on several connections without a pause until the intake is gone; returns the spans that
/// were acknowledged, each as its trace and id.
fn flood(intake: &mut Intake, round: u128, for_ms: u64) -> Vec<(u128, u64)> {
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..4_u128)
        .map(|sender| {
            let (address, acknowledged) = (intake.address.clone(), acknowledged.clone());
            let stop = stop.clone();
            std::thread::spawn(move || {
                let Ok(stream) = TcpStream::connect(&address) else { return };
                let mut stream = BufReader::new(stream);
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let trace = (round << 96) | (sender << 64) | (number / 3);
                    let spans: Vec<u64> = (1..=20).map(|one| number as u64 * 100 + one).collect();
                    let text = "all work and no play ".repeat(30);
                    let events: Vec<_> =
                        spans.iter().map(|span| event(trace, *span, None, &text)).collect();
                    let body = serde_json::to_vec(&events).unwrap();
                    let head = format!(
                        "POST /api/v2/llmobs HTTP/1.1\r\nHost: localhost\r\n\
                         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    let socket = stream.get_mut();
                    if socket.write_all(head.as_bytes()).is_err()
                        || socket.write_all(&body).is_err()
                    {
                        return;
                    }
                    match Answer::read(&mut stream) {
                        Some(answer) if answer.status == 202 => {
                            let mut all = acknowledged.lock().unwrap();
                            all.extend(spans.into_iter().map(|span| (trace, span)));
                        }
                        Some(answer) => assert_eq!(answer.status, 429, "{}", answer.body),
                        None => return,
                    }
                    number += 1;
                }
            })
        })
        .collect();
    // The time begins with the first answer, however busy the machine is.
    let began = Instant::now();
    while acknowledged.lock().unwrap().is_empty() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(for_ms));
    intake.process.kill().unwrap();
    intake.process.wait().unwrap();
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().unwrap();
    }
    Arc::into_inner(acknowledged).unwrap().into_inner().unwrap()
}

#[test]
fn every_acknowledged_span_is_there_after_a_kill_in_the_middle_of_a_flood() {
    let directory = Directory::new();
    let mut acknowledged = Vec::new();
    for (round, for_ms) in [(1, 700), (2, 1_500), (3, 300)] {
        let mut intake = Intake::start_with(&directory.0, &[]);
        let more = flood(&mut intake, round, for_ms);
        assert!(!more.is_empty(), "nothing was acknowledged in round {round}");
        acknowledged.extend(more);
    }
    let intake = Intake::start_with(&directory.0, &[]);
    let mut traces: Vec<u128> = acknowledged.iter().map(|(trace, _)| *trace).collect();
    traces.sort_unstable();
    traces.dedup();
    let mut there = std::collections::HashSet::new();
    for trace in traces {
        let whole = intake.get(&format!("/api/ui/traces/{trace:032x}?lean=1"));
        for span in whole["spans"].as_array().unwrap() {
            there.insert((trace, span["span_id"].as_str().unwrap().parse::<u64>().unwrap()));
        }
        // The summary was in the same commit.
        assert_eq!(whole["trace"]["spans"], whole["spans"].as_array().unwrap().len());
    }
    let lost: Vec<_> = acknowledged.iter().filter(|span| !there.contains(span)).collect();
    assert!(lost.is_empty(), "{} of {} are lost", lost.len(), acknowledged.len());
    // And it goes on as before: found by words, counted, and taking more.
    assert_eq!(intake.send(&[event(9, 1, None, "elephant")]).status, 202);
    crate::client::soon(|| {
        intake.get("/api/ui/status")["unsearchable_spans"] == 0
            && intake.get("/api/ui/traces?q=elephant")["traces"].as_array().unwrap().len() == 1
    });
}

#[test]
fn a_throwaway_intake_leaves_nothing_behind() {
    let mut intake = Intake::start(&[]);
    let data = intake.get("/api/ui/status")["data_dir"].as_str().unwrap().to_owned();
    assert!(std::path::Path::new(&data).is_dir());
    #[cfg(unix)]
    {
        // As a person stops it, not as the test kills it.
        let id = intake.process.id().to_string();
        std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(intake.process.wait().unwrap().success());
        assert!(!std::path::Path::new(&data).exists());
    }
}
