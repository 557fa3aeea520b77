//! Prints the contract for a language whose glue to the core is written by hand.
//!
//! `witspan-contract typescript WIT_FOLDER` prints the types of the contract, and its functions as
//! data which `bindings/js/src/core/abi.ts` interprets. So a change in wit/ reaches that glue without
//! anybody copying it. `model.rs` reads the WIT; each language has a printer beside it.

use anyhow::{Context, Result, bail};
use wit_parser::Resolve;

mod model;
mod typescript;

/// The world whose exports are the contract.
const WORLD: &str = "core";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [language, folder] = arguments.as_slice() else {
        bail!("usage: witspan-contract typescript WIT_FOLDER");
    };
    let print = match language.as_str() {
        "typescript" => typescript::print,
        other => bail!("no printer for `{other}`; there is: typescript"),
    };
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(folder).with_context(|| format!("cannot read the WIT of `{folder}`"))?;
    print!("{}", print(&model::read(&resolve, package, WORLD)?));
    Ok(())
}
