//! Where diagnostics go: to standard error, to a function, or kept until somebody asks.

use std::ffi::{CString, c_char, c_void};
use std::sync::{Arc, Mutex, PoisonError};
use witspan::Notice;
use witspan::fork::PerProcess;
use witspan::setup::Level;

/// `witspan_listener`.
pub(crate) type Callback = unsafe extern "C" fn(*mut c_void, i32, *const c_char, *const c_char);

/// The application's function.
#[derive(Clone, Copy)]
pub(crate) struct Listener {
    callback: Callback,
    user_data: *mut c_void,
}

// SAFETY: the header says that any thread calls the function.
unsafe impl Send for Listener {}
// SAFETY: the same.
unsafe impl Sync for Listener {}

impl Listener {
    pub(crate) fn new(callback: Callback, user_data: *mut c_void) -> Listener {
        Listener { callback, user_data }
    }

    pub(crate) fn call(&self, notice: &Notice) {
        let level = i32::from(notice.level == Level::Error);
        // Both are escaped lines, without a NUL.
        let (code, text) = (CString::new(notice.code), CString::new(notice.text.as_str()));
        let (code, text) = (code.unwrap_or_default(), text.unwrap_or_default());
        // SAFETY: the application's promise; the texts live until it returns.
        unsafe { (self.callback)(self.user_data, level, code.as_ptr(), text.as_ptr()) };
    }
}

/// Writes a line, without the lock of standard error: in a forked process a thread of the parent may
/// have held that.
pub(crate) fn to_stderr(notice: &Notice) {
    use std::io::Write;
    let line = format!("witspan: {}\n", notice.text);
    #[cfg(unix)]
    {
        use std::os::fd::FromRawFd;
        // SAFETY: the descriptor is only borrowed.
        let stderr = unsafe { std::fs::File::from_raw_fd(2) };
        // Nobody is left to be told of a failure.
        let _ = std::mem::ManuallyDrop::new(stderr).write_all(line.as_bytes());
    }
    #[cfg(not(unix))]
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Diagnostics that nobody has asked for yet; a tracer makes one of each kind at most.
pub(crate) struct Kept(PerProcess<Mutex<Vec<Notice>>>);

impl Default for Kept {
    fn default() -> Self {
        Kept(PerProcess::new(Mutex::default()))
    }
}

impl Kept {
    pub(crate) fn listener(self: &Arc<Self>) -> witspan::Listener {
        let kept = self.clone();
        Arc::new(move |notice| kept.with(|kept| kept.push(notice.clone())))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Notice>) -> T) -> T {
        let kept = self.0.get(Mutex::default);
        act(&mut kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Those since the last call, as JSON.
    pub(crate) fn take(&self) -> String {
        let taken = self.with(std::mem::take);
        let json = |notice: &Notice| {
            let (level, code) = (notice.level.name(), notice.code);
            serde_json::json!({"level": level, "code": code, "message": notice.text})
        };
        serde_json::Value::from_iter(taken.iter().map(json)).to_string()
    }
}
