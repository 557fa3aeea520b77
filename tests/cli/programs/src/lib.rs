//! The contract as an application sees it: `wit/` from the importing side, for the programs in
//! `examples/`. Empty but on WebAssembly.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::all)]

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "witspan:programs/application",
    generate_all,
});

pub use witspan::llmobs::*;
pub use witspan::programs::time;
