//! Native functions that Python calls without making a tuple and a dict of the arguments.
//!
//! PyO3 offers that convention from Python 3.10 on, when it is part of the stable interface. It is
//! the same, under the same flags, in every CPython since 3.7 (PEP 590, `METH_FASTCALL`), so it is
//! used here for 3.9 as well.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use std::ffi::{CString, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

const METH_FASTCALL: c_int = 0x0080;

/// As many parameters as any of the functions has.
const MOST: usize = 11;

/// What was given for each parameter; `None` also for Python's `None`.
pub(crate) type Arguments<'py> = [Option<Bound<'py, PyAny>>; MOST];

/// Takes a call; `None`: the method that the function stands for shall take it.
type Take = for<'py> fn(Python<'py>, &Arguments<'py>) -> PyResult<Option<Bound<'py, PyAny>>>;

type FastCall = unsafe extern "C" fn(
    *mut ffi::PyObject,
    *const *mut ffi::PyObject,
    ffi::Py_ssize_t,
    *mut ffi::PyObject,
) -> *mut ffi::PyObject;

/// A function that is yet to stand for a method.
pub(crate) struct Function {
    name: &'static str,
    parameters: &'static [&'static str],
    positional: usize,
    take: Take,
}

/// What a native function knows of itself; its `self` on Python's side.
#[pyclass(frozen, module = "witspan._native")]
struct Stand {
    parameters: Vec<(&'static str, Py<PyString>)>,
    positional: usize,
    take: Take,
    method: Py<PyAny>,
}

impl Function {
    /// Parameters default to `None`, or to what stands after their `=`; those after the first
    /// `positional` are by keyword only.
    pub(crate) const fn new(
        name: &'static str,
        parameters: &'static [&'static str],
        positional: usize,
        take: Take,
    ) -> Self {
        Function { name, parameters, positional, take }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The function, in the place of a method of the same name and parameters.
    pub(crate) fn standing_for<'py>(
        &self,
        method: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = method.py();
        let stand = Stand {
            parameters: self
                .parameters
                .iter()
                .map(|parameter| {
                    let name = parameter.split('=').next().unwrap_or_default();
                    (name, PyString::intern(py, name).unbind())
                })
                .collect(),
            positional: self.positional,
            take: self.take,
            method: method.clone().unbind(),
        };
        let stand = Bound::new(py, stand)?;
        let module = PyString::new(py, "witspan");
        // The interpreter refers to a definition for as long as the function lives, which may be
        // in anybody's hands: it is made once for each name, and stays.
        // Under `python -OO` there are none.
        let doc = method.getattr("__doc__")?.extract::<Option<String>>()?;
        let definition = self.definition(doc.as_deref().unwrap_or_default());
        // SAFETY: the definition lives for ever and says truly how `call` is to be called.
        unsafe {
            let made = ffi::PyCFunction_NewEx(definition, stand.as_ptr(), module.as_ptr());
            Bound::from_owned_ptr_or_err(py, made)
        }
    }

    fn definition(&self, doc: &str) -> *mut ffi::PyMethodDef {
        static MADE: std::sync::Mutex<Vec<(&str, usize)>> = std::sync::Mutex::new(Vec::new());
        let mut made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, at)) = made.iter().find(|(name, _)| *name == self.name) {
            return *at as *mut ffi::PyMethodDef;
        }
        let mut signature = Vec::new();
        for (at, parameter) in self.parameters.iter().enumerate() {
            if at == self.positional {
                signature.push("*".to_owned());
            }
            signature.push(match parameter.contains('=') {
                true => (*parameter).to_owned(),
                false => format!("{parameter}=None"),
            });
        }
        // In this form `inspect` reads the signature from it.
        let doc = format!("{}({})\n--\n\n{doc}", self.name, signature.join(", "));
        let definition = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: CString::new(self.name).unwrap_or_default().into_raw(),
            ml_meth: pointer(call as FastCall as *const ()),
            ml_flags: METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: CString::new(doc).unwrap_or_default().into_raw(),
        }));
        made.push((self.name, std::ptr::from_mut(definition) as usize));
        definition
    }
}

/// A function as a definition holds it; its flags say how it is to be called.
fn pointer(function: *const ()) -> ffi::PyMethodDefPointer {
    // SAFETY: all functions have pointers of one kind; this one is called by its true type.
    let function = unsafe { std::mem::transmute::<*const (), ffi::PyCFunction>(function) };
    ffi::PyMethodDefPointer { PyCFunction: function }
}

/// Puts a method that takes positional arguments only on a class, in the place of one that it has.
pub(crate) fn set_method(
    class: &Bound<'_, pyo3::types::PyType>,
    name: &'static std::ffi::CStr,
    call: unsafe extern "C" fn(
        *mut ffi::PyObject,
        *const *mut ffi::PyObject,
        ffi::Py_ssize_t,
    ) -> *mut ffi::PyObject,
) -> PyResult<()> {
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: pointer(call as *const ()),
        ml_flags: METH_FASTCALL,
        ml_doc: std::ptr::null(),
    }));
    // SAFETY: the definition lives for ever and says truly how `call` is to be called.
    let method = unsafe {
        let made = ffi::PyDescr_NewMethod(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(class.py(), made)?
    };
    class.setattr(PyString::new(class.py(), &name.to_string_lossy()), method)
}

/// Runs what a call comes to, for C. Where it should panic, the call does nothing.
///
/// # Safety
/// The thread must be attached to the interpreter, as it is in whatever Python calls.
pub(crate) unsafe fn run(
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
) -> *mut ffi::PyObject {
    // SAFETY: promised by the caller. References that only this token vouches for are released at
    // once; those of other kinds when PyO3 is entered next.
    let py = unsafe { Python::assume_attached() };
    match catch_unwind(AssertUnwindSafe(|| body(py))) {
        Ok(Ok(result)) => result.into_ptr(),
        Ok(Err(error)) => {
            error.restore(py);
            std::ptr::null_mut()
        }
        Err(_) => py.None().into_ptr(),
    }
}

unsafe extern "C" fn call(
    stand: *mut ffi::PyObject,
    given: *const *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: Python calls this with what `definition` and `standing_for` say: the stand, that many
    // arguments and then one for each name, if there is a tuple of names. All outlive the call.
    unsafe {
        run(|py| {
            let stand = Bound::ref_from_ptr(py, &stand).cast_unchecked::<Stand>();
            let positional = usize::try_from(positional).unwrap_or(0);
            let names = (!names.is_null())
                .then(|| Bound::ref_from_ptr(py, &names).cast_unchecked::<PyTuple>());
            let by_name = names.map_or(0, |names| names.len());
            let given = match positional + by_name {
                0 => &[],
                count => std::slice::from_raw_parts(given, count),
            };
            let (positional, by_name) = given.split_at(positional);
            let me = stand.get();
            if let Some(arguments) = me.sorted(py, positional, by_name, names)
                && let Some(result) = (me.take)(py, &arguments)?
            {
                return Ok(result);
            }
            me.pass_on(py, positional, by_name, names)
        })
    }
}

impl Stand {
    /// The arguments by their parameters; `None` if they do not fit.
    ///
    /// # Safety
    /// The pointers are objects that outlive the call.
    unsafe fn sorted<'py>(
        &self,
        py: Python<'py>,
        positional: &[*mut ffi::PyObject],
        by_name: &[*mut ffi::PyObject],
        names: Option<&Bound<'py, PyTuple>>,
    ) -> Option<Arguments<'py>> {
        let mut sorted: Arguments<'py> = Default::default();
        let mut seen = 0u32;
        if positional.len() > self.positional {
            return None;
        }
        // SAFETY: promised by the caller.
        let object = |at: &*mut ffi::PyObject| unsafe { Bound::from_borrowed_ptr(py, *at) };
        for (at, argument) in positional.iter().enumerate() {
            sorted[at] = Some(object(argument)).filter(|argument| !argument.is_none());
            seen |= 1 << at;
        }
        for (n, argument) in by_name.iter().enumerate() {
            let at = self.parameter(&*names?.get_borrowed_item(n).ok()?)?;
            if seen & 1 << at != 0 {
                return None;
            }
            seen |= 1 << at;
            sorted[at] = Some(object(argument)).filter(|argument| !argument.is_none());
        }
        Some(sorted)
    }

    /// The place of the parameter with this name.
    fn parameter(&self, name: &Bound<'_, PyAny>) -> Option<usize> {
        // A program's own names are interned, as ours are; those of a dict may not be.
        let same = self.parameters.iter().position(|(_, known)| known.as_ptr() == name.as_ptr());
        same.or_else(|| {
            let name = crate::json::utf8(name.cast::<PyString>().ok()?)?;
            self.parameters.iter().position(|(known, _)| *known == name)
        })
    }

    /// Has the method take the call.
    ///
    /// # Safety
    /// The pointers are objects that outlive the call.
    #[cold]
    unsafe fn pass_on<'py>(
        &self,
        py: Python<'py>,
        positional: &[*mut ffi::PyObject],
        by_name: &[*mut ffi::PyObject],
        names: Option<&Bound<'py, PyTuple>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: promised by the caller.
        let object = |at: &*mut ffi::PyObject| unsafe { Bound::from_borrowed_ptr(py, *at) };
        let arguments = PyTuple::new(py, positional.iter().map(object))?;
        let keywords = PyDict::new(py);
        if let Some(names) = names {
            for (name, argument) in names.iter().zip(by_name) {
                keywords.set_item(name, object(argument))?;
            }
        }
        self.method.bind(py).call(arguments, Some(&keywords))
    }
}
