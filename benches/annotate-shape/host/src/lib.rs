//! The host's side of the experiment: an instance, its typed calls, and a writer of JSON text.

// Generated code, which our lints are not for.
#[allow(clippy::all)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "shapes",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}
#[path = "../../../../host-runtime/src/engine_config.rs"]
mod engine_config;
mod json_text;

pub use bindings::exports::bench::shapes::annotate::{
    Member, Message, Metric, Records, Tag, Texts,
};
pub use json_text::JsonText;

use wasmtime::component::{Component, Linker, ResourceAny};
use wasmtime::{Engine, Result, Store};

/// One instance of the component.
pub struct Instance {
    store: Store<()>,
    shapes: bindings::Shapes,
}

impl Instance {
    /// From a precompiled component.
    pub fn new(path: &str) -> Result<Instance> {
        let engine = Engine::new(&engine_config::engine_config())?;
        // SAFETY: run.py hands over what the project's own tool has just precompiled.
        let component = unsafe { Component::deserialize_file(&engine, path) }?;
        let mut store = Store::new(&engine, ());
        let shapes = bindings::Shapes::instantiate(&mut store, &component, &Linker::new(&engine))?;
        Ok(Instance { store, shapes })
    }

    /// (a)
    pub fn records(&mut self, annotation: Records<'_>) -> Result<u32> {
        let called = self.shapes.bench_shapes_annotate();
        kept(called.call_annotate_records(&mut self.store, annotation)?)
    }

    /// (b)
    pub fn texts(&mut self, annotation: Texts<'_>) -> Result<u32> {
        let called = self.shapes.bench_shapes_annotate();
        kept(called.call_annotate_texts(&mut self.store, annotation)?)
    }

    /// (c)
    pub fn text(&mut self, annotation: &str) -> Result<u32> {
        let called = self.shapes.bench_shapes_annotate();
        kept(called.call_annotate_text(&mut self.store, annotation)?)
    }

    /// The canonical bytes of the last annotation.
    pub fn kept(&mut self) -> Result<Vec<u8>> {
        self.shapes.bench_shapes_annotate().call_kept(&mut self.store)
    }

    /// (d) A span as a number.
    pub fn start(&mut self) -> Result<u64> {
        self.shapes.bench_shapes_spans().call_start(&mut self.store)
    }

    /// (d) Ends a span that is a number.
    pub fn finish(&mut self, span: u64) -> Result<bool> {
        self.shapes.bench_shapes_spans().call_finish(&mut self.store, span)
    }

    /// (d) A span as a resource.
    pub fn resource_start(&mut self) -> Result<ResourceAny> {
        self.shapes.bench_shapes_spans().span().call_constructor(&mut self.store)
    }

    /// (d) Ends a span that is a resource; the handle stays until it is dropped.
    pub fn resource_finish(&mut self, span: ResourceAny) -> Result<bool> {
        self.shapes.bench_shapes_spans().span().call_finish(&mut self.store, span)
    }

    /// (d) Gives the handle back.
    pub fn resource_drop(&mut self, span: ResourceAny) -> Result<()> {
        span.resource_drop(&mut self.store)
    }
}

fn kept(result: std::result::Result<u32, String>) -> Result<u32> {
    result.map_err(wasmtime::Error::msg)
}
