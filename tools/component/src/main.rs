//! Turns the guest's core module into a component and precompiles that for this machine's kind.
//!
//! `witspan-component MODULE.wasm OUT` writes `OUT.wasm`, the portable component, and `OUT.cwasm`,
//! the same component as native code which the host embeds so that no compiler ships with it.

use anyhow::{Context, Result, anyhow, bail};
use std::path::Path;

#[path = "../../../host-runtime/src/engine_config.rs"]
mod engine_config;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, out] = arguments.as_slice() else {
        bail!("usage: witspan-component MODULE.wasm OUT_WITHOUT_EXTENSION");
    };
    let module = std::fs::read(module).with_context(|| format!("cannot read `{module}`"))?;
    let component = wit_component::ComponentEncoder::default()
        .module(&module)
        .context("the module carries no component type: was it built from `guest`?")?
        .validate(true)
        // Names of its inner parts, for people who debug the encoder.
        .debug_names(false)
        .encode()
        .context("cannot encode the component")?;
    let native = precompile(&component).map_err(|e| anyhow!("cannot precompile: {e:?}"))?;
    let out = Path::new(out);
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    write_if_changed(&out.with_extension("wasm"), &component)?;
    write_if_changed(&out.with_extension("cwasm"), &native)
}

/// Native code for this kind of machine, not for this very one: the library that embeds it is
/// carried to others. On x86-64 that is x86-64-v2 (SSE4.2 and POPCNT, in every such processor
/// since 2009): plain x86-64 makes the guest's vector scan a third slower, and more than v2 gained
/// nothing that could be measured.
fn precompile(component: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let mut config = engine_config::engine_config();
    config.target(TARGET)?;
    if TARGET.starts_with("x86_64") {
        for flag in ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"] {
            // SAFETY: the code runs only where the engine that loads it finds these features; it
            // refuses to load elsewhere.
            unsafe { config.cranelift_flag_enable(flag) };
        }
    }
    wasmtime::Engine::new(&config)?.precompile_component(component)
}

/// The kind of machine that this tool was built for.
const TARGET: &str = env!("WITSPAN_TARGET");

/// Leaves an equal file alone, so that nothing which embeds it is built again.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    std::fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))
}
