//! The one engine configuration, shared by the build tool that precompiles the component and by
//! the runtime that loads it: wasmtime refuses a precompiled component whose settings differ.

/// Most linear memory that one instance of the component may take, in bytes.
///
/// The core's own limits are far below this (see `settings` in `wit/`). The cap protects the
/// process from a defect in that accounting.
#[allow(dead_code, reason = "only the runtime needs it")]
pub(crate) const MAX_MEMORY: usize = 256 << 20;

/// Engine settings for the component: no async, no wasm feature that the guest does not use.
pub(crate) fn engine_config() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model(true);
    // Each export is a plain call; the async machinery would cost every one of them.
    config.concurrency_support(false);
    // The guest never runs user code and has no unbounded loop over it: no fuel, no epochs.
    config.consume_fuel(false);
    config.epoch_interruption(false);
    // 4 GiB of reserved address space per memory removes bounds checks; it is not memory.
    config.memory_reservation(4 << 30);
    config.memory_init_cow(true);
    // A trap ends the instance; its backtrace is not used.
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    config.native_unwind_info(false);
    config
}
