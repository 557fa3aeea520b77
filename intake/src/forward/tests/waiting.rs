//! The forward queue: it survives restarts, keeps its limit, and belongs to one receiver.

use serde_json::json;

use super::{Relay, body, nobody, receiver, receiver_at, spans};

#[test]
fn what_waits_survives_a_restart_and_goes_on_in_order() {
    let (url, address) = nobody();
    let mut relay = Relay::new(&url);
    (1..=5).for_each(|span| relay.take(&body(span)));
    let status = relay.until(|status| status["failed_tries"].as_u64() > Some(1));
    assert_eq!((&status["waiting"], &status["lost"]), (&json!(5), &json!({})));
    assert!(status["last_error"].as_str().expect("a reason").contains("does not answer"));
    assert!(status["waiting_bytes"].as_i64() > Some(5 * 100));
    assert!(status["oldest_waiting_s"].is_i64());
    relay.start(Some(&url), 1 << 20);
    relay.take(&body(6));
    let received = receiver_at(address);
    assert_eq!(spans(&received, 6), [1, 2, 3, 4, 5, 6]);
    let status = relay.settled();
    assert_eq!((&status["delivered"], &status["lost"]), (&json!(6), &json!({})));
    // What was delivered is gone for good, and the counts go on.
    relay.start(Some(&url), 1 << 20);
    relay.take(&body(7));
    assert_eq!(spans(&received, 1), [7]);
    assert_eq!(relay.settled()["delivered"], 7);
}

#[test]
fn beyond_the_bound_the_oldest_that_wait_are_lost_and_counted() {
    let (url, address) = nobody();
    let mut relay = Relay::keeping(&url, 2_000);
    (1..=20).for_each(|span| relay.take(&body(span)));
    let status = relay.status();
    let waiting = status["waiting"].as_u64().expect("a number");
    assert!((2..20).contains(&waiting), "{status}");
    assert!(status["waiting_bytes"].as_i64() <= Some(2_000), "{status}");
    assert_eq!(status["lost"], json!({ "queue_full": 20 - waiting }));
    // A smaller limit applies from the next start on, to old and new requests.
    relay.start(Some(&url), 1_000);
    let status = relay.status();
    let left = status["waiting"].as_u64().expect("a number");
    assert!(left < waiting && status["waiting_bytes"].as_i64() <= Some(1_000), "{status}");
    assert_eq!(status["lost"], json!({ "queue_full": 20 - left }));
    relay.take(&body(21));
    let status = relay.status();
    let fewer = status["waiting"].as_u64().expect("a number");
    assert!(fewer < waiting && status["waiting_bytes"].as_i64() <= Some(1_000), "{status}");
    assert_eq!(status["lost"], json!({ "queue_full": 21 - fewer }));
    let received = receiver_at(address);
    let mut arrived = spans(&received, usize::try_from(fewer).expect("a few"));
    // The first may be an old one that was just being tried when room had to be made: it comes in the
    // place of the oldest that waits, or before it.
    if arrived.last() != Some(&21) {
        arrived.extend(spans(&received, 1));
    }
    let newest: Vec<u64> = (23 - fewer..=21).collect();
    assert!(arrived.ends_with(&newest), "{arrived:?} does not end with {newest:?}");
    assert_eq!(relay.settled()["delivered"], fewer);
}

#[test]
fn one_that_is_larger_than_the_bound_pushes_no_other_out() {
    let (url, _) = nobody();
    let relay = Relay::keeping(&url, 2_000);
    relay.take(&body(1));
    let mut large = body(2);
    // Noise, which no compression makes small.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    });
    let noise: String = noise.take(500).collect();
    large[0]["spans"][0]["meta"]["input"]["messages"][0]["content"] = json!(noise);
    relay.take(&large);
    let status = relay.status();
    assert_eq!((&status["waiting"], &status["lost"]), (&json!(1), &json!({ "queue_full": 1 })));
}

#[test]
fn what_waits_for_another_receiver_waits_until_that_is_named_again() {
    let (away, address) = nobody();
    let other = receiver(&[202]);
    let mut relay = Relay::new(&away);
    relay.take(&body(1));
    relay.start(Some(other.origin()), 1 << 20);
    relay.take(&body(2));
    let status = relay.settled();
    assert_eq!((&status["waiting_for_others"], &status["lost"]), (&json!(1), &json!({})));
    assert_eq!(spans(&other, 1), [2]);
    relay.start(None, 1 << 20);
    relay.take(&body(3));
    relay.start(Some(&away), 1 << 20);
    let received = receiver_at(address);
    assert_eq!(spans(&received, 1), [1]);
    let status = relay.settled();
    assert_eq!((&status["waiting_for_others"], &status["lost"]), (&json!(0), &json!({})));
    assert_eq!(other.requests().len(), 1);
}

#[test]
fn deleting_everything_empties_the_outbox_and_counts_it() {
    let (url, address) = nobody();
    let relay = Relay::new(&url);
    (1..=3).for_each(|span| relay.take(&body(span)));
    let store = relay.store.as_ref().expect("it is open");
    let cleared = store.clear().expect("it is not busy").blocking_recv();
    cleared.expect("the writer lives").expect("it is cleared");
    let status = relay.status();
    assert_eq!((&status["waiting"], &status["waiting_bytes"]), (&json!(0), &json!(0)));
    assert_eq!(status["lost"], json!({ "cleared": 3 }));
    let received = receiver_at(address);
    relay.take(&body(4));
    // The first may be one that was just being tried when it was deleted.
    let first = spans(&received, 1);
    assert!([[4], [1]].iter().any(|span| first == span), "{first:?}");
    if first == [1] {
        assert_eq!(spans(&received, 1), [4]);
    }
}
