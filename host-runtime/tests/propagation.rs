//! Traces that continue in another service, and contexts around spans.

use crate::common::*;
use serde_json::json;
use witspan::{Error, Parent, SpanKind, SpanOption, SpanRef};

fn lent(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn headers_carry_a_trace_from_one_tracer_to_another() {
    let receiver = Receiver::start();
    let (client, server) = (start(direct(&receiver)), start(through_agent(&receiver)));
    let above = client.span(SpanKind::Workflow).name("above").session_id("s-1").ml_app("shop");
    let above = above.start().expect("a root");
    let headers = above.inject(&[("accept", "*/*")]).expect("headers");
    assert!(headers.iter().any(|(name, _)| name == "traceparent"), "{headers:?}");

    let place = server.extract(&lent(&headers)).expect("a place");
    for name in ["first", "second"] {
        let below = server.span(SpanKind::Task).name(name).remote(&place).start();
        below.expect("a child").finish();
    }
    above.finish();
    shutdown(&server);
    shutdown(&client);
    let spans = receiver.spans();
    let above = named(&spans, "above");
    for name in ["first", "second"] {
        let below = named(&spans, name);
        assert!(below.is_child_of(above), "{below:?}");
        assert!(below.has_tag("ml_app:shop") && below.has_tag("session_id:s-1"), "{below:?}");
    }
}

#[test]
fn a_remote_context_works_in_another_tracer_and_after_the_end_of_its_span() {
    let receiver = Receiver::start();
    let (one, other) = (start(direct(&receiver)), start(direct(&receiver)));
    let above = one.start_span(SpanKind::Task, Parent::Root, Some("above"), &[]).expect("a root");
    one.finish(above, None, None);
    let place = one.remote_of(above).expect("a place");
    let below = other.start_span(SpanKind::Task, Parent::Remote(&place), Some("below"), &[]);
    other.finish(below.expect("a child"), None, None);
    shutdown(&one);
    shutdown(&other);
    let spans = receiver.spans();
    assert!(named(&spans, "below").is_child_of(named(&spans, "above")));
}

#[test]
fn an_invalid_remote_or_annotation_context_is_rejected_and_nothing_is_counted() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let Err(Error::InvalidArgument { field, .. }) = tracer.extract(&[("accept", "*/*")]) else {
        panic!("headers without a trace gave a place");
    };
    assert_eq!(field, "headers");
    let started = |parent, options: &[SpanOption<'_>]| {
        tracer.start_span(SpanKind::Task, parent, None, options)
    };
    assert_eq!(started(Parent::Remote("nowhere"), &[]), Err(Error::InvalidRemote));
    let wrong = [SpanOption::Context("[]")];
    assert_eq!(started(Parent::Root, &wrong), Err(Error::InvalidContext));
    assert!(tracer.check_context("[]").is_err());
    assert_eq!(shutdown(&tracer).accepted, 0);
    assert_eq!(tracer.inject(SpanRef::NONE, &[]), Ok(vec![]));
}

#[test]
fn contexts_apply_to_the_spans_inside_and_the_inner_one_wins() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    let outer = json!({"tags": {"team": "a", "stage": "1"}, "name": "renamed"}).to_string();
    let inner = json!({"tags": {"team": "b"}}).to_string();
    assert_eq!(tracer.check_context(&outer), Ok(vec![]));
    let span = tracer.span(SpanKind::Task).name("own").context(&outer).context(&inner).start();
    span.expect("a root").finish();
    shutdown(&tracer);
    let spans = receiver.spans();
    let span = named(&spans, "renamed");
    assert!(span.has_tag("team:b") && span.has_tag("stage:1"), "{span:?}");
}
