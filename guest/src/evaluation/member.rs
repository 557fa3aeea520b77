//! Members of an evaluation: names, words and ids as they are read, and texts as they are written.

use crate::annotation::{Field, Parser, Path, got};
use crate::error::Refused;
use witspan_json::{Members, Number, Value, write_string};

/// Sets a member of a metric to a text.
pub(super) fn set_text(metric: &mut Members, name: &str, text: &str) {
    write_string(metric.begin_escaped(name.as_bytes()), text);
    metric.end();
}

/// A text that is not empty, or a number, which counts as its text.
pub(super) fn named(path: &Path<'_>, given: Option<Field<'_>>) -> Result<String, Refused> {
    match given {
        Some((Value::Text(text), _)) if !text.is_empty() => Ok(text.decode()),
        Some((Value::Number(Number::Integer(digits) | Number::Float(digits)), _)) => {
            Ok(digits.to_owned())
        }
        _ => Err(path.refused(got(given), "text")),
    }
}

/// The one of the `accepted` words that is given, in any case.
pub(super) fn one_of(
    path: &Path<'_>,
    given: Field<'_>,
    accepted: &'static [&'static str],
) -> Result<&'static str, Refused> {
    let text = match given {
        (Value::Text(text), _) => text.decode(),
        _ => String::new(),
    };
    let found = accepted.iter().find(|word| word.eq_ignore_ascii_case(&text));
    found.copied().ok_or_else(|| match text.is_empty() {
        true => path.refused(got(Some(given)), &one_of_text(accepted)),
        false => path.refused(&format!("`{text}`"), &one_of_text(accepted)),
    })
}

/// The words, as an error lists them.
pub(super) fn one_of_text(words: &[&str]) -> String {
    format!("`{}`", words.join("`, `"))
}

impl Parser<'_> {
    /// An id, or the key or value of a tag. One that no span can have is sent, too: it is all that is
    /// known of what was meant.
    pub(super) fn joined(
        &mut self,
        path: &Path<'_>,
        given: Option<Field<'_>>,
        decimal: bool,
    ) -> Result<String, Refused> {
        let accepted = if decimal { "the decimal id of a span" } else { "text" };
        if let Some((Value::Text(text), _)) = given
            && text.is_empty()
        {
            // For an empty id the intake could reject the whole batch.
            self.unfit(path, "empty", accepted, "It is sent as `undefined`, and matches no span")?;
            return Ok("undefined".to_owned());
        }
        let id = named(path, given)?;
        if decimal && !id.bytes().all(|byte| byte.is_ascii_digit()) {
            self.unfit(path, "not decimal", accepted, "It is sent, and matches no span")?;
        }
        Ok(id)
    }
}
