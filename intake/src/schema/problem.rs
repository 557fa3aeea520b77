//! Validation errors: the JSON pointer of the field, and what is wrong with its value.

use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

/// One thing that is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The JSON pointer of the field at fault; empty for the value itself.
    pub(crate) pointer: String,
    /// What is wrong with it, and what is accepted.
    pub(crate) reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            return out.write_str(&self.reason);
        }
        write!(out, "`{}`: {}", self.pointer, self.reason)
    }
}

/// The library's error in our words. They do not repeat the value, which may be long, and may be private.
pub(super) fn problem(error: &ValidationError<'_>) -> Problem {
    let mut pointer = error.instance_path().as_str().to_owned();
    let found = kind_of(error.instance());
    let reason = match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(set) => {
                    let names: Vec<String> = set.iter().map(|one| one.to_string()).collect();
                    names.join(" or ")
                }
            };
            format!("{found}; expected type {wanted}")
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            pointer = format!("{pointer}/{}", escaped(name));
            "missing".to_owned()
        }
        ValidationErrorKind::Enum { options } => {
            let names = options.as_array().into_iter().flatten().map(Value::to_string);
            let names = names.collect::<Vec<_>>().join(", ");
            format!("{}; expected one of {names}", short(error.instance()))
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("{}; expected {expected_value}", short(error.instance()))
        }
        ValidationErrorKind::FalseSchema => format!("{found}; this field is not allowed here"),
        ValidationErrorKind::MinLength { .. } => "empty".to_owned(),
        ValidationErrorKind::PropertyNames { error: inner } => {
            format!("the name {} is not allowed: {}", short(inner.instance()), inner.masked())
        }
        _ => error.masked().to_string(),
    };
    Problem { pointer, reason }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The value's own text if it is a short string, else what it is.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() <= 40 => Value::from(text.as_str()).to_string(),
        other => kind_of(other).to_owned(),
    }
}

/// A member's name as a JSON pointer has it.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
