//! Signals that end the process: what has finished is sent, then it ends by the same signal.
//!
//! A handler may do nearly nothing: the thread it interrupts may hold any lock, also one of ours or
//! the language's own. So it only wakes a thread that waits for that, which delivers and ends the
//! process, whatever the application's threads are doing.
//!
//! Ours stands only where the system's own handling (`SIG_DFL`) was found. A language's own record of
//! handlers does not know of it and goes on saying the same, and whatever the application sets
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

/// What asks a program to end, and would end it at once. Others are left alone: SIGQUIT asks for the
/// picture of a process (a core dump) as it stands, SIGUSR1 and the like mean what their users agree on.
const SIGNALS: [c_int; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];

/// A second signal of the same sender ends the process at once, as who presses Ctrl-C again wants it,
/// unless it comes this close to the first: a service manager may send several together. One of another
/// sender repeats the first: a server passes on to its workers what they have got as well.
const TOGETHER_MS: u64 = 100;

/// How long a log may take that there was no time for all.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Whether ours is to stand where the system's own is found.
static WANTED: AtomicBool = AtomicBool::new(false);
/// The process whose thread waits at `BELL`. A fork has the number of its parent here, and no thread.
static PROCESS: AtomicI32 = AtomicI32::new(0);
static BELL: AtomicPtr<Bell> = AtomicPtr::new(null_mut());
/// How many handlers may hold what `BELL` was.
static RINGING: AtomicUsize = AtomicUsize::new(0);
/// The signal that ends the process, with the time at which it came above; 0: none.
static ENDING: AtomicU64 = AtomicU64::new(0);
/// Who sent that: the number of a process, or 0.
static SENDER: AtomicI32 = AtomicI32::new(0);
/// Whether the application stands still, as far as it can be made to.
static STANDS: AtomicBool = AtomicBool::new(false);

/// How to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How long the delivery may take.
    pub(crate) timeout: Duration,
    /// Has the application stand still, as far as that is possible within milliseconds.
    pub(crate) pause: Option<fn()>,
}

/// What is done before a signal ends the process. It waits for nothing that the application may
/// hold: whatever that is doing, it ends in time.
pub(crate) trait Delivery: Send + 'static {
    /// Has everything sent that has finished.
    fn hurry(&self);

    /// The same, and waits for that at most so long. Whether all of it was settled.
    fn flush(&self, timeout: Duration) -> bool;

    /// Logs how many spans are lost. Whether that was done within the time.
    fn tell(&self, timeout: Duration) -> bool;
}

/// What a handler rings.
pub(crate) struct Bell {
    semaphore: Semaphore,
    /// What has finished is to be sent now, though nothing ends.
    hurry: AtomicBool,
    /// The signal that is in `ENDING` was for this one, and not for that of another tracer.
    end: AtomicBool,
    over: AtomicBool,
}

impl Bell {
    /// There is nothing left that could be delivered.
    pub(crate) fn leave(&self) {
        self.over.store(true, Ordering::SeqCst);
        self.semaphore.post();
    }
}

/// Starts the thread that waits for a signal. A fork has none until it starts its own.
pub(crate) fn start(plan: Plan, last: impl Delivery) -> Result<Arc<Bell>> {
    let bell = Arc::new(Bell {
        semaphore: Semaphore::new()?,
        hurry: AtomicBool::new(false),
        end: AtomicBool::new(false),
        over: AtomicBool::new(false),
    });
    if !is_here() {
        // What the parent was about when it forked is the parent's.
        RINGING.store(0, Ordering::SeqCst);
        ENDING.store(0, Ordering::SeqCst);
        STANDS.store(false, Ordering::SeqCst);
    }
    BELL.store(address(&bell), Ordering::SeqCst);
    PROCESS.store(process(), Ordering::SeqCst);
    let waits = Arc::clone(&bell);
    let builder = thread::Builder::new().name("witspan-exit".to_owned());
    let started = crate::signals::blocked(|| builder.spawn(move || watch(plan, &last, &waits)));
    match started {
        Ok(_) => Ok(bell),
        Err(error) => {
            retire(&bell);
            Err(error)
        }
    }
}

fn watch(plan: Plan, last: &impl Delivery, bell: &Arc<Bell>) {
    while !bell.over.load(Ordering::SeqCst) {
        bell.semaphore.wait();
        if bell.hurry.swap(false, Ordering::SeqCst) {
            last.hurry();
        }
        if bell.end.swap(false, Ordering::SeqCst) {
            end(plan, last);
        }
    }
    retire(bell);
    // It may have rung until then.
    if bell.end.swap(false, Ordering::SeqCst) {
        end(plan, last);
    }
}

/// Sees to it that no handler has the bell any more.
fn retire(bell: &Arc<Bell>) {
    // The bell of the next tracer may be there already.
    let gone = null_mut();
    let _ = BELL.compare_exchange(address(bell), gone, Ordering::SeqCst, Ordering::SeqCst);
    while RINGING.load(Ordering::SeqCst) > 0 {
        sleep(Duration::from_millis(1));
    }
}

fn address(bell: &Arc<Bell>) -> *mut Bell {
    Arc::as_ptr(bell).cast_mut()
}

fn end(plan: Plan, last: &impl Delivery) {
    let signal = (ENDING.load(Ordering::SeqCst) & 0xff) as c_int;
    if let Some(pause) = plan.pause {
        last.hurry();
        let _ = catch_unwind(pause);
    }
    STANDS.store(true, Ordering::SeqCst);
    // A defect of ours must not keep the process from its end.
    let deliver = || last.flush(plan.timeout) || last.tell(LAST_WORDS);
    let _ = catch_unwind(AssertUnwindSafe(deliver));
    end_now(signal);
    // Still here: then it goes on as before.
    if WANTED.load(Ordering::SeqCst) {
        let _ = set(signal, ours());
    }
    STANDS.store(false, Ordering::SeqCst);
    ENDING.store(0, Ordering::SeqCst);
}

/// Has signals that would end the process at once deliver before. Also where another handler stands
/// now: ours comes once the system's own is back, and `look_again` finds that.
pub(crate) fn want() -> Result<()> {
    WANTED.store(true, Ordering::SeqCst);
    look_again()
}

/// Sets ours where the system's own handling stands, if ours are wanted. To be called when handlers
/// may have changed, by nobody else at the same time.
///
/// # Errors
/// What the system says where it lets no handler be set.
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

/// Leaves signals to the system again. Does not come back while one is ending the process.
pub fn release() {
    wait();
    WANTED.store(false, Ordering::SeqCst);
    for signal in SIGNALS {
        if is_ours(signal) {
            let _ = set(signal, libc::SIG_DFL);
        }
    }
}

/// Waits while a signal is ending the process: it does not come back then.
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
    // SAFETY: all zero is an action, whose members are then set.
    unsafe {
        let action = action.assume_init_mut();
        action.sa_sigaction = handler;
        // Nobody else shall see that there was a signal.
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK | libc::SA_SIGINFO;
        libc::sigemptyset(&raw mut action.sa_mask);
        match libc::sigaction(signal, action, null_mut()) {
            0 => Ok(()),
            _ => Err(Error::last_os_error()),
        }
    }
}

/// Has the signal do what it would have done, here and now.
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
    // SAFETY: all zero is a time, also where the call fails.
    let now = unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC, now.as_mut_ptr());
        now.assume_init()
    };
    now.tv_sec as u64 * 1000 + now.tv_nsec as u64 / 1_000_000
}

/// Calls only what a handler may call, takes no lock, and leaves `errno` as it was.
extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    let errno = Error::last_os_error().raw_os_error().unwrap_or(0);
    RINGING.fetch_add(1, Ordering::SeqCst);
    take(signal, info);
    RINGING.fetch_sub(1, Ordering::SeqCst);
    set_errno(errno);
}

fn take(signal: c_int, info: *mut libc::siginfo_t) {
    let bell = BELL.load(Ordering::SeqCst);
    // The first process of a container is not ended by its own signals.
    let first = process() == 1;
    if bell.is_null() || !is_here() {
        // Nothing has finished here that could be sent.
        if !first {
            end_now(signal);
        }
        return;
    }
    // SAFETY: its thread does not let go of it while this handler is counted in `RINGING`.
    let bell = unsafe { &*bell };
    // A handler that was set after ours may call the one it found. It decides whether to end.
    if first || !is_ours(signal) {
        bell.hurry.store(true, Ordering::SeqCst);
        bell.semaphore.post();
        return;
    }
    let now = now_ms();
    let ending = now << 8 | signal as u64;
    match ENDING.compare_exchange(0, ending, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {
            SENDER.store(sender(info), Ordering::SeqCst);
            bell.end.store(true, Ordering::SeqCst);
            bell.semaphore.post();
            // The thread that ends the process needs a moment to have the application stand still,
            // which shall not do anything more after a signal that it sent to itself.
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

/// The process that sent a signal; 0 for the kernel, and for one that has no number here.
fn sender(info: *mut libc::siginfo_t) -> c_int {
    // SAFETY: the system calls a handler with it.
    let info = unsafe { &*info };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let by_a_process = matches!(info.si_code, libc::SI_USER | libc::SI_TKILL | libc::SI_QUEUE);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: it is filled in where a process sent the signal.
    let sender = if by_a_process { unsafe { info.si_pid() } } else { 0 };
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    let sender = info.si_pid;
    #[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
    let sender = info.si_code.min(0);
    sender
}

fn set_errno(value: c_int) {
    // SAFETY: each gives the place of this thread's number.
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "hurd"))]
        let place = libc::__errno_location();
        #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
        let place = libc::__error();
        #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
        let place = libc::__errno();
        *place = value;
    }
}
