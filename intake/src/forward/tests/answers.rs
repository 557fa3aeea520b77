//! What follows from what a receiver says, and from its silence.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::{Relay, answer, body, judging, next, nobody, receiver, saying, spans};
use crate::forward::PATIENT_TRIES;

/// Six spans that wait, and then a receiver that fails so many times on the second: the spans of the
/// requests that it gets, but for the first tries of the second, and what became of all.
fn with_one_that_fails(failures: usize, requests: usize) -> (Vec<u64>, Value) {
    let (url, address) = nobody();
    let relay = Relay::new(&url);
    (1..=6).for_each(|span| relay.take(&body(span)));
    let mut left = failures;
    let received = judging(TcpListener::bind(address).expect("the port is free"), move |body| {
        let fails = left > 0 && body.contains("\"span_id\":\"2\"");
        left -= usize::from(fails);
        if fails { 500 } else { 202 }
    });
    let mut arrived = spans(&received, PATIENT_TRIES as usize + requests);
    let patient: Vec<u64> = arrived.drain(1..=PATIENT_TRIES as usize).collect();
    assert_eq!(patient, [2; PATIENT_TRIES as usize]);
    (arrived, relay.settled())
}

#[test]
fn a_wrong_key_loses_nothing_and_the_right_one_after_a_restart_delivers_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let name = format!("intake:http://{}", listener.local_addr().expect("it has an address"));
    let right = Arc::new(AtomicBool::new(false));
    let asked = right.clone();
    let received =
        judging(listener, move |_| if asked.load(Ordering::Relaxed) { 202 } else { 403 });
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
    assert!(received.try_iter().count() > 2);
}

#[test]
fn a_receiver_that_is_busy_gets_it_again_until_it_takes_it() {
    let (url, received) = receiver(&[503, 429, 500, 502, 503, 408, 429, 500, 503, 202]);
    let relay = Relay::new(&url);
    relay.take(&body(7));
    assert_eq!(spans(&received, 10), [7; 10]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
    assert_eq!(status["failed_tries"], 0);
}

#[test]
fn what_is_refused_is_counted_and_the_rest_goes_on() {
    let (url, received) = receiver(&[400, 202]);
    let mut relay = Relay::new(&url);
    relay.take(&body(1));
    relay.take(&body(2));
    assert_eq!(spans(&received, 2), [1, 2]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({ "refused": 1 })));
    assert!(status["last_error"].as_str().expect("a reason").contains("400"));
    relay.start(Some(&url), 1 << 20);
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
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let relay = Relay::new(&url);
    relay.take(&body(1));
    let (held, _) = listener.accept().expect("it connects");
    let began = Instant::now();
    drop(relay);
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(held);
}

#[test]
fn an_address_where_nothing_is_loses_nothing_and_one_path_that_is_missing_holds_up_no_other() {
    // First a web server, then an agent that does not know one of the requests.
    let (url, received) = receiver(&[404, 405, 404, 202, 404, 202]);
    let relay = Relay::new(&url);
    relay.take(&body(1));
    assert_eq!(spans(&received, 4), [1; 4]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(1), &json!({})));
    relay.take(&body(2));
    relay.take(&body(3));
    assert_eq!(spans(&received, 2), [2, 3]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(2), &json!({ "refused": 1 })));
}

#[test]
fn a_receiver_that_asks_for_time_gets_it_whether_it_says_seconds_or_a_date() {
    let soon = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
    let says: [&dyn Fn() -> String; 3] =
        [&|| "retry-after: 1\r\n".to_owned(), &|| format!("retry-after: {}\r\n", soon()), &|| {
            "x-ratelimit-reset: 1\r\n".to_owned()
        }];
    for say in says {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let mut answers = vec![(202, String::new()), (429, say())];
        let received = saying(listener, move |_| answers.pop().unwrap_or_default());
        let relay = Relay::new(&url);
        relay.take(&body(1));
        next(&received);
        let asked = Instant::now();
        next(&received);
        assert!(asked.elapsed() > Duration::from_millis(900), "{}", say());
    }
}

#[test]
fn requests_go_over_one_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let (sender, connections) = channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { continue };
            while answer(&mut stream, "", &mut |_| (202, String::new())).is_some() {
                if sender.send(number).is_err() {
                    return;
                }
            }
        }
    });
    let relay = Relay::new(&url);
    (1..=5).for_each(|span| relay.take(&body(span)));
    relay.settled();
    assert_eq!(connections.try_iter().collect::<Vec<_>>(), [0; 5]);
}
