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
        .encode()
        .context("cannot encode the component")?;
    let component = without_names(&component).context("the component has a broken section")?;
    let native = precompile(&component).map_err(|e| anyhow!("cannot precompile: {e:?}"))?;
    let out = Path::new(out);
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    write_if_changed(&out.with_extension("wasm"), &component)?;
    write_if_changed(&out.with_extension("cwasm"), &native)
}

/// The component without the names of its inner parts, which nobody reads: its section of 4 KB. A
/// binary is a preamble of 8 bytes, then sections: a byte, the length of what follows, that.
fn without_names(component: &[u8]) -> Option<Vec<u8>> {
    let (preamble, mut rest) = component.split_at_checked(8)?;
    let mut kept = preamble.to_vec();
    while let Some((&kind, after)) = rest.split_first() {
        let (length, body) = leb128(after)?;
        let (body, next) = body.split_at_checked(length)?;
        if kind != 0 || !body.starts_with(b"\x0Ecomponent-name") {
            kept.extend_from_slice(rest.get(..rest.len() - next.len())?);
        }
        rest = next;
    }
    Some(kept)
}

/// The number that bytes begin with, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
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
