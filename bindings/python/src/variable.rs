//! Context variables of Python's, and which of its contexts a call is made in.

#[cfg(not(windows))]
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyWeakrefMethods, PyWeakrefReference};
#[cfg(not(windows))]
use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

/// A context variable, which is asked for at every start and end of a span.
pub(crate) struct Variable {
    #[cfg(not(windows))]
    variable: Py<PyAny>,
    #[cfg(windows)]
    get: Py<PyAny>,
    #[cfg(windows)]
    set: Py<PyAny>,
}

// In every CPython since 3.7.1, but not in the stable interface, by which Windows links: there the
// methods are called.
#[cfg(not(windows))]
unsafe extern "C" {
    fn PyContextVar_Get(
        variable: *mut ffi::PyObject,
        default: *mut ffi::PyObject,
        value: *mut *mut ffi::PyObject,
    ) -> c_int;
    fn PyContextVar_Set(
        variable: *mut ffi::PyObject,
        value: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject;
}

impl Variable {
    pub(crate) fn new(py: Python<'_>, name: &str) -> PyResult<Variable> {
        let defaults = PyDict::new(py);
        defaults.set_item("default", py.None())?;
        let class = py.import("contextvars")?.getattr("ContextVar")?;
        let variable = class.call((name,), Some(&defaults))?;
        #[cfg(not(windows))]
        return Ok(Variable { variable: variable.unbind() });
        #[cfg(windows)]
        Ok(Variable {
            get: variable.getattr("get")?.unbind(),
            set: variable.getattr("set")?.unbind(),
        })
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        #[cfg(not(windows))]
        // SAFETY: it is a context variable, which gives a reference of our own, or its default.
        unsafe {
            let mut value = std::ptr::null_mut();
            match PyContextVar_Get(self.variable.as_ptr(), std::ptr::null_mut(), &mut value) {
                0 => Ok(Bound::from_owned_ptr_or_opt(py, value)
                    .unwrap_or_else(|| py.None().into_bound(py))),
                _ => Err(PyErr::fetch(py)),
            }
        }
        #[cfg(windows)]
        self.get.bind(py).call0()
    }

    /// Sets it, and gives the context in which it is set from now on: each thread, task and
    /// greenlet has its own.
    pub(crate) fn set<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        #[cfg(not(windows))]
        // SAFETY: it is a context variable; the token that comes back is ours to drop.
        let token = unsafe {
            let token = PyContextVar_Set(self.variable.as_ptr(), value.as_ptr());
            Bound::from_owned_ptr_or_err(py, token)?
        };
        #[cfg(windows)]
        let token = self.set.bind(py).call1((value,))?;
        context_of(&token)
    }
}

/// The context in which a token was made.
///
/// Python has no call for that, nor for the context itself that is current, only for copies of it.
/// But a token knows it, since it is good in its own context only. In every CPython so far it is
/// the first thing that a token holds; that is tried once, and where it should be otherwise, the
/// garbage collector is asked what a token refers to.
fn context_of<'py>(token: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static FIRST: PyOnceLock<bool> = PyOnceLock::new();
    let py = token.py();
    if *FIRST.get_or_try_init(py, || holds_its_context_first(py))? {
        // SAFETY: it was tried that a token begins with a reference to its context.
        return Ok(unsafe { Bound::from_borrowed_ptr(py, first_field(token)) });
    }
    let class = py.import("contextvars")?.getattr("Context")?;
    let referents = py.import("gc")?.getattr("get_referents")?.call1((token,))?;
    for referent in referents.try_iter()? {
        let referent = referent?;
        if referent.is_instance(&class)? {
            return Ok(referent);
        }
    }
    // Nobody's: every span is then taken for one of another context.
    Ok(py.None().into_bound(py))
}

/// What an object has first after its type and count.
///
/// # Safety
/// The object must have something of a pointer's size there.
unsafe fn first_field(object: &Bound<'_, PyAny>) -> *mut pyo3::ffi::PyObject {
    // SAFETY: promised by the caller.
    unsafe { object.as_ptr().add(1).cast::<*mut pyo3::ffi::PyObject>().read() }
}

fn holds_its_context_first(py: Python<'_>) -> PyResult<bool> {
    let module = py.import("contextvars")?;
    let context = module.call_method0("copy_context")?;
    let variable = module.getattr("ContextVar")?.call1(("witspan_probe",))?;
    let token = context.call_method1("run", (variable.getattr("set")?, 0))?;
    let size: usize = token.get_type().getattr("__basicsize__")?.extract()?;
    let needed = size_of::<pyo3::ffi::PyObject>() + size_of::<usize>();
    // SAFETY: it is long enough.
    Ok(size >= needed && unsafe { first_field(&token) } == context.as_ptr())
}

/// A context that made a span current itself, where others only copied it. Told by a weak
/// reference: a context holds its span, and an address is soon that of another context.
pub(crate) struct Home(Py<PyWeakrefReference>);

impl Home {
    pub(crate) fn of(context: &Bound<'_, PyAny>) -> Option<Home> {
        static LAST: Mutex<Option<Py<PyWeakrefReference>>> = Mutex::new(None);
        // While there is one for a context, Python gives that one again. So the last one is kept:
        // most programs go on in one context for a while.
        let reference = PyWeakrefReference::new(context).ok()?;
        // SAFETY: it is an object, and the interpreter is attached.
        if unsafe { pyo3::ffi::Py_REFCNT(reference.as_ptr()) } == 1 {
            let kept = reference.clone().unbind();
            let before = LAST.lock().unwrap_or_else(PoisonError::into_inner).replace(kept);
            if let Some(before) = before {
                before.drop_ref(context.py());
            }
        }
        Some(Home(reference.unbind()))
    }

    /// Whether it is this context.
    pub(crate) fn is(&self, context: &Bound<'_, PyAny>) -> bool {
        self.0.bind(context.py()).upgrade().is_some_and(|home| home.is(context))
    }

    /// Whether nothing can run in it any more.
    pub(crate) fn is_gone(&self, py: Python<'_>) -> bool {
        self.0.bind(py).upgrade().is_none()
    }

    /// Whether both are one context.
    pub(crate) fn is_same(&self, other: &Home) -> bool {
        self.0.is(&other.0)
    }
}
