//! Where a value stands in what was given, and what was given of an object.

use super::Field;
use crate::error::{Refused, refused};
use crate::json::{Text, Value};
use std::fmt;

/// Where a value stands, such as `input[2].role`. Put into words only for an error.
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

    pub(super) fn member(&'p self, name: &'p str) -> Self {
        Path { above: Some(self), name, at: 0 }
    }

    pub(super) fn element(&'p self, at: usize) -> Self {
        Path { above: Some(self), name: "", at }
    }

    /// The list that it is an element of; itself if it is none.
    pub(super) fn list(&self) -> &Path<'p> {
        self.above.filter(|_| self.name.is_empty()).unwrap_or(self)
    }

    /// What stands here is `got`, where only `accepted` is.
    pub(super) fn refused(&self, got: &str, accepted: &str) -> Refused {
        refused(self, got, accepted)
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

/// The members of an object that are there and not `null`, by their names.
pub(super) struct Given<'a> {
    pub(super) names: &'a [&'a str],
    pub(super) found: Vec<Option<Field<'a>>>,
}

impl<'a> Given<'a> {
    pub(super) fn get(&self, name: &str) -> Option<Field<'a>> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.found.get(at).copied().flatten()
    }

    /// The first that is there.
    pub(super) fn first(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().find_map(|name| self.get(name))
    }

    pub(super) fn text(&self, name: &str) -> Option<Text<'a>> {
        match self.get(name) {
            Some((Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    /// Refuses those that are there and no text.
    pub(super) fn check_texts(
        &self,
        path: Option<&Path<'_>>,
        names: &[&str],
    ) -> Result<(), Refused> {
        for name in names {
            match self.get(name) {
                None | Some((Value::Text(_), _)) => {}
                Some((other, _)) => {
                    let path = Path { above: path, name, at: 0 };
                    return Err(path.refused(other.describe(), "text"));
                }
            }
        }
        Ok(())
    }
}
