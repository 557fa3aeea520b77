//! The path of a value, as errors and warnings name it.

use crate::error::{Refused, refused, refused_as};
use std::fmt;

/// Where a value is, such as `input[2].role`. It becomes text only for an error or a warning.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    above: Option<&'p Path<'p>>,
    /// The name of a member; empty for an element of a list.
    name: &'p str,
    at: usize,
}

impl<'p> Path<'p> {
    pub(crate) fn of(name: &'p str) -> Self {
        Path { above: None, name, at: 0 }
    }

    pub(crate) fn member(&'p self, name: &'p str) -> Self {
        Path { above: Some(self), name, at: 0 }
    }

    pub(crate) fn element(&'p self, at: usize) -> Self {
        Path { above: Some(self), name: "", at }
    }

    /// The list that it is an element of; itself if it is not an element.
    pub(crate) fn list(&self) -> &Path<'p> {
        self.above.filter(|_| self.name.is_empty()).unwrap_or(self)
    }

    /// The error that the value here is `got`, and that only `accepted` is accepted.
    pub(crate) fn refused(&self, got: &str, accepted: &str) -> Refused {
        refused(self, got, accepted)
    }

    /// The error about the value here: its sentence begins with the path and continues with `what`.
    pub(crate) fn refused_as(&self, what: fmt::Arguments<'_>) -> Refused {
        refused_as(self, what)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
            if self.name.is_empty() {
                return write!(f, "[{}]", self.at);
            }
            f.write_str(".")?;
        }
        f.write_str(self.name)
    }
}
