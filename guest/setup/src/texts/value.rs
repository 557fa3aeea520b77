//! JSON as a tree, and objects whose members are taken out by name.

use crate::words::listed;
use witspan_json::{MAX_DEPTH, Number, Reader, SyntaxError, Value};
use witspan_text::Shown;

/// What was wrong with a text. The host made it, so the defect is the host's and never one of the
/// application's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The path of the field, such as `limits.attempts`.
    pub field: String,
    /// One sentence: the field, what it is, and what is accepted.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(field: &str, is: &str, accepted: &str) -> Self {
        let field = Shown(field).to_string();
        let named = if field.is_empty() { "the argument" } else { &["`", &field, "`"].concat() };
        let message = [named, " is ", is, "; accepted: ", accepted].concat();
        Refusal { field, message }
    }
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(crate) fn read(text: &str) -> Result<Json, Refusal> {
        let mut reader = Reader::new(text);
        let read = |reader: &mut Reader<'_>| {
            let begun = reader.value()?;
            let value = Json::of(reader, begun, 0)?;
            reader.end()?;
            Ok(value)
        };
        read(&mut reader)
            .map_err(|_: SyntaxError| Refusal::new("text", "not JSON", "one JSON object"))
    }

    fn of<'a>(
        reader: &mut Reader<'a>,
        begun: Value<'a>,
        depth: usize,
    ) -> Result<Json, SyntaxError> {
        Ok(match begun {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(flag),
            Value::Number(Number::Integer(text) | Number::Float(text)) => {
                Json::Number(text.to_owned())
            }
            Value::Number(Number::NonFinite(text)) => Json::Number(text.to_owned()),
            Value::Text(text) => Json::Text(text.decode()),
            nested if depth >= MAX_DEPTH => {
                reader.skip(nested)?;
                Json::Null
            }
            Value::Array => {
                let mut list = Vec::new();
                while reader.element(list.is_empty())? {
                    let begun = reader.value()?;
                    list.push(Json::of(reader, begun, depth + 1)?);
                }
                Json::List(list)
            }
            Value::Object => {
                let mut members = Vec::new();
                while let Some(key) = reader.member(members.is_empty())? {
                    let key = key.decode();
                    let begun = reader.value()?;
                    members.push((key, Json::of(reader, begun, depth + 1)?));
                }
                Json::Object(members)
            }
        })
    }

    /// What an error calls it.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "text",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }

    /// A whole number from 0; also one that is written as text, since not all languages have 64 bits.
    /// A number beyond 64 bits counts as the largest: a language with only doubles rounds the largest up.
    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Json::Number(text) | Json::Text(text) => {
                let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                is_whole.then(|| text.parse().unwrap_or(u64::MAX))
            }
            _ => None,
        }
    }
}

/// Members of an object, taken out one by one; a member that is left at the end is rejected.
pub(crate) struct Members {
    path: String,
    left: Vec<(String, Json)>,
    /// The names that were asked for.
    known: Vec<&'static str>,
}

impl Members {
    pub(crate) fn of(json: Json, path: &str) -> Result<Self, Refusal> {
        match json {
            Json::Object(left) => Ok(Members { path: path.to_owned(), left, known: Vec::new() }),
            other => Err(Refusal::new(path, other.describe(), "an object")),
        }
    }

    /// The path of a member.
    pub(crate) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { [&self.path, ".", name].concat() }
    }

    /// Takes a member out; `null` counts as absent. Of two of the same name the last counts.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Json> {
        self.known.push(name);
        let mut found = None;
        while let Some(at) = self.left.iter().position(|(key, _)| key == name) {
            found = Some(self.left.remove(at).1);
        }
        found.filter(|json| *json != Json::Null)
    }

    fn typed<T>(
        &mut self,
        name: &'static str,
        accepted: &str,
        read: impl Fn(&Json) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(json) = self.take(name) else { return Ok(None) };
        match read(&json) {
            Some(value) => Ok(Some(value)),
            None => Err(Refusal::new(&self.path(name), json.describe(), accepted)),
        }
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        self.typed(name, "text", |json| match json {
            Json::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Refusal> {
        self.typed(name, "a boolean", |json| match json {
            Json::Bool(flag) => Some(*flag),
            _ => None,
        })
    }

    pub(crate) fn number(&mut self, name: &'static str) -> Result<Option<u64>, Refusal> {
        self.typed(name, "a whole number from 0 to 2^64-1", Json::number)
    }

    pub(crate) fn list(&mut self, name: &'static str) -> Result<Option<Vec<Json>>, Refusal> {
        self.typed(name, "a list", |json| match json {
            Json::List(list) => Some(list.clone()),
            _ => None,
        })
    }

    pub(crate) fn object(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<(String, Json)>>, Refusal> {
        self.typed(name, "an object", |json| match json {
            Json::Object(members) => Some(members.clone()),
            _ => None,
        })
    }

    /// An object of texts; numbers and booleans count as their text.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<(String, String)>, Refusal> {
        let path = self.path(name);
        let members = self.object(name)?.unwrap_or_default();
        let mut texts = Vec::new();
        for (key, value) in members {
            let text = match value {
                Json::Text(text) | Json::Number(text) => text,
                Json::Bool(flag) => (if flag { "true" } else { "false" }).to_owned(),
                Json::Null => continue,
                other => {
                    let path = [&path, ".", &key].concat();
                    return Err(Refusal::new(&path, other.describe(), "text"));
                }
            };
            texts.push((key, text));
        }
        Ok(texts)
    }

    /// Rejects a member that was not taken.
    pub(crate) fn end(self) -> Result<(), Refusal> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::new(&self.path(name), "unknown", &listed(&self.known))),
        }
    }
}
