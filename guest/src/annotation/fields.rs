//! The members of an object, found by their names, and the elements of a list.

use super::parser::{Parser, comma};
use super::path::Path;
use super::value::{Field, mark, present};
use crate::error::{InvalidArgument, Refused};
use witspan_json::{Reader, SyntaxError, Text, Value};
use witspan_setup::listed;

/// The members of an object that are there and not `null`, by their names.
pub(crate) struct Given<'a> {
    pub(crate) names: &'a [&'a str],
    pub(crate) found: Vec<Option<Field<'a>>>,
}

impl<'a> Given<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<Field<'a>> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.found.get(at).copied().flatten()
    }

    /// The first of `names` that is there.
    pub(crate) fn first(&self, names: &[&str]) -> Option<Field<'a>> {
        names.iter().find_map(|name| self.get(name))
    }

    pub(crate) fn text(&self, name: &str) -> Option<Text<'a>> {
        match self.get(name) {
            Some((Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    /// Rejects those that are there and are not text.
    pub(crate) fn check_texts(
        &self,
        path: Option<&Path<'_>>,
        names: &[&str],
    ) -> Result<(), Refused> {
        for name in names {
            match self.get(name) {
                None | Some((Value::Text(_), _)) => {}
                Some((other, _)) => {
                    let path = match path {
                        Some(path) => path.member(name),
                        None => Path::of(name),
                    };
                    return Err(path.refused(other.describe(), "text"));
                }
            }
        }
        Ok(())
    }
}

/// Writes an object whose opening was read, and reads it to its end.
type EachObject<'p, 'a> =
    fn(&mut Parser<'p>, &Path<'_>, &mut Reader<'a>, &mut Vec<u8>) -> Result<(), Refused>;

impl<'p> Parser<'p> {
    /// The members of these names in a field that must be an object.
    pub(crate) fn object<'a>(
        &mut self,
        path: &Path<'_>,
        (value, mut at): Field<'a>,
        names: &'a [&'a str],
    ) -> Result<Given<'a>, Refused> {
        match value {
            Value::Object => Ok(self.given(&mut at, names, None)?),
            other => Err(path.refused(other.describe(), "an object")),
        }
    }

    /// Whether the value is a list. Anything else is skipped, with a warning unless it is `null`.
    pub(crate) fn list<'a>(
        &mut self,
        path: &Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        accepted: &str,
    ) -> Result<bool, Refused> {
        match value {
            Value::Array => return Ok(true),
            Value::Null => {}
            other => {
                self.left_out(path, other.describe(), accepted)?;
                reader.skip(other)?;
            }
        }
        Ok(false)
    }

    /// Finds members of an object whose opening was read, by their names, also in camel case.
    /// Those of the first `found.len()` names go to `found`. If a path is given, a member of any
    /// other name than `names` gives a warning.
    pub(crate) fn fields<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        names: &[&str],
        found: &mut [Option<Field<'a>>],
        path: Option<&Path<'_>>,
    ) -> Result<(), SyntaxError> {
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let field = mark(reader)?;
            match key.which(names) {
                Some(at) => {
                    if let Some(kept) = found.get_mut(at) {
                        *kept = Some(field);
                    }
                }
                None => match path {
                    Some(path) if !matches!(field.0, Value::Null) => self.not_sent(path, key),
                    _ => {}
                },
            }
        }
        Ok(())
    }

    /// As [`Parser::fields`], for objects that are rare: it allocates memory for their fields.
    pub(crate) fn given<'a>(
        &mut self,
        reader: &mut Reader<'a>,
        names: &'a [&'a str],
        path: Option<&Path<'_>>,
    ) -> Result<Given<'a>, SyntaxError> {
        let mut found = vec![None; names.len()];
        self.fields(reader, names, &mut found, path)?;
        for field in &mut found {
            *field = present(*field);
        }
        Ok(Given { names, found })
    }

    /// Appends the objects of a list, each as `each` writes it, to those that `out` holds, with
    /// commas between them.
    pub(crate) fn objects<'a>(
        &mut self,
        list: &Path<'_>,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
        each: EachObject<'p, 'a>,
    ) -> Result<(), Refused> {
        if !open_list(list, value)? {
            return Ok(());
        }
        let mut count = 0;
        while reader.element(count == 0)? {
            comma(out);
            let path = list.element(count);
            match reader.value()? {
                Value::Object => each(self, &path, reader, out)?,
                other => return Err(path.refused(other.describe(), "an object")),
            }
            count += 1;
        }
        Ok(())
    }

    /// Warns of a member that is not sent.
    #[cold]
    #[inline(never)]
    pub(crate) fn not_sent(&mut self, path: &Path<'_>, key: Text<'_>) {
        self.warn(path, format_args!("has `{}`, which is not sent", key.decode()));
    }
}

/// Whether the value is an object (true) or absent (false).
pub(crate) fn open_object(
    path: &Path<'_>,
    value: Value<'_>,
    accepted: &str,
) -> Result<bool, Refused> {
    match value {
        Value::Object => Ok(true),
        Value::Null => Ok(false),
        other => Err(path.refused(other.describe(), accepted)),
    }
}

/// Whether the value is a list (true) or absent (false).
pub(crate) fn open_list(path: &Path<'_>, value: Value<'_>) -> Result<bool, Refused> {
    match value {
        Value::Array => Ok(true),
        Value::Null => Ok(false),
        other => Err(path.refused(other.describe(), "a list")),
    }
}

/// The error that the text called `field` has a member `given`, which is not a field of `what`.
#[cold]
#[inline(never)]
pub(crate) fn foreign(field: &str, what: &str, given: &str, accepted: &[&str]) -> Refused {
    let message = format!("`{given}` is not a field of {what}; accepted: {}", listed(accepted));
    Box::new(InvalidArgument { field: field.to_owned(), message })
}
