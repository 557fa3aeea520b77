//! What follows from what a receiver says, and from its silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use witspan_test_receiver::{Answer, Receiver};

use super::{Relay, body, nobody, receiver, spans};
use crate::forward::PATIENT_TRIES;

/// Six spans that wait, and then a receiver that fails so many times on the second: the spans of the
/// requests that it gets, but for the first tries of the second, and what became of all.
fn with_one_that_fails(failures: usize, requests: usize) -> (Vec<u64>, Value) {
    let (url, address) = nobody();
    let relay = Relay::new(&url);
    (1..=6).for_each(|span| relay.take(&body(span)));
    let mut left = failures;
    let receiver = Receiver::answering_at(address, move |sent| {
        let body = String::from_utf8_lossy(&sent.body);
        let fails = left > 0 && body.contains("\"span_id\":\"2\"");
        left -= usize::from(fails);
        Answer::status(if fails { 500 } else { 202 })
    });
    let mut arrived = spans(&receiver, PATIENT_TRIES as usize + requests);
    let patient: Vec<u64> = arrived.drain(1..=PATIENT_TRIES as usize).collect();
    assert_eq!(patient, [2; PATIENT_TRIES as usize]);
    (arrived, relay.settled())
}

#[test]
fn a_wrong_key_loses_nothing_and_the_right_one_after_a_restart_delivers_it() {
    let right = Arc::new(AtomicBool::new(false));
    let asked = right.clone();
    let receiver = Receiver::answering(move |_| {
        Answer::status(if asked.load(Ordering::Relaxed) { 202 } else { 403 })
    });
    let name = format!("intake:{}", receiver.origin());
    let mut relay = Relay::new(&name);
    relay.take(&body(1));
    relay.take(&body(2));
    let tries = u64::from(PATIENT_TRIES) + 1;
    let status = relay.until(|status| status["failed_tries"].as_u64() > Some(tries));
    assert_eq!((&status["waiting"], &status["lost"]), (&json!(2), &json!({})));
    right.store(true, Ordering::Relaxed);
    relay.start(Some(&name), 1 << 20);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(2), &json!({})));
    assert!(receiver.requests().len() > 2);
}

#[test]
fn a_receiver_that_is_busy_gets_it_again_until_it_takes_it() {
    let receiver = receiver(&[503, 429, 500, 502, 503, 408, 429, 500, 503, 202]);
    let relay = Relay::new(receiver.origin());
    relay.take(&body(7));
    assert_eq!(spans(&receiver, 10), [7; 10]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
    assert_eq!(status["failed_tries"], 0);
}

#[test]
fn what_is_refused_is_counted_and_the_rest_goes_on() {
    let receiver = receiver(&[400, 202]);
    let mut relay = Relay::new(receiver.origin());
    relay.take(&body(1));
    relay.take(&body(2));
    assert_eq!(spans(&receiver, 2), [1, 2]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({ "refused": 1 })));
    assert!(status["last_error"].as_str().expect("a reason").contains("400"));
    relay.start(Some(receiver.origin()), 1 << 20);
    assert_eq!(relay.status()["lost"], json!({ "refused": 1 }));
}

#[test]
fn one_request_that_makes_a_receiver_fail_holds_up_the_others_for_a_while_only() {
    let (arrived, status) = with_one_that_fails(usize::MAX, 8);
    assert_eq!(arrived, [1, 2, 3, 2, 4, 2, 5, 6]);
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(5), &json!({ "refused": 1 })));
}

#[test]
fn a_request_that_comes_through_after_others_were_tried_is_delivered() {
    let failures = PATIENT_TRIES as usize + 2;
    let (arrived, status) = with_one_that_fails(failures, 8);
    assert_eq!(arrived, [1, 2, 3, 2, 4, 2, 5, 6]);
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(6), &json!({})));
}

#[test]
fn a_receiver_that_hangs_does_not_hold_up_the_end() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    let relay = Relay::new(receiver.origin());
    relay.take(&body(1));
    receiver.wait_for(1);
    let began = Instant::now();
    drop(relay);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(receiver.answered(), 0);
}

#[test]
fn an_address_where_nothing_is_loses_nothing_and_one_path_that_is_missing_holds_up_no_other() {
    // First a web server, then an agent that does not know one of the requests.
    let receiver = receiver(&[404, 405, 404, 202, 404, 202]);
    let relay = Relay::new(receiver.origin());
    relay.take(&body(1));
    assert_eq!(spans(&receiver, 4), [1; 4]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
    relay.take(&body(2));
    relay.take(&body(3));
    assert_eq!(spans(&receiver, 2), [2, 3]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(2), &json!({ "refused": 1 })));
}

#[test]
fn a_receiver_that_asks_for_time_gets_it_whether_it_says_seconds_or_a_date() {
    let soon = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
    let says: [(&str, &dyn Fn() -> String); 3] = [
        ("retry-after", &|| "1".to_owned()),
        ("retry-after", &soon),
        ("x-ratelimit-reset", &|| "1".to_owned()),
    ];
    for (header, value) in says {
        let receiver = Receiver::scripted([Answer::status(429).header(header, &value())]);
        let relay = Relay::new(receiver.origin());
        relay.take(&body(1));
        let asked = receiver.next_request().at;
        let again = receiver.next_request().at;
        assert!(again - asked > Duration::from_millis(900), "{header}: {}", value());
    }
}

#[test]
fn requests_go_over_one_connection() {
    let receiver = Receiver::start();
    let relay = Relay::new(receiver.origin());
    (1..=5).for_each(|span| relay.take(&body(span)));
    relay.settled();
    let connections = receiver.requests().into_iter().map(|sent| sent.connection);
    assert_eq!(connections.collect::<Vec<_>>(), [0; 5]);
}
