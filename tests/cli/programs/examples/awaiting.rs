//! An instance that waits for targets: composed with the component, this runs while both are
//! instantiated, so that `set-targets` can be invoked by name.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]

#[allow(unreachable_pub)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "witspan:programs/beginning",
        generate_all,
    });
}

use bindings::witspan::llmobs::tracing;

/// What is called when the program is instantiated.
#[unsafe(export_name = "_initialize")]
pub extern "C" fn initialize() {
    tracing::configure(r#"{"await_targets": true}"#).expect("the settings are right");
}
