//! Clocks and entropy as the conformance suite wants them: time stands still until a program moves
//! it, and the nth draw is n times 0x9E3779B97F4A7C15.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[allow(unreachable_pub)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../wit", "wit"],
        world: "witspan:programs/fixed",
        generate_all,
    });
}

// By their versions, because `wit/` has another one of both.
use bindings::exports::wasi::{clocks0_2_0 as clocks, random0_2_0::random};
use bindings::exports::witspan::programs::time;

static PASSED: AtomicU64 = AtomicU64::new(0);
static DRAWN: AtomicU64 = AtomicU64::new(0);

struct Fixed;

impl time::Guest for Fixed {
    fn advance(ns: u64) {
        PASSED.fetch_add(ns, Relaxed);
    }
}

impl clocks::monotonic_clock::Guest for Fixed {
    fn now() -> u64 {
        PASSED.load(Relaxed)
    }
}

impl clocks::wall_clock::Guest for Fixed {
    fn now() -> clocks::wall_clock::Datetime {
        let now = witspan_conformance::START_NS + PASSED.load(Relaxed);
        clocks::wall_clock::Datetime {
            seconds: now / 1_000_000_000,
            nanoseconds: (now % 1_000_000_000) as u32,
        }
    }
}

impl random::Guest for Fixed {
    fn get_random_u64() -> u64 {
        (DRAWN.fetch_add(1, Relaxed) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

bindings::export!(Fixed with_types_in bindings);
