//! Imports and exports, read from the component itself.

use crate::component;
use wasmparser::component_types::{ComponentEntityType, ComponentItem};
use wasmparser::types::Types;
use wasmparser::{Parser, Payload, Validator};

/// Everything that the component imports or exports: interfaces, and `interface.function`.
struct World {
    imports: Vec<String>,
    exports: Vec<String>,
}

fn world() -> World {
    let bytes = std::fs::read(component()).expect("the component can be read");
    let types = Validator::new().validate_all(&bytes).expect("it is a valid component");
    let mut world = World { imports: Vec::new(), exports: Vec::new() };
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.expect("it was valid") {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            // What is deeper is the component's own affair.
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let name = import.expect("it was valid").name.name;
                    add(&mut world.imports, &types, name, types.component_item_for_import(name));
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    let name = export.expect("it was valid").name.name;
                    add(&mut world.exports, &types, name, types.component_item_for_export(name));
                }
            }
            _ => {}
        }
    }
    world.imports.sort_unstable();
    world.exports.sort_unstable();
    world
}

/// Adds an item, and the functions in it if it is an interface.
fn add(names: &mut Vec<String>, types: &Types, name: &str, item: Option<&ComponentItem>) {
    names.push(name.to_owned());
    if let ComponentEntityType::Instance(interface) = item.expect("it was valid").ty {
        for (member, item) in &types[interface].exports {
            if matches!(item.ty, ComponentEntityType::Func(_)) {
                names.push(format!("{name}.{member}"));
            }
        }
    }
}

#[test]
fn two_clocks_and_entropy_are_all_that_the_component_asks_for() {
    let allowed = [
        "wasi:clocks/monotonic-clock@0.2.0",
        "wasi:clocks/monotonic-clock@0.2.0.now",
        "wasi:clocks/wall-clock@0.2.0",
        "wasi:clocks/wall-clock@0.2.0.now",
        "wasi:random/random@0.2.0",
        "wasi:random/random@0.2.0.get-random-u64",
    ];
    assert_eq!(
        world().imports,
        allowed,
        "no files, no network, no threads, no environment, no output: the host performs"
    );
}

#[test]
fn the_contract_is_all_that_the_component_offers() {
    let mut expected = vec!["witspan:llmobs/types@0.1.0".to_owned()];
    for (interface, functions) in [
        ("tracing", "configure start-span annotate finish abandon export-span"),
        ("delivery", "set-destination poll complete statistics"),
    ] {
        let interface = format!("witspan:llmobs/{interface}@0.1.0");
        expected.extend(functions.split(' ').map(|name| format!("{interface}.{name}")));
        expected.push(interface);
    }
    expected.sort_unstable();
    assert_eq!(world().exports, expected);
}
