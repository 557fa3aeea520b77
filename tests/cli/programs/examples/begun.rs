//! What has happened before the one call that the `wasmtime` command makes: composed with the component,
//! this runs while both are instantiated, so that calls which need earlier ones can be invoked by name.
//!
//! Span 1 is open. Span 2 is in request 1. Event 1, of span 3, is with the processor, and event 2, of
//! span 4, waits for it.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]

#[allow(unreachable_pub)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "witspan:programs/beginning",
        generate_all,
    });
}

use bindings::witspan::llmobs::{delivery, processing, tracing, types};

/// What is called when the program is instantiated.
#[unsafe(export_name = "_initialize")]
pub extern "C" fn initialize() {
    start("ask");
    finish("sent");
    delivery::poll(delivery::PollMode::Everything);
    processing::set_processor(Some(1_000_000_000));
    finish("processed");
    finish("waiting");
    processing::take_event();
}

fn start(name: &str) -> types::Span {
    let (kind, parent) = (types::SpanKind::Llm, tracing::Parent::Root);
    tracing::start_span(kind, &parent, Some(name), None, None).expect("there is room")
}

fn finish(name: &str) {
    tracing::finish(start(name), None, None, None).expect("it is open");
}
