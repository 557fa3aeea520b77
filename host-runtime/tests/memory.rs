//! The bounds of memory, with more spans than fit.

use crate::common::{Answer, LONG, Receiver, direct, start};
use crate::failure::alone;
use serde_json::json;
use witspan::{DropReason, SpanKind};

/// The instance's own memory is capped by the engine: beyond it, it would trap.
#[test]
fn a_hundred_thousand_spans_into_a_full_queue_hold_the_bound_and_the_instance() {
    let receiver = Receiver::scripted([Answer::status(202).held()]);
    // The bounds are each instance's. With two, a span that ends while the worker asks the first
    // one goes to the second.
    let mut config = alone(direct(&receiver));
    config.set("request_timeout", LONG.as_secs_f64());
    let limits = config.plan().settings.limits;
    let tracer = start(config);
    let annotation = json!({"input": "x".repeat(1_000), "tags": {"k": "v"}});
    for n in 0..100_000 {
        let span = tracer.span(SpanKind::Llm).name("chat").start().expect("a root starts");
        span.annotate(&annotation).expect("valid");
        span.finish();
        if n % 1_000 == 0 {
            let bytes = tracer.statistics().bytes;
            assert!(bytes <= u64::from(limits.queue_bytes), "{bytes}");
        }
    }
    let full = tracer.statistics();
    assert_eq!(full.dropped_for(DropReason::Trap), 0, "{full:?}");
    assert!(full.dropped_for(DropReason::QueueFull) > 50_000, "{full:?}");
    receiver.release();
}
