//! What the shared library is called by those that link it, and that it is never unloaded: its thread
//! may run at any time.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libwitspan.dylib");
        }
        Ok("windows") => {}
        // The number is that of the interface.
        _ => println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libwitspan.so.1,-z,nodelete"),
    }
}
