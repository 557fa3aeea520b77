//! One instance of the component: the engine, the imports, and the typed calls.

use crate::clock::Clock;
use crate::engine_config::{MAX_MEMORY, engine_config};
use std::sync::OnceLock;
use wasmtime::component::{Component, ComponentType, Linker, Lower};
use wasmtime::{Engine, Store, StoreContextMut, StoreLimits, StoreLimitsBuilder};

pub(crate) use bindings::exports::witspan::llmobs::{
    delivery, evaluations, processing, tracing, types,
};

// Generated from `wit/`, whose documentation comes along.
#[allow(unreachable_pub, clippy::all)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "calls",
        ownership: Borrowing { duplicate_if_necessary: true },
        additional_derives: [PartialEq],
    });
}

/// The component, compiled for this target when the host was built.
static PRECOMPILED: &[u8] = include_bytes!(env!("WITSPAN_PRECOMPILED"));

/// What the component's imports read.
struct Imports {
    clock: Clock,
    memory: StoreLimits,
}

/// The time of day, as `wasi:clocks/wall-clock` has it.
#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// Links the three functions that the component imports. WASI's interfaces have more, and some of
/// those return resources: generated bindings would require all of them here, though none is
/// called. The linker accepts any 0.2 version of an interface for any other.
fn link(linker: &mut Linker<Imports>) -> wasmtime::Result<()> {
    type Caller<'a> = StoreContextMut<'a, Imports>;
    let mut monotonic = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    monotonic
        .func_wrap("now", |caller: Caller<'_>, ()| Ok((caller.data().clock.monotonic_ns(),)))?;
    let mut wall = linker.instance("wasi:clocks/wall-clock@0.2.12")?;
    wall.func_wrap("now", |caller: Caller<'_>, ()| {
        let now = caller.data().clock.wall_ns();
        let second = 1_000_000_000;
        Ok((Datetime { seconds: now / second, nanoseconds: (now % second) as u32 },))
    })?;
    let mut random = linker.instance("wasi:random/random@0.2.12")?;
    random
        .func_wrap("get-random-u64", |caller: Caller<'_>, ()| Ok((caller.data().clock.entropy(),)))
}

/// A component that can be instantiated: native code that is linked with the imports.
#[derive(Clone)]
pub(crate) struct Program {
    engine: Engine,
    linked: bindings::CallsPre<Imports>,
}

impl Program {
    /// The component that this library embeds. It is loaded once per process.
    pub(crate) fn embedded() -> wasmtime::Result<Program> {
        static EMBEDDED: OnceLock<Program> = OnceLock::new();
        if let Some(program) = EMBEDDED.get() {
            return Ok(program.clone());
        }
        // SAFETY: our build tool made the bytes, with the same engine settings.
        let program = unsafe { Program::precompiled(PRECOMPILED) }?;
        Ok(EMBEDDED.get_or_init(|| program).clone())
    }

    /// A component from the bytes of a `.cwasm` file.
    ///
    /// # Safety
    /// The bytes must be the unchanged output of wasmtime's precompilation: they are run.
    pub(crate) unsafe fn precompiled(bytes: &[u8]) -> wasmtime::Result<Program> {
        let engine = Engine::new(&engine_config())?;
        // SAFETY: promised by the caller.
        let component = unsafe { Component::deserialize(&engine, bytes) }?;
        let mut linker: Linker<Imports> = Linker::new(&engine);
        link(&mut linker)?;
        let linked = bindings::CallsPre::new(linker.instantiate_pre(&component)?)?;
        Ok(Program { engine, linked })
    }

    /// A new instance, not configured yet.
    pub(crate) fn instantiate(&self, clock: Clock) -> wasmtime::Result<Instance> {
        let memory = StoreLimitsBuilder::new().memory_size(MAX_MEMORY).build();
        let mut store = Store::new(&self.engine, Imports { clock, memory });
        store.limiter(|imports| &mut imports.memory);
        let core = self.linked.instantiate(&mut store)?;
        Ok(Instance { store, core })
    }
}

/// The most bytes of a text that are passed to the component. The core rejects or cuts much shorter
/// texts itself, but a text that does not fit into its memory would trap.
const MOST_TEXT: usize = 16 << 20;

/// The text, or its beginning, which is still too long for the core.
pub(crate) fn bounded(text: &str) -> &str {
    match text.len() {
        0..=MOST_TEXT => text,
        _ => &text[..text.floor_char_boundary(MOST_TEXT)],
    }
}

fn bounded_headers<'a>(headers: &[types::HeaderParam<'a>]) -> Vec<types::HeaderParam<'a>> {
    let bounded = |header: &types::HeaderParam<'a>| types::HeaderParam {
        name: bounded(header.name),
        value: bounded(header.value),
    };
    headers.iter().map(bounded).collect()
}

fn bounded_option<'a>(option: &tracing::SpanOption<'a>) -> tracing::SpanOption<'a> {
    use tracing::SpanOption as Of;
    match *option {
        Of::SessionId(text) => Of::SessionId(bounded(text)),
        Of::MlApp(text) => Of::MlApp(bounded(text)),
        Of::ModelName(text) => Of::ModelName(bounded(text)),
        Of::ModelProvider(text) => Of::ModelProvider(bounded(text)),
        Of::Context(text) => Of::Context(bounded(text)),
        Of::Target(id) => Of::Target(bounded(id)),
        Of::StartNs(ns) => Of::StartNs(ns),
    }
}

fn is_long(option: &tracing::SpanOption<'_>) -> bool {
    use tracing::SpanOption as Of;
    match option {
        Of::SessionId(text)
        | Of::MlApp(text)
        | Of::ModelName(text)
        | Of::ModelProvider(text)
        | Of::Context(text)
        | Of::Target(text) => text.len() > MOST_TEXT,
        Of::StartNs(_) => false,
    }
}

fn bounded_failure<'a>(failure: &tracing::Failure<'a>) -> tracing::Failure<'a> {
    tracing::Failure {
        message: bounded(failure.message),
        error_type: bounded(failure.error_type),
        stack: bounded(failure.stack),
    }
}

/// One instance. If a call returns the outer error it has trapped: the instance is dead.
pub(crate) struct Instance {
    store: Store<Imports>,
    core: bindings::Calls,
}

/// What a call of the component returns: a trap outside, its own error inside.
pub(crate) type Called<T, E = types::Error> = wasmtime::Result<Result<T, E>>;

impl Instance {
    pub(crate) fn configure(&mut self, settings: &str) -> Called<Vec<types::Warning>> {
        self.core.witspan_llmobs_tracing().call_configure(&mut self.store, settings)
    }

    pub(crate) fn start_span(
        &mut self,
        kind: types::SpanKind,
        parent: tracing::Parent<'_>,
        name: Option<&str>,
        options: &[tracing::SpanOption<'_>],
    ) -> Called<u64, types::SpanError> {
        let now = self.now();
        let shorter: Vec<_>;
        let options = if options.iter().any(is_long) {
            shorter = options.iter().map(bounded_option).collect();
            &shorter
        } else {
            options
        };
        let parent = match parent {
            tracing::Parent::Remote(remote) => tracing::Parent::Remote(bounded(remote)),
            parent => parent,
        };
        // An empty list would cost a call of the guest's allocator.
        let options = (!options.is_empty()).then_some(options);
        let tracing = self.core.witspan_llmobs_tracing();
        tracing.call_start_span(&mut self.store, kind, parent, name.map(bounded), options, now)
    }

    pub(crate) fn annotate(&mut self, span: u64, annotation: &str) -> Called<Vec<types::Warning>> {
        self.core.witspan_llmobs_tracing().call_annotate(&mut self.store, span, bounded(annotation))
    }

    pub(crate) fn check_context(&mut self, context: &str) -> Called<Vec<types::Warning>> {
        self.core.witspan_llmobs_tracing().call_check_context(&mut self.store, bounded(context))
    }

    pub(crate) fn finish(
        &mut self,
        span: u64,
        failure: Option<tracing::Failure<'_>>,
        end_ns: Option<u64>,
    ) -> Called<tracing::Finished, types::SpanError> {
        let now = self.now();
        let failure = failure.as_ref().map(bounded_failure);
        let tracing = self.core.witspan_llmobs_tracing();
        tracing.call_finish(&mut self.store, span, failure, end_ns, now)
    }

    /// The time, read here: the component would need a call of an import for it.
    fn now(&self) -> Option<u64> {
        Some(self.store.data().clock.monotonic_ns())
    }

    pub(crate) fn abandon(&mut self, span: u64) -> Called<bool, types::SpanError> {
        self.core.witspan_llmobs_tracing().call_abandon(&mut self.store, span)
    }

    pub(crate) fn export_span(
        &mut self,
        span: u64,
    ) -> Called<tracing::SpanContext, types::SpanError> {
        self.core.witspan_llmobs_tracing().call_export_span(&mut self.store, span)
    }

    pub(crate) fn record_span(&mut self, span: &str) -> Called<tracing::Recorded> {
        self.core.witspan_llmobs_tracing().call_record_span(&mut self.store, bounded(span))
    }

    pub(crate) fn span_info(
        &mut self,
        span: u64,
    ) -> Called<tracing::SpanDetails, types::SpanError> {
        self.core.witspan_llmobs_tracing().call_span_info(&mut self.store, span)
    }

    pub(crate) fn times(&mut self, span: u64) -> Called<tracing::SpanTimes, types::SpanError> {
        self.core.witspan_llmobs_tracing().call_times(&mut self.store, span)
    }

    pub(crate) fn inject(
        &mut self,
        span: u64,
        headers: &[types::HeaderParam<'_>],
    ) -> Called<Vec<types::HeaderResult>, types::SpanError> {
        self.core.witspan_llmobs_propagation().call_inject(
            &mut self.store,
            span,
            &bounded_headers(headers),
        )
    }

    pub(crate) fn extract(&mut self, headers: &[types::HeaderParam<'_>]) -> Called<String> {
        self.core
            .witspan_llmobs_propagation()
            .call_extract(&mut self.store, &bounded_headers(headers))
    }

    pub(crate) fn remote_of(&mut self, span: u64) -> Called<String, types::SpanError> {
        self.core.witspan_llmobs_propagation().call_remote_of(&mut self.store, span)
    }

    pub(crate) fn submit(&mut self, evaluation: &str) -> Called<evaluations::Submitted> {
        self.core.witspan_llmobs_evaluations().call_submit(&mut self.store, bounded(evaluation))
    }

    pub(crate) fn submit_feedback(&mut self, feedback: &str) -> Called<evaluations::Submitted> {
        self.core
            .witspan_llmobs_evaluations()
            .call_submit_feedback(&mut self.store, bounded(feedback))
    }

    pub(crate) fn set_processor(&mut self, limit_ns: Option<u64>) -> wasmtime::Result<()> {
        self.core.witspan_llmobs_processing().call_set_processor(&mut self.store, limit_ns)
    }

    pub(crate) fn take_event(&mut self) -> wasmtime::Result<Option<processing::Event>> {
        self.core.witspan_llmobs_processing().call_take_event(&mut self.store)
    }

    pub(crate) fn return_event(
        &mut self,
        event: u64,
        outcome: processing::Outcome<'_>,
    ) -> Called<processing::Returned> {
        let processing = self.core.witspan_llmobs_processing();
        processing.call_return_event(&mut self.store, event, outcome)
    }

    pub(crate) fn set_targets(&mut self, targets: &str) -> Called<()> {
        self.core.witspan_llmobs_delivery().call_set_targets(&mut self.store, targets)
    }

    pub(crate) fn poll(&mut self, mode: delivery::PollMode) -> wasmtime::Result<delivery::Action> {
        self.core.witspan_llmobs_delivery().call_poll(&mut self.store, mode)
    }

    pub(crate) fn complete(
        &mut self,
        request: u64,
        outcome: delivery::Outcome<'_>,
    ) -> Called<delivery::Disposition> {
        self.core.witspan_llmobs_delivery().call_complete(&mut self.store, request, outcome)
    }

    pub(crate) fn statistics(&mut self) -> wasmtime::Result<delivery::Counters> {
        self.core.witspan_llmobs_delivery().call_statistics(&mut self.store)
    }
}
