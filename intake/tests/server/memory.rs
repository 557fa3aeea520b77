//! What large requests take of memory, and that it is given back.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use serde_json::json;

use crate::client::{Intake, event, soon};

/// A number of `/proc/PID/status`, in MiB.
fn of(intake: &Intake, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", intake.process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn large_bodies_are_read_one_at_a_time_and_their_memory_is_given_back() {
    let intake = Intake::start(&[]);
    let bodies = (0..4).map(|number| {
        let mut one = event(number, 1, None, "x");
        let message = json!({ "role": "user", "content": "h" });
        one["spans"][0]["meta"]["input"] = json!({ "messages": vec![message; 300_000] });
        serde_json::to_vec(&[one]).unwrap()
    });
    let bodies: Vec<Vec<u8>> = bodies.collect();
    std::thread::scope(|scope| {
        for body in &bodies {
            scope.spawn(|| assert_eq!(intake.ask("POST", "/api/v2/llmobs", body).status, 202));
        }
    });
    let peak = of(&intake, "VmHWM");
    assert!(peak < 400, "{peak} MiB for four bodies of 9 MB at once");
    soon(|| intake.get("/api/ui/status")["unsearchable_spans"] == 0);
    soon(|| of(&intake, "VmRSS") < 100);
}

#[test]
fn a_body_of_very_many_parts_costs_no_more_than_its_own_length() {
    let intake = Intake::start(&[]);
    let field = |bytes: &[u8]| {
        let mut out = vec![1 << 3 | 2];
        prost::encoding::encode_varint(bytes.len() as u64, &mut out);
        out.extend(bytes);
        out
    };
    let scope = |bytes: &[u8]| {
        let mut out = field(bytes);
        out[0] = 2 << 3 | 2;
        out
    };
    let part = |pair: [u8; 2]| pair.repeat(5_000_000);
    let zeros = format!("[{{\"spans\":[{}0]}}]", "0,".repeat(5_000_000)).into_bytes();
    let depth =
        format!("[{{\"spans\":[{{\"meta\":[{}0]}}]}}]", "{},".repeat(3_000_000)).into_bytes();
    let list = [&[0xdd, 0, 0x4c, 0x4b, 0x40][..], &[0xc0; 5_000_000]].concat();
    for (path, kind, body) in [
        // Spans, attributes of one span, resources, scopes, attributes of a resource.
        ("/v1/traces", "application/x-protobuf", field(&scope(&part([0x12, 0])))),
        ("/v1/traces", "application/x-protobuf", field(&scope(&scope(&part([0x4a, 0]))))),
        ("/v1/traces", "application/x-protobuf", part([0x0a, 0])),
        ("/v1/traces", "application/x-protobuf", field(&part([0x12, 0]))),
        ("/v1/traces", "application/x-protobuf", field(&field(&part([0x0a, 0])))),
        ("/api/v2/llmobs", "application/json", zeros),
        ("/api/v2/llmobs", "application/json", depth),
        ("/api/v2/llmobs", "application/msgpack", list.clone()),
        ("/v0.4/traces", "application/msgpack", list),
    ] {
        let answer = intake.ask_with("POST", path, &[("Content-Type", kind)], &body);
        assert!(matches!(answer.status, 200 | 400 | 413), "{path} {kind}: {}", answer.body);
        let peak = of(&intake, "VmHWM");
        assert!(peak < 150, "{peak} MiB for {} bytes of {kind} at {path}", body.len());
    }
    assert_eq!(intake.send(&[event(1, 1, None, "x")]).status, 202);
}
