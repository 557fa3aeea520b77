//! Which traces are marked as sampled, and what becomes of the others.

use crate::common::*;
use witspan::{DropReason, SpanKind, Topic};

#[test]
fn traces_that_are_not_sampled_are_sent_unless_the_setting_drops_them() {
    for drop in [false, true] {
        let receiver = Receiver::start();
        let mut config = direct(&receiver);
        config.set("sample_rate", 0.0);
        config.set("drop_unsampled", drop);
        let heard = Heard::listen(&mut config);
        let tracer = start(config);
        make_many(&tracer, "span", 5);
        let ended = shutdown(&tracer);
        let expected = if drop { vec![(DropReason::NotSampled, 5)] } else { vec![] };
        assert_eq!(losses(&ended), expected);
        assert_eq!(receiver.spans().len(), if drop { 0 } else { 5 });
        assert!(heard.all().is_empty(), "what was asked for is no trouble");
    }
}

#[test]
fn rules_decide_by_the_tags_of_the_root() {
    let receiver = Receiver::start();
    let mut config = direct(&receiver);
    config.set("sampling_rules", r#"[{"sample_rate": 0, "tags": {"kind": "noise*"}}]"#);
    config.set("drop_unsampled", true);
    let tracer = start(config);
    for (name, kind) in [("kept", "signal"), ("gone", "noise-1")] {
        let root = tracer.span(SpanKind::Task).name(name).start().expect("a root");
        root.annotate(&serde_json::json!({"tags": {"kind": kind}})).expect("tags");
        root.finish();
    }
    let ended = shutdown(&tracer);
    assert_eq!(losses(&ended), [(DropReason::NotSampled, 1)]);
    named(&receiver.spans(), "kept");
}

#[test]
fn an_invalid_rate_counts_as_1_with_a_notice() {
    let receiver = Receiver::start();
    let mut config = config(&[
        ("DD_API_KEY", KEY),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.origin()),
        ("DD_LLMOBS_EVENT_SIZE_BYTES", "many"),
    ]);
    config.set("sample_rate", 7.0);
    config.set("drop_unsampled", true);
    let heard = Heard::listen(&mut config);
    let tracer = start(config);
    let told = heard.one(Topic::Configuration);
    assert!(told.contains("DD_LLMOBS_EVENT_SIZE_BYTES"), "{told}");
    assert!(told.contains("number from 0 to 1"), "{told}");
    make(&tracer, "kept");
    assert_eq!(shutdown(&tracer).delivered, 1);
}
