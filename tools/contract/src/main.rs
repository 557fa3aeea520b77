//! Prints the contract for a language whose glue to the core is written by hand.
//!
//! `witspan-contract typescript-types WIT_FOLDER` prints the types of the contract, and
//! `typescript-shapes` types and functions as data, which `bindings/js/src/core/abi.ts` interprets. So
//! a change in wit/ reaches that glue without anybody copying it. `model.rs` reads the WIT; each
//! language has a printer beside it.

use anyhow::{Context, Result, bail};
use wit_parser::Resolve;

mod model;
mod typescript;

/// The world whose exports are the contract.
const WORLD: &str = "core";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [language, folder] = arguments.as_slice() else {
        bail!("usage: witspan-contract typescript-types|typescript-shapes WIT_FOLDER");
    };
    let print = match language.as_str() {
        "typescript-types" => typescript::types,
        "typescript-shapes" => typescript::shapes,
        other => bail!("no printer for `{other}`; accepted: typescript-types, typescript-shapes"),
    };
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(folder).with_context(|| format!("cannot read the WIT of `{folder}`"))?;
    print!("{}", print(&model::read(&resolve, package, WORLD)?));
    Ok(())
}
