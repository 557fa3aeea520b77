//! Signals are the application's: our thread takes none.

use crate::common::{Receiver, direct, flush, make, start};
use std::fs;

/// As the kernel numbers it.
const SIGTERM: u32 = 15;
const SIGSEGV: u32 = 11;

#[test]
fn the_thread_that_sends_takes_no_signal_of_the_application() {
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    make(&tracer, "sent");
    flush(&tracer);
    let mut seen = 0;
    for task in fs::read_dir("/proc/self/task").expect("threads are listed") {
        // A thread of another test may be gone by now.
        let place = task.expect("a thread").path();
        let Ok(status) = fs::read_to_string(place.join("status")) else { continue };
        if !status.starts_with("Name:\twitspan\n") {
            continue;
        }
        let line = status.lines().find_map(|line| line.strip_prefix("SigBlk:\t"));
        let mask = u64::from_str_radix(line.expect("a mask"), 16).expect("it is hexadecimal");
        let blocks = |signal: u32| mask & (1 << (signal - 1)) != 0;
        assert!(blocks(SIGTERM), "{mask:x}");
        // The engine's traps are signals that the thread itself causes.
        assert!(!blocks(SIGSEGV), "{mask:x}");
        seen += 1;
    }
    assert!(seen > 0);
}
