//! Signals that end the process, as far as Python has a say in them. What they do is the host's.
//!
//! The host's handler stands below Python's own record of handlers: `signal.getsignal` goes on saying
//! what the application expects. Python sets the system's handler from one function only,
//! `_signal.signal`, on which `signal.signal` stands. While tracing is on, ours stands for it: it calls
//! the original, then looks whether the system's own handling is back. So a server that found that
//! (`SIG_DFL`), puts it back and raises its signal again, as uvicorn does, ends by ours.

#[cfg(unix)]
mod python {
    use pyo3::ffi;
    use pyo3::prelude::*;
    use pyo3::sync::PyOnceLock;
    use pyo3::types::PyTuple;
    use std::ffi::{c_int, c_void};
    use std::ptr::null_mut;
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::time::Duration;
    use witspan::exit_signals;

    static OURS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

    /// What ours stands for. Held only by who is attached, which a thread that forks is too.
    static ORIGINAL: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

    fn original() -> MutexGuard<'static, Option<Py<PyAny>>> {
        ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn catch(
        py: Python<'_>,
        tracer: &witspan::Tracer,
        timeout: Duration,
    ) -> PyResult<()> {
        let module = py.import("_signal")?;
        let ours = OURS.get_or_try_init(py, || {
            PyResult::Ok(wrap_pyfunction!(set_handler, py)?.into_any().unbind())
        })?;
        let stands = module.getattr("signal")?;
        if !stands.is(ours) {
            *original() = Some(stands.unbind());
            module.setattr("signal", ours)?;
        }
        // Attached, so that Python sets no handler meanwhile.
        Ok(tracer.deliver_at_signals(timeout, Some(pause))?)
    }

    pub(crate) fn release(py: Python<'_>) -> PyResult<()> {
        // What was done already is done where a signal is ending the process.
        py.detach(exit_signals::wait);
        exit_signals::release();
        let module = py.import("_signal")?;
        if let Some(ours) = OURS.get(py)
            && module.getattr("signal")?.is(ours)
        {
            let stood = original().as_ref().map(|function| function.clone_ref(py));
            if let Some(stood) = stood {
                module.setattr("signal", stood)?;
            }
        }
        Ok(())
    }

    /// Sets a handler as Python does.
    #[pyfunction]
    #[pyo3(name = "signal", signature = (*given), text_signature = "(signalnum, handler, /)")]
    fn set_handler<'py>(
        py: Python<'py>,
        given: &Bound<'py, PyTuple>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let function = original().as_ref().map(|function| function.clone_ref(py));
        let Some(function) = function else { return Ok(None) };
        let set = function.bind(py).call1(given);
        // Where the system refuses, it has refused once before, which was told.
        let _ = exit_signals::look_again();
        set.map(Some)
    }

    /// Has the main thread stand still as soon as it runs Python code.
    fn pause() {
        // SAFETY: needs neither a thread of Python's nor its lock.
        unsafe { ffi::Py_AddPendingCall(Some(stand_still), null_mut()) };
        // Before 3.13 the main thread may only look when another asks for the lock that it holds,
        // which counts as asked for after 5 ms. Who asks must not be waited for: a call of a C library
        // may hold that lock for long.
        let (asks, asked) = std::sync::mpsc::channel();
        let ask = move || {
            let _ = asks.send(());
            Python::try_attach(|_| ());
        };
        let started = std::thread::Builder::new().spawn(ask);
        if started.is_ok() && asked.recv_timeout(Duration::from_millis(30)).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    extern "C" fn stand_still(_: *mut c_void) -> c_int {
        // SAFETY: Python makes the call attached.
        unsafe {
            let state = ffi::PyEval_SaveThread();
            exit_signals::wait();
            ffi::PyEval_RestoreThread(state);
        }
        0
    }
}

/// Windows has no such signals.
#[cfg(not(unix))]
mod python {
    use pyo3::prelude::*;
    use std::time::Duration;

    pub(crate) fn catch(_: Python<'_>, _: &witspan::Tracer, _: Duration) -> PyResult<()> {
        Ok(())
    }

    pub(crate) fn release(_: Python<'_>) -> PyResult<()> {
        Ok(())
    }
}

use pyo3::prelude::*;
pub(crate) use python::catch;

/// Leaves signals as they were, and Python as it was.
#[pyfunction]
pub(crate) fn release_signals(py: Python<'_>) -> PyResult<()> {
    python::release(py)
}
