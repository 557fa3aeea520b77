//! Signals belong to the application: our threads take none. Spans are sent before one ends the process.

use crate::common::{
    Decoded, KEY, PATIENCE, Receiver, config, direct, flush, make, make_many, start, unhurried,
};
use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use witspan::exit_signals;

/// As the kernel numbers it.
const SIGTERM: u32 = 15;
const SIGSEGV: u32 = 11;
/// Where the program below sends to.
const ORIGIN: &str = "TEST_ORIGIN";

#[test]
fn the_sending_thread_takes_no_signal_of_the_application() {
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

/// Who starts the tests in the background, or by nohup, has them ignore signals.
fn not_ignored(signal: libc::c_int) {
    // SAFETY: it is a signal, and the handling is the system's own.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// A program of its own, which the test below starts: a signal ends the whole process.
#[test]
#[ignore = "started by another test"]
fn a_program() {
    let Ok(origin) = env::var(ORIGIN) else { return };
    let tracer = start(unhurried(config(&[
        ("DD_API_KEY", KEY),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "1"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", &origin),
    ])));
    let signal = env::var("TEST_SIGNAL").expect("which").parse().expect("a number");
    not_ignored(signal);
    tracer.deliver_at_signals(PATIENCE, None).expect("a handler can be set");
    make_many(&tracer, "span", 100);
    // SAFETY: it is a signal.
    unsafe { libc::raise(signal) };
    exit_signals::wait();
}

#[test]
fn spans_are_delivered_before_a_signal_ends_the_process() {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let receiver = Receiver::start();
        let ended = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "signals::a_program", "--ignored"])
            .env(ORIGIN, receiver.origin())
            .env("TEST_SIGNAL", signal.to_string())
            .output()
            .expect("it runs");
        assert_eq!(ended.status.signal(), Some(signal), "{ended:?}");
        assert_eq!(receiver.spans().len(), 100);
    }
}

#[test]
fn signals_are_left_alone_if_the_setting_says_so() {
    // SAFETY: it reads into an action that is all zero.
    let handler = || unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        assert_eq!(libc::sigaction(libc::SIGHUP, std::ptr::null(), &raw mut action), 0);
        action.sa_sigaction
    };
    not_ignored(libc::SIGHUP);
    let receiver = Receiver::start();
    let tracer = start(direct(&receiver));
    assert_eq!(handler(), libc::SIG_DFL);
    tracer.deliver_at_signals(PATIENCE, None).expect("a handler can be set");
    assert_ne!(handler(), libc::SIG_DFL);
    exit_signals::release();
    assert_eq!(handler(), libc::SIG_DFL);
}
