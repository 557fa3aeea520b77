//! A value before it is read: where it is, what type it has, and what number or text it counts as.

use witspan_json::{Number, Reader, SyntaxError, Value};

/// A value whose beginning was read, and the reader that continues from there.
pub(crate) type Field<'a> = (Value<'a>, Reader<'a>);

/// Reads the beginning of a value and skips the rest, so that the field can be read later.
#[inline(always)]
pub(crate) fn mark<'a>(reader: &mut Reader<'a>) -> Result<Field<'a>, SyntaxError> {
    let value = reader.value()?;
    let at = *reader;
    reader.skip(value)?;
    Ok((value, at))
}

/// The field, unless it is absent or `null`.
pub(crate) fn present<'a>(field: Option<Field<'a>>) -> Option<Field<'a>> {
    field.filter(|(value, _)| !matches!(value, Value::Null))
}

/// What a field is, for an error text.
pub(crate) fn got(field: Option<Field<'_>>) -> &'static str {
    match field {
        None => "absent",
        Some((Value::Text(text), _)) if text.is_empty() => "empty",
        Some((value, _)) => value.describe(),
    }
}

/// Whether languages treat the value as false: `null`, `false`, 0, and what is empty.
pub(crate) fn is_nothing(value: Value<'_>, mut at: Reader<'_>) -> Result<bool, SyntaxError> {
    Ok(match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(Number::Integer(digits)) => digits == "0",
        Value::Number(_) => false,
        Value::Text(text) => text.is_empty(),
        Value::Array => !at.element(true)?,
        Value::Object => at.member(true)?.is_none(),
    })
}

/// Whether the value is text or a number. A number counts as its text wherever text is sent.
pub(crate) fn is_text(value: Value<'_>) -> bool {
    matches!(value, Value::Text(_) | Value::Number(_))
}

/// Whether a field can be a name: a text that is not empty, or a number.
pub(crate) fn is_name(field: Option<Field<'_>>) -> bool {
    match field {
        Some((Value::Text(text), _)) => !text.is_empty(),
        Some((value, _)) => is_text(value),
        None => false,
    }
}

/// The finite number that a value counts as: a number, a boolean as 1 or 0, or a text that is a
/// number and nothing else. `said` then holds that text.
#[inline]
pub(crate) fn number_of<'n>(value: Value<'n>, said: &'n mut String) -> Option<Number<'n>> {
    match value {
        Value::Number(Number::NonFinite(_)) => None,
        Value::Number(number) => Some(number),
        Value::Bool(flag) => Some(Number::Integer(if flag { "1" } else { "0" })),
        Value::Text(text) => {
            *said = text.decode();
            number_in(said)
        }
        _ => None,
    }
}

/// The number that a text is, if it is nothing else.
fn number_in(text: &str) -> Option<Number<'_>> {
    let mut reader = Reader::new(text);
    match reader.value() {
        Ok(Value::Number(number @ (Number::Integer(_) | Number::Float(_)))) => {
            reader.end().ok().map(|()| number)
        }
        _ => None,
    }
}
