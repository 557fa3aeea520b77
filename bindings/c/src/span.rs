//! Spans: start, annotate, finish, and what is known of them.

use crate::input::{Options, RawOption, given, kind, text};
use crate::outcome::{answer, give, give_text, guarded, invalid};
use crate::text::Text;
use crate::tracer::{Handle, on};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::ffi::c_char;
use std::ptr::null_mut;
use witspan::{Error, Failure, Parent, SpanOption, SpanRef, Tracer};

/// The number of a span that has started. One that is no number cannot be kept.
fn bits(tracer: &Tracer, span: SpanRef) -> u64 {
    span.to_bits().unwrap_or_else(|| {
        tracer.abandon(span);
        0
    })
}

fn start(
    tracer: &Tracer,
    kind: u32,
    parent: Parent<'_>,
    name: Option<Cow<'_, str>>,
    options: &[SpanOption<'_>],
) -> Result<u64, Error> {
    let kind = self::kind(kind)?;
    let span = tracer.start_span(kind, parent, name.as_deref(), options)?;
    Ok(bits(tracer, span))
}

/// What a new span belongs to, besides another service.
fn parent(belongs: u32, parent: u64) -> Result<Parent<'static>, Error> {
    match belongs {
        0 => Ok(Parent::Root),
        1 => Ok(Parent::Current(SpanRef::from_bits(parent))),
        2 => Ok(Parent::ChildOf(SpanRef::from_bits(parent))),
        _ => Err(invalid("belongs", belongs, "0 (root), 1 (current) or 2 (child of)")),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_start(
    tracer: *const Handle,
    kind: u32,
    belongs: u32,
    above: u64,
    name: *const c_char,
    name_length: usize,
) -> u64 {
    guarded(0, || {
        let name = given(name, name_length);
        let start = |tracer: &Tracer| start(tracer, kind, parent(belongs, above)?, name, &[]);
        on(tracer, start).unwrap_or(0)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_start_with(
    tracer: *const Handle,
    kind: u32,
    belongs: u32,
    above: u64,
    name: *const c_char,
    name_length: usize,
    options: *const RawOption,
    options_count: usize,
    span: *mut u64,
    message: *mut *mut Text,
) -> i32 {
    give(span, 0);
    answer(message, || {
        let options = Options::read(options, options_count)?;
        let parent = match (parent(belongs, above)?, &options.remote) {
            (parent, None) => parent,
            (Parent::Root, Some(remote)) => Parent::Remote(remote),
            (..) => return Err(invalid("belongs", belongs, "0 (root) with a remote context")),
        };
        let name = given(name, name_length);
        let lent = options.lend();
        give(span, on(tracer, |tracer| start(tracer, kind, parent, name, &lent))?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_annotate(
    tracer: *const Handle,
    span: u64,
    json: *const c_char,
    length: usize,
    message: *mut *mut Text,
) -> i32 {
    answer(message, || {
        let json = text(json, length);
        on(tracer, |tracer| tracer.annotate(SpanRef::from_bits(span), &json)).map(drop)
    })
}

unsafe fn end(tracer: *const Handle, span: u64, failure: Option<Failure<'_>>, end_ns: u64) -> u64 {
    let end_ns = (end_ns != 0).then_some(end_ns);
    let end = |tracer: &Tracer| tracer.finish(SpanRef::from_bits(span), failure, end_ns);
    on(tracer, end).and_then(SpanRef::to_bits).unwrap_or(0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_finish(tracer: *const Handle, span: u64, end_ns: u64) -> u64 {
    guarded(0, || end(tracer, span, None, end_ns))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_fail(
    tracer: *const Handle,
    span: u64,
    end_ns: u64,
    error: *const c_char,
    error_length: usize,
    error_type: *const c_char,
    type_length: usize,
    stack: *const c_char,
    stack_length: usize,
) -> u64 {
    guarded(0, || {
        let message = &text(error, error_length);
        let error_type = &text(error_type, type_length);
        let stack = &text(stack, stack_length);
        end(tracer, span, Some(Failure { message, error_type, stack }), end_ns)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_abandon(tracer: *const Handle, span: u64) {
    guarded((), || on(tracer, |tracer| tracer.abandon(SpanRef::from_bits(span))));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_record(
    tracer: *const Handle,
    json: *const c_char,
    length: usize,
    span: *mut u64,
    message: *mut *mut Text,
) -> i32 {
    give(span, 0);
    answer(message, || {
        let json = text(json, length);
        let record = |tracer: &Tracer| tracer.record_span(&json);
        // It is over: where it is no number, it is sent all the same.
        give(span, on(tracer, record)?.0.to_bits().unwrap_or(0));
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_ids(
    tracer: *const Handle,
    span: u64,
    span_id: *mut *mut Text,
    trace_id: *mut *mut Text,
) -> i32 {
    give(span_id, null_mut());
    give(trace_id, null_mut());
    answer(null_mut(), || {
        let ids = on(tracer, |tracer| tracer.export_span(SpanRef::from_bits(span)))?;
        give_text(span_id, || ids.span_id);
        give_text(trace_id, || ids.trace_id);
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_info(tracer: *const Handle, span: u64, info: *mut *mut Text) -> i32 {
    give(info, null_mut());
    answer(null_mut(), || {
        let known = on(tracer, |tracer| tracer.span_info(SpanRef::from_bits(span)))?;
        let kind = witspan::setup::KINDS[known.kind as usize].to_owned();
        let members = [
            ("kind", Some(kind)),
            ("name", known.name),
            ("span_id", Some(known.span_id)),
            ("trace_id", Some(known.trace_id)),
            ("parent_id", known.parent_id),
        ];
        let member = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?.into()));
        let members: Map<String, Value> = members.into_iter().filter_map(member).collect();
        give_text(info, || Value::from(members).to_string());
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_times(
    tracer: *const Handle,
    span: u64,
    start_ns: *mut u64,
    duration_ns: *mut u64,
) -> i32 {
    give(start_ns, 0);
    give(duration_ns, 0);
    answer(null_mut(), || {
        let times = on(tracer, |tracer| tracer.times(SpanRef::from_bits(span)))?;
        give(start_ns, times.start_ns);
        give(duration_ns, times.duration_ns.unwrap_or(u64::MAX));
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_check_context(
    tracer: *const Handle,
    json: *const c_char,
    length: usize,
    message: *mut *mut Text,
) -> i32 {
    answer(message, || {
        let json = text(json, length);
        on(tracer, |tracer| tracer.check_context(&json)).map(drop)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_misplaced(tracer: *const Handle, why: *const c_char, length: usize) {
    guarded((), || on(tracer, |tracer| tracer.misplaced_annotation(&text(why, length))));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn witspan_changed(tracer: *const Handle, why: *const c_char, length: usize) {
    guarded((), || on(tracer, |tracer| tracer.warn(text(why, length).into_owned())));
}
