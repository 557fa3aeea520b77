//! Counters, all of them as JSON and each as a number.

use crate::input::text;
use crate::outcome::{answer, give, guarded, invalid};
use crate::text::Text;
use crate::tracer::{Handle, on};
use serde_json::{Map, Value, json};
use std::ffi::c_char;
use std::ptr::null_mut;
use witspan::setup;
use witspan::{DropReason, Statistics};

fn by_reason(dropped: Vec<(DropReason, u64)>) -> Map<String, Value> {
    let name = |reason| witspan::reason_name(reason).replace('-', "_");
    dropped.into_iter().map(|(reason, count)| (name(reason), count.into())).collect()
}

fn counters(statistics: &Statistics) -> Value {
    let evaluations = &statistics.evaluations;
    json!({
        "accepted": statistics.accepted,
        "open": statistics.open,
        "queued": statistics.queued,
        "in_flight": statistics.in_flight,
        "delivered": statistics.delivered,
        "dropped": by_reason(statistics.dropped()),
        "annotations_rejected": statistics.annotations_rejected,
        "warnings": statistics.warnings,
        "cut": statistics.cut,
        "content_dropped": statistics.content_dropped,
        "evaluations_rejected": statistics.evaluations_rejected,
        "bytes": statistics.bytes,
        "evaluations": {
            "accepted": evaluations.accepted,
            "queued": evaluations.queued,
            "in_flight": evaluations.in_flight,
            "delivered": evaluations.delivered,
            "dropped": by_reason(evaluations.dropped()),
        },
    })
}

/// The counter with a name such as `evaluations.dropped.queue_full`.
fn counter(all: &Value, name: &str) -> Option<u64> {
    let mut at = all;
    for part in name.split('.') {
        match at.get(part) {
            Some(inside) => at = inside,
            // Of reasons those that have not occurred are left out.
            None => {
                return (name.ends_with(&format!("dropped.{part}")) && is_reason(part))
                    .then_some(0);
            }
        }
    }
    match at.as_object() {
        None => at.as_u64(),
        Some(counts) if name.ends_with("dropped") => counts.values().map(Value::as_u64).sum(),
        Some(_) => None,
    }
}

fn is_reason(name: &str) -> bool {
    setup::DropReason::ALL.iter().any(|reason| reason.name().replace('-', "_") == name)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_statistics(tracer: *const Handle) -> *mut Text {
    guarded(null_mut(), || {
        on(tracer, |tracer| Text::give(counters(&tracer.statistics()).to_string()))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_counter(
    tracer: *const Handle,
    name: *const c_char,
    length: usize,
    value: *mut u64,
) -> i32 {
    give(value, 0);
    answer(null_mut(), || {
        let name = text(name, length);
        let all = on(tracer, |tracer| counters(&tracer.statistics()));
        let accepted = "a counter of `witspan_statistics`";
        let found = counter(&all, &name).ok_or_else(|| invalid("name", &name, accepted))?;
        give(value, found);
        Ok(())
    })
}
