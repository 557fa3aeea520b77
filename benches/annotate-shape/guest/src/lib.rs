//! The component of the experiment: glue for every candidate. What they do is in `keep`.

// Generated code, which our lints are not for.
#[allow(clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "shapes" });
}

// The module itself and not its crate: that would export the project's own component as well.
#[allow(dead_code, unused_imports, reason = "the experiment needs a part of it")]
#[path = "../../../../guest/src/json/mod.rs"]
mod json;
mod keep;

use bindings::exports::bench::shapes::{annotate, spans};
use keep::Keeper;
use std::cell::{Cell, RefCell};

thread_local! {
    static KEEPER: RefCell<Keeper> = RefCell::default();
    static OPEN: Cell<u64> = const { Cell::new(0) };
}

struct Component;

impl annotate::Guest for Component {
    fn annotate_records(annotation: annotate::Records) -> Result<u32, String> {
        KEEPER.with_borrow_mut(|keeper| keeper.records(annotation))
    }

    fn annotate_texts(annotation: annotate::Texts) -> Result<u32, String> {
        KEEPER.with_borrow_mut(|keeper| keeper.texts(&annotation))
    }

    fn annotate_text(annotation: String) -> Result<u32, String> {
        KEEPER.with_borrow_mut(|keeper| keeper.text(&annotation))
    }

    fn kept() -> Vec<u8> {
        KEEPER.with_borrow(|keeper| keeper.kept())
    }
}

impl spans::Guest for Component {
    type Span = Span;

    fn start() -> u64 {
        OPEN.set(OPEN.get() + 1);
        OPEN.get()
    }

    fn finish(span: u64) -> bool {
        let open = OPEN.get();
        OPEN.set(open.saturating_sub(1));
        span == open
    }
}

/// The resource. It needs a body, or the glue would have nothing to box.
struct Span {
    open: Cell<bool>,
}

impl spans::GuestSpan for Span {
    fn new() -> Self {
        Span { open: Cell::new(true) }
    }

    fn finish(&self) -> bool {
        self.open.replace(false)
    }
}

bindings::export!(Component with_types_in bindings);
