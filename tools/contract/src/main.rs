//! Prints the contract for a language whose glue to the core is written by hand.
//!
//! `witspan-contract typescript-types WIT_FOLDER` prints the types of the contract, and
//! `typescript-shapes` types and functions as data, which `bindings/js/src/core/abi.ts` interprets.
//! `go-types` and `go-calls` print types, and each call as code, for `bindings/go/internal/core`, and
//! `go-wazero` the exports below those calls, over another engine; `go-settings` prints the table of
//! settings, for `bindings/go/internal/settings`. So a change in wit/ reaches that glue
//! without anybody copying it. `model.rs` reads the WIT; each language has a printer beside it.

use anyhow::{Context, Result, bail};
use wit_parser::Resolve;

mod go;
mod go_settings;
mod model;
mod typescript;

/// The world whose exports are the contract.
const WORLD: &str = "core";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, folder] = arguments.as_slice() else {
        bail!("usage: witspan-contract WHAT WIT_FOLDER");
    };
    let print: fn(&model::Contract) -> Result<String> = match what.as_str() {
        "typescript-types" => |contract| Ok(typescript::types(contract)),
        "typescript-shapes" => |contract| Ok(typescript::shapes(contract)),
        "go-types" => go::types,
        "go-calls" => go::calls,
        "go-wazero" => go::wazero,
        "go-settings" => |_| Ok(go_settings::table()),
        other => bail!(
            "no printer for `{other}`; accepted: typescript-types, typescript-shapes, go-types, \
             go-calls, go-wazero, go-settings"
        ),
    };
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(folder).with_context(|| format!("cannot read the WIT of `{folder}`"))?;
    print!("{}", print(&model::read(&resolve, package, WORLD)?)?);
    Ok(())
}
