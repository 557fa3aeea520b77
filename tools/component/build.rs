//! Tells the tool for which kind of machine it is built, which cargo tells build scripts only.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=WITSPAN_TARGET={target}");
    println!("cargo::rerun-if-changed=build.rs");
}
