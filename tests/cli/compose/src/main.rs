//! Plugs components together: what the last of them exports, with its imports taken from the others.
//!
//! `witspan-compose OUT.wasm FIRST.wasm … LAST.wasm` instantiates each file once, in this order, and
//! gives it what those before it export under the names that it imports, in compatible versions. What none
//! of them exports stays an import. If the last exports nothing, it only calls the one before it, whose
//! exports count instead. Core modules that carry a component's type count as that component.

use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use wac_graph::types::{Package, are_semver_compatible};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, files @ .., last] = arguments.as_slice() else {
        bail!("usage: witspan-compose OUT.wasm FIRST.wasm … LAST.wasm");
    };
    let mut graph = CompositionGraph::new();
    let mut offered = HashMap::new();
    let mut exports = Vec::new();
    for file in files {
        exports = instantiate(&mut graph, file, &offered)?;
        offered.extend(exports.iter().cloned());
    }
    let those_of_last = instantiate(&mut graph, last, &offered)?;
    if !those_of_last.is_empty() {
        exports = those_of_last;
    }
    for (name, export) in exports {
        graph.export(export, name)?;
    }
    let composed = graph.encode(EncodeOptions::default()).context("cannot encode")?;
    std::fs::write(out, composed).with_context(|| format!("cannot write `{out}`"))
}

/// Adds a component, its imports plugged as far as they are offered; what it exports.
fn instantiate(
    graph: &mut CompositionGraph,
    file: &str,
    offered: &HashMap<String, NodeId>,
) -> Result<Vec<(String, NodeId)>> {
    let package = Package::from_bytes(file, None, component(file)?, graph.types_mut())
        .with_context(|| format!("`{file}` is not a component"))?;
    let world = package.ty();
    let package = graph.register_package(package)?;
    let instance = graph.instantiate(package);
    let imports: Vec<String> = graph.types()[world].imports.keys().cloned().collect();
    for import in imports {
        let offer = offered.get(&import).or_else(|| {
            let compatible = |name: &&String| are_semver_compatible(name, &import);
            offered.get(offered.keys().find(compatible)?)
        });
        if let Some(export) = offer {
            graph.set_instantiation_argument(instance, &import, *export).with_context(|| {
                format!("`{import}`, as `{file}` imports it, is not what is offered")
            })?;
        }
    }
    let exports: Vec<String> = graph.types()[world].exports.keys().cloned().collect();
    let alias = |name: String| Ok((name.clone(), graph.alias_instance_export(instance, &name)?));
    exports.into_iter().map(alias).collect()
}

/// The component in a file.
fn component(file: &str) -> Result<Vec<u8>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read `{file}`"))?;
    // Core modules and components differ in the second half of their version number.
    if bytes.get(6) != Some(&0) {
        return Ok(bytes);
    }
    wit_component::ComponentEncoder::default()
        .module(&bytes)
        .and_then(|encoder| encoder.validate(true).encode())
        .with_context(|| format!("`{file}` cannot be made a component"))
}
