//! Signals that end the process: finished spans are sent first, then the same signal ends it.
//!
//! A handler may do nearly nothing: the thread it interrupts may hold any lock, also one of ours or
//! the language's own. So it only wakes a thread, which delivers and then ends the process,
//! whatever the application's threads are doing.
//!
//! Our handler is set only where the system's default (`SIG_DFL`) was found. A language runtime
//! that keeps its own list of handlers does not see ours, and any handler of the application
//! replaces it.

use crate::semaphore::Semaphore;
use libc::{c_int, c_void};
use std::io::{Error, Result};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

/// Signals that ask a program to end, and would end it at once. Others are left alone: SIGQUIT asks
/// for a core dump of the process as it is, and applications define the meaning of SIGUSR1 and the
/// like.
const SIGNALS: [c_int; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];

/// A second signal from the same sender ends the process at once, as a second Ctrl-C should, unless
/// it comes this soon after the first: a service manager may send several together. A signal from
/// another sender is taken for a repetition: a server may forward a signal that its workers have
/// got as well.
const TOGETHER_MS: u64 = 100;

/// How long it may take to log that some spans were lost.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Whether our handler is set where the system's default is found.
static WANTED: AtomicBool = AtomicBool::new(false);
/// The process whose thread waits at `WAKER`. In a fork this is the parent's id, and there is no
/// thread.
static PROCESS: AtomicI32 = AtomicI32::new(0);
static WAKER: AtomicPtr<Waker> = AtomicPtr::new(null_mut());
/// How many handlers may still hold the pointer that `WAKER` had.
static WAKING: AtomicUsize = AtomicUsize::new(0);
/// The signal that ends the process in the low 8 bits, and the time at which it came above; 0:
/// none.
static ENDING: AtomicU64 = AtomicU64::new(0);
/// The id of the process that sent it, or 0.
static SENDER: AtomicI32 = AtomicI32::new(0);
/// Whether the application is paused, as far as that is possible.
static STANDS: AtomicBool = AtomicBool::new(false);

/// How the process ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How long the delivery may take.
    pub(crate) timeout: Duration,
    /// Pauses the application, as far as that is possible within milliseconds.
    pub(crate) pause: Option<fn()>,
}

/// What is done before a signal ends the process. It takes no lock that the application may hold
/// for long, so that it ends in time.
pub(crate) trait Delivery: Send + 'static {
    /// Starts to send everything that has finished.
    fn hurry(&self);

    /// The same, and waits for it at most `timeout`. Returns whether all of it was settled.
    fn flush(&self, timeout: Duration) -> bool;

    /// Logs how many spans are lost. Returns whether that was done within `timeout`.
    fn tell(&self, timeout: Duration) -> bool;
}

/// What a handler wakes the thread with.
pub(crate) struct Waker {
    semaphore: Semaphore,
    /// Finished spans are to be sent now, although the process does not end.
    hurry: AtomicBool,
    /// The signal in `ENDING` was for this waker, and not for that of another tracer.
    end: AtomicBool,
    over: AtomicBool,
}

impl Waker {
    /// Ends the thread: there is nothing left to deliver.
    pub(crate) fn leave(&self) {
        self.over.store(true, Ordering::SeqCst);
        self.semaphore.post();
    }
}

/// Starts the thread that waits for a signal. A fork has none until it starts its own.
pub(crate) fn start(plan: Plan, last: impl Delivery) -> Result<Arc<Waker>> {
    let waker = Arc::new(Waker {
        semaphore: Semaphore::new()?,
        hurry: AtomicBool::new(false),
        end: AtomicBool::new(false),
        over: AtomicBool::new(false),
    });
    if !is_here() {
        // The state at the time of the fork was the parent's.
        WAKING.store(0, Ordering::SeqCst);
        ENDING.store(0, Ordering::SeqCst);
        STANDS.store(false, Ordering::SeqCst);
    }
    WAKER.store(address(&waker), Ordering::SeqCst);
    PROCESS.store(process(), Ordering::SeqCst);
    let waits = Arc::clone(&waker);
    let builder = thread::Builder::new().name("witspan-exit".to_owned());
    let started = crate::signals::blocked(|| builder.spawn(move || watch(plan, &last, &waits)));
    match started {
        Ok(_) => Ok(waker),
        Err(error) => {
            retire(&waker);
            Err(error)
        }
    }
}

fn watch(plan: Plan, last: &impl Delivery, waker: &Arc<Waker>) {
    while !waker.over.load(Ordering::SeqCst) {
        waker.semaphore.wait();
        if waker.hurry.swap(false, Ordering::SeqCst) {
            last.hurry();
        }
        if waker.end.swap(false, Ordering::SeqCst) {
            end(plan, last);
        }
    }
    retire(waker);
    // A handler may have used it until then.
    if waker.end.swap(false, Ordering::SeqCst) {
        end(plan, last);
    }
}

/// Waits until no handler holds the waker any more.
fn retire(waker: &Arc<Waker>) {
    // The waker of the next tracer may have replaced it already.
    let gone = null_mut();
    let _ = WAKER.compare_exchange(address(waker), gone, Ordering::SeqCst, Ordering::SeqCst);
    while WAKING.load(Ordering::SeqCst) > 0 {
        sleep(Duration::from_millis(1));
    }
}

fn address(waker: &Arc<Waker>) -> *mut Waker {
    Arc::as_ptr(waker).cast_mut()
}

fn end(plan: Plan, last: &impl Delivery) {
    let signal = (ENDING.load(Ordering::SeqCst) & 0xff) as c_int;
    if let Some(pause) = plan.pause {
        last.hurry();
        let _ = catch_unwind(pause);
    }
    STANDS.store(true, Ordering::SeqCst);
    // A defect of ours must not keep the process from ending.
    let deliver = || last.flush(plan.timeout) || last.tell(LAST_WORDS);
    let _ = catch_unwind(AssertUnwindSafe(deliver));
    end_now(signal);
    // The signal did not end the process: everything continues as before.
    if WANTED.load(Ordering::SeqCst) {
        let _ = set(signal, ours());
    }
    STANDS.store(false, Ordering::SeqCst);
    ENDING.store(0, Ordering::SeqCst);
}

/// Sets our handler where the system's default is found, from now on: where another handler is set
/// now, `look_again` sets ours once the default is back.
pub(crate) fn want() -> Result<()> {
    WANTED.store(true, Ordering::SeqCst);
    look_again()
}

/// Sets our handler where the system's default is found, if [`crate::Tracer::deliver_at_signals`]
/// asked for it. Call it when handlers may have changed, from one thread at a time.
///
/// # Errors
/// The system's error if it refuses to set a handler.
pub fn look_again() -> Result<()> {
    if !WANTED.load(Ordering::SeqCst) || is_ending() {
        return Ok(());
    }
    for signal in SIGNALS {
        if handler(signal)? == libc::SIG_DFL {
            set(signal, ours())?;
        }
    }
    Ok(())
}

/// Restores the system's default. Does not return while a signal is ending the process.
pub fn release() {
    wait();
    WANTED.store(false, Ordering::SeqCst);
    for signal in SIGNALS {
        if is_ours(signal) {
            let _ = set(signal, libc::SIG_DFL);
        }
    }
}

/// Blocks while a signal is ending the process; otherwise it returns at once.
pub fn wait() {
    while is_ending() {
        sleep(Duration::from_millis(2));
    }
}

fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst) != 0 && is_here()
}

fn is_here() -> bool {
    PROCESS.load(Ordering::SeqCst) == process()
}

fn process() -> c_int {
    // SAFETY: it cannot fail.
    unsafe { libc::getpid() }
}

fn ours() -> libc::sighandler_t {
    on_signal as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as libc::sighandler_t
}

fn is_ours(signal: c_int) -> bool {
    handler(signal).is_ok_and(|handler| handler == ours())
}

fn handler(signal: c_int) -> Result<libc::sighandler_t> {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: it is read only where the call has filled it.
    unsafe {
        match libc::sigaction(signal, null(), now.as_mut_ptr()) {
            0 => Ok(now.assume_init().sa_sigaction),
            _ => Err(Error::last_os_error()),
        }
    }
}

fn set(signal: c_int, handler: libc::sighandler_t) -> Result<()> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zero is a valid action, whose members are then set.
    unsafe {
        let action = action.assume_init_mut();
        action.sa_sigaction = handler;
        // System calls of the application are restarted, so that it does not notice the signal.
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK | libc::SA_SIGINFO;
        libc::sigemptyset(&raw mut action.sa_mask);
        match libc::sigaction(signal, action, null_mut()) {
            0 => Ok(()),
            _ => Err(Error::last_os_error()),
        }
    }
}

/// Has the signal do now what it does by default.
fn end_now(signal: c_int) {
    let _ = set(signal, libc::SIG_DFL);
    // SAFETY: the sets are filled before they are read. A handler may make all of these calls.
    unsafe {
        libc::raise(signal);
        let mut only = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        libc::sigemptyset(only.as_mut_ptr());
        libc::sigaddset(only.as_mut_ptr(), signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, only.as_ptr(), before.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut());
    }
}

/// Milliseconds of a clock that only goes forward.
fn now_ms() -> u64 {
    let mut now = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: all zero is a valid time, also if the call fails.
    let now = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr());
        now.assume_init()
    };
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// Calls only what a handler may call, takes no lock, and leaves `errno` as it was.
extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    let errno = Error::last_os_error().raw_os_error().unwrap_or(0);
    WAKING.fetch_add(1, Ordering::SeqCst);
    take(signal, info);
    WAKING.fetch_sub(1, Ordering::SeqCst);
    set_errno(errno);
}

fn take(signal: c_int, info: *mut libc::siginfo_t) {
    let waker = WAKER.load(Ordering::SeqCst);
    // The kernel does not end the first process of a container by a signal's default action.
    let first = process() == 1;
    if waker.is_null() || !is_here() {
        // This process has nothing to send.
        if !first {
            end_now(signal);
        }
        return;
    }
    // SAFETY: its thread does not free it while this handler is counted in `WAKING`.
    let waker = unsafe { &*waker };
    // A handler that was set after ours may call ours. That handler decides whether to end.
    if first || !is_ours(signal) {
        waker.hurry.store(true, Ordering::SeqCst);
        waker.semaphore.post();
        return;
    }
    let now = now_ms();
    let ending = now << 8 | signal as u64;
    match ENDING.compare_exchange(0, ending, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {
            SENDER.store(sender(info), Ordering::SeqCst);
            waker.end.store(true, Ordering::SeqCst);
            waker.semaphore.post();
            // An application that sends a signal to itself expects not to run any further. The
            // thread that ends the process needs a moment to pause it.
            for _ in 0..50 {
                if STANDS.load(Ordering::SeqCst) {
                    break;
                }
                // SAFETY: no descriptors are given.
                unsafe { libc::poll(null_mut(), 0, 1) };
            }
        }
        Err(before) => {
            let again = sender(info) == SENDER.load(Ordering::SeqCst);
            if again && now.saturating_sub(before >> 8) > TOGETHER_MS {
                end_now(signal);
            }
        }
    }
}

/// The process that sent a signal; 0 for the kernel, and for a process of another namespace.
fn sender(info: *mut libc::siginfo_t) -> c_int {
    // SAFETY: the system calls a handler with it.
    let info = unsafe { &*info };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let by_a_process = matches!(info.si_code, libc::SI_USER | libc::SI_TKILL | libc::SI_QUEUE);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the system fills it in if a process sent the signal.
    let sender = if by_a_process { unsafe { info.si_pid() } } else { 0 };
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    let sender = info.si_pid;
    #[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
    let sender = info.si_code.min(0);
    sender
}

fn set_errno(value: c_int) {
    // SAFETY: each returns a valid pointer to this thread's `errno`.
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "hurd"))]
        let errno = libc::__errno_location();
        #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
        let errno = libc::__error();
        #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
        let errno = libc::__errno();
        *errno = value;
    }
}
