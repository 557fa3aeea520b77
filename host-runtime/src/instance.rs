//! One instance of the component: the engine, the imports, and the typed calls.

use crate::clock::Clock;
use crate::engine_config::{MAX_MEMORY, engine_config};
use bindings::wasi::clocks::{monotonic_clock, wall_clock};
use bindings::wasi::random::random;
use std::sync::OnceLock;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder};

pub(crate) use bindings::exports::witspan::llmobs::{delivery, tracing, types};

// Generated from `wit/`, whose documentation comes along.
#[allow(unreachable_pub, clippy::all)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "core",
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

impl monotonic_clock::Host for Imports {
    fn now(&mut self) -> u64 {
        self.clock.monotonic_ns()
    }
}

impl wall_clock::Host for Imports {
    fn now(&mut self) -> wall_clock::Datetime {
        let now = self.clock.wall_ns();
        let second = 1_000_000_000;
        wall_clock::Datetime { seconds: now / second, nanoseconds: (now % second) as u32 }
    }
}

impl random::Host for Imports {
    fn get_random_u64(&mut self) -> u64 {
        self.clock.entropy()
    }
}

/// A component that can be instantiated: native code, linked with the imports.
#[derive(Clone)]
pub(crate) struct Program {
    engine: Engine,
    linked: bindings::CorePre<Imports>,
}

impl Program {
    /// The component that this library embeds; loaded once in the life of the process.
    pub(crate) fn embedded() -> wasmtime::Result<Program> {
        static EMBEDDED: OnceLock<Program> = OnceLock::new();
        if let Some(program) = EMBEDDED.get() {
            return Ok(program.clone());
        }
        // SAFETY: the bytes are what our build tool made, with the same engine settings.
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
        bindings::Core::add_to_linker::<_, HasSelf<Imports>>(&mut linker, |imports| imports)?;
        let linked = bindings::CorePre::new(linker.instantiate_pre(&component)?)?;
        Ok(Program { engine, linked })
    }

    /// A fresh instance, not configured yet.
    pub(crate) fn instantiate(&self, clock: Clock) -> wasmtime::Result<Instance> {
        let memory = StoreLimitsBuilder::new().memory_size(MAX_MEMORY).build();
        let mut store = Store::new(&self.engine, Imports { clock, memory });
        store.limiter(|imports| &mut imports.memory);
        let core = self.linked.instantiate(&mut store)?;
        Ok(Instance { store, core })
    }
}

/// One instance. A call that returns the outer error has trapped: the instance is dead.
pub(crate) struct Instance {
    store: Store<Imports>,
    core: bindings::Core,
}

/// What a call of the component returns: a trap outside, its own error inside.
pub(crate) type Called<T> = wasmtime::Result<Result<T, types::Error>>;

impl Instance {
    pub(crate) fn configure(&mut self, settings: types::Settings<'_>) -> Called<()> {
        self.core.witspan_llmobs_tracing().call_configure(&mut self.store, settings)
    }

    pub(crate) fn start_span(
        &mut self,
        kind: types::SpanKind,
        parent: tracing::Parent,
        name: Option<&str>,
        options: &[tracing::SpanOption<'_>],
    ) -> Called<u64> {
        let tracing = self.core.witspan_llmobs_tracing();
        tracing.call_start_span(&mut self.store, kind, parent, name, options)
    }

    pub(crate) fn annotate(
        &mut self,
        span: u64,
        annotation: &str,
    ) -> Called<Vec<tracing::Warning>> {
        self.core.witspan_llmobs_tracing().call_annotate(&mut self.store, span, annotation)
    }

    pub(crate) fn finish(
        &mut self,
        span: u64,
        failure: Option<tracing::Failure<'_>>,
        end_ns: Option<u64>,
    ) -> Called<tracing::Finished> {
        self.core.witspan_llmobs_tracing().call_finish(&mut self.store, span, failure, end_ns)
    }

    pub(crate) fn abandon(&mut self, span: u64) -> Called<bool> {
        self.core.witspan_llmobs_tracing().call_abandon(&mut self.store, span)
    }

    pub(crate) fn export_span(&mut self, span: u64) -> Called<tracing::SpanContext> {
        self.core.witspan_llmobs_tracing().call_export_span(&mut self.store, span)
    }

    pub(crate) fn set_destination(&mut self, destination: types::Destination) -> Called<()> {
        self.core.witspan_llmobs_delivery().call_set_destination(&mut self.store, destination)
    }

    pub(crate) fn poll(&mut self, mode: delivery::PollMode) -> wasmtime::Result<delivery::Action> {
        self.core.witspan_llmobs_delivery().call_poll(&mut self.store, mode)
    }

    pub(crate) fn complete(
        &mut self,
        request: u64,
        outcome: delivery::Outcome<'_>,
    ) -> Called<delivery::Verdict> {
        self.core.witspan_llmobs_delivery().call_complete(&mut self.store, request, outcome)
    }

    pub(crate) fn statistics(&mut self) -> wasmtime::Result<delivery::Counters> {
        self.core.witspan_llmobs_delivery().call_statistics(&mut self.store)
    }
}
