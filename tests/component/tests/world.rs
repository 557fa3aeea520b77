//! Imports and exports, read from the component itself.

use crate::{component, default_folder};
use wasmparser::component_types::{ComponentEntityType, ComponentItem};
use wasmparser::types::Types;
use wasmparser::{Parser, Payload, Validator};

/// What a component imports and exports, by name, and the types of that.
struct World {
    imports: Vec<String>,
    exports: Vec<String>,
    types: Types,
}

/// Reads a component. Types of two are comparable if one validator read them.
fn world(bytes: &[u8], validator: &mut Validator) -> World {
    validator.reset();
    let types = validator.validate_all(bytes).expect("it is a valid component");
    let mut world = World { imports: Vec::new(), exports: Vec::new(), types };
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.expect("it was valid") {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            // What is deeper is the component's own affair.
            Payload::ComponentImportSection(section) if depth == 1 => {
                let names = section.into_iter().map(|import| import.expect("it was valid").name);
                world.imports.extend(names.map(|name| name.name.to_owned()));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                let names = section.into_iter().map(|export| export.expect("it was valid").name);
                world.exports.extend(names.map(|name| name.name.to_owned()));
            }
            _ => {}
        }
    }
    world.imports.sort_unstable();
    world.exports.sort_unstable();
    world
}

impl World {
    fn import(&self, name: &str) -> &ComponentItem {
        self.types.component_item_for_import(name).expect("it was valid")
    }

    fn export(&self, name: &str) -> &ComponentItem {
        self.types.component_item_for_export(name).expect("it was valid")
    }

    /// An interface, and its functions as `interface.function`.
    fn interface(&self, name: &str, item: &ComponentItem) -> Vec<String> {
        let mut names = vec![name.to_owned()];
        if let ComponentEntityType::Instance(interface) = item.ty {
            for (member, item) in &self.types[interface].exports {
                if matches!(item.ty, ComponentEntityType::Func(_)) {
                    names.push(format!("{name}.{member}"));
                }
            }
        }
        names.sort_unstable();
        names
    }
}

fn of_this_build() -> World {
    let bytes = std::fs::read(component()).expect("the component can be read");
    world(&bytes, &mut Validator::new())
}

#[test]
fn two_clocks_and_entropy_are_all_that_the_component_asks_for() {
    let world = of_this_build();
    let asked = world.imports.iter().flat_map(|name| world.interface(name, world.import(name)));
    let allowed = [
        "wasi:clocks/monotonic-clock@0.2.12",
        "wasi:clocks/monotonic-clock@0.2.12.now",
        "wasi:clocks/wall-clock@0.2.12",
        "wasi:clocks/wall-clock@0.2.12.now",
        "wasi:random/random@0.2.12",
        "wasi:random/random@0.2.12.get-random-u64",
    ];
    assert_eq!(
        asked.collect::<Vec<_>>(),
        allowed,
        "no files, no network, no threads, no environment, no output: the host performs"
    );
}

/// Which 0.2 the component asks for, the crate `wasi` decides; the contract has to follow.
#[test]
fn the_contract_names_the_imports_in_the_version_that_is_asked_for() {
    let contract = include_str!("../../../wit/world.wit");
    let import = |line: &'static str| line.trim().strip_prefix("import ")?.strip_suffix(';');
    let named: Vec<&str> = contract.lines().filter_map(import).collect();
    assert_eq!(
        of_this_build().imports,
        named,
        "wit/world.wit and wit/deps are to be those of the crate `wasip2` that `wasi` is made of"
    );
}

#[test]
fn the_contract_is_all_that_the_component_offers() {
    let world = of_this_build();
    let offered = world.exports.iter().flat_map(|name| world.interface(name, world.export(name)));
    let mut expected = Vec::new();
    for (interface, functions) in [
        ("delivery", "complete poll set-targets statistics"),
        ("evaluations", "submit submit-feedback"),
        ("processing", "return-event set-processor take-event"),
        ("propagation", "extract inject remote-of"),
        ("setup", "diagnose loss-header make-plan names variables"),
        (
            "tracing",
            "abandon annotate check-context configure export-span finish record-span span-info \
             start-span times",
        ),
        ("types", ""),
    ] {
        let interface = format!("witspan:llmobs/{interface}@0.2.0");
        expected.push(interface.clone());
        let functions = functions.split_whitespace();
        expected.extend(functions.map(|name| format!("{interface}.{name}")));
    }
    assert_eq!(offered.collect::<Vec<_>>(), expected);
}

/// The build that can trap stands for the usual one where another is under test.
#[test]
fn every_build_of_the_component_has_the_same_types() {
    let mut validator = Validator::new();
    let mut read = |path| world(&std::fs::read(path).expect("it is built"), &mut validator);
    let (this, usual) = (read(component()), read(default_folder().join("witspan-trap.wasm")));
    assert_eq!(this.imports, usual.imports);
    assert_eq!(this.exports, usual.exports);
    let (types, usual_types) = (this.types.as_ref(), usual.types.as_ref());
    let same = |a: &ComponentItem, b: &ComponentItem| {
        ComponentEntityType::is_subtype_of(&a.ty, types, &b.ty, usual_types)
            && ComponentEntityType::is_subtype_of(&b.ty, usual_types, &a.ty, types)
    };
    for name in &this.imports {
        assert!(same(this.import(name), usual.import(name)), "`{name}` differs");
    }
    for name in &this.exports {
        assert!(same(this.export(name), usual.export(name)), "`{name}` differs");
    }
}
