//! A semaphore, which a signal handler can use to wake a thread.
//!
//! POSIX allows a handler three ways: a semaphore, a pipe and `pthread_kill`. A pipe is a file
//! descriptor: in a program that closes all of these (a daemon does), its number would name another
//! file later. `pthread_kill` would need a signal that nothing else uses.

use std::io::{Error, Result};

/// A semaphore of this process.
pub(crate) struct Semaphore {
    pointer: *mut libc::sem_t,
    named: bool,
}

// SAFETY: semaphores are made to be used by several threads, and the pointer never changes.
unsafe impl Send for Semaphore {}
// SAFETY: the same.
unsafe impl Sync for Semaphore {}

impl Semaphore {
    pub(crate) fn new() -> Result<Semaphore> {
        // Apple's systems have no semaphores without a name; with a name Linux needs /dev/shm.
        #[cfg(target_vendor = "apple")]
        return Self::with_a_name();
        #[cfg(not(target_vendor = "apple"))]
        Self::without_a_name()
    }

    #[cfg(not(target_vendor = "apple"))]
    fn without_a_name() -> Result<Semaphore> {
        // SAFETY: the memory is of the right size, and stays where it is until `drop`.
        unsafe {
            let pointer: *mut libc::sem_t = Box::into_raw(Box::new(std::mem::zeroed()));
            let semaphore = Semaphore { pointer, named: false };
            if libc::sem_init(pointer, 0, 0) != 0 {
                return Err(Error::last_os_error());
            }
            Ok(semaphore)
        }
    }

    #[cfg(any(target_vendor = "apple", test))]
    fn with_a_name() -> Result<Semaphore> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static MADE: AtomicU32 = AtomicU32::new(0);

        let made = MADE.fetch_add(1, Ordering::Relaxed);
        // At most 31 bytes.
        let name = format!("/witspan.{}.{made}\0", std::process::id());
        let name = name.as_ptr().cast::<libc::c_char>();
        let flags = libc::O_CREAT | libc::O_EXCL;
        // SAFETY: the name ends with a zero; nobody else can open it once it is unlinked.
        unsafe {
            let mut pointer = libc::sem_open(name, flags, 0o600, 0);
            if pointer == libc::SEM_FAILED
                && Error::last_os_error().raw_os_error() == Some(libc::EEXIST)
            {
                // Left by a process with this id that was killed before it unlinked the name.
                libc::sem_unlink(name);
                pointer = libc::sem_open(name, flags, 0o600, 0);
            }
            if pointer == libc::SEM_FAILED {
                return Err(Error::last_os_error());
            }
            libc::sem_unlink(name);
            Ok(Semaphore { pointer, named: true })
        }
    }

    /// Lets one wait end. A signal handler may call it.
    pub(crate) fn post(&self) {
        // SAFETY: it is a semaphore until `drop`.
        unsafe { libc::sem_post(self.pointer) };
    }

    pub(crate) fn wait(&self) {
        // SAFETY: it is a semaphore until `drop`. An interrupted wait is repeated.
        while unsafe { libc::sem_wait(self.pointer) } != 0
            && Error::last_os_error().raw_os_error() == Some(libc::EINTR)
        {}
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        // SAFETY: no thread waits, since it would hold a reference.
        unsafe {
            if self.named {
                libc::sem_close(self.pointer);
                return;
            }
            #[cfg(not(target_vendor = "apple"))]
            {
                libc::sem_destroy(self.pointer);
                drop(Box::from_raw(self.pointer));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Semaphore;
    use std::sync::Arc;
    use std::thread;

    fn wakes(semaphore: Semaphore) {
        let semaphore = Arc::new(semaphore);
        let waits = Arc::clone(&semaphore);
        let thread = thread::spawn(move || {
            waits.wait();
            waits.wait();
        });
        semaphore.post();
        semaphore.post();
        thread.join().expect("both waits end");
    }

    #[test]
    fn a_post_ends_a_wait_whichever_kind_a_system_has() {
        wakes(Semaphore::new().expect("a semaphore"));
        #[cfg(not(target_vendor = "apple"))]
        wakes(Semaphore::without_a_name().expect("one without a name"));
        for _ in 0..3 {
            wakes(Semaphore::with_a_name().expect("one with a name"));
        }
    }
}
