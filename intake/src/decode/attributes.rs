//! Attributes of an OpenTelemetry span by name: one, the first of several, or a numbered tree of them.

use serde_json::{Map, Value};
use witspan_semconv::as_text;

/// Attributes of one span, taken out as they are understood.
pub(crate) struct Attributes(pub(crate) Map<String, Value>);

impl Attributes {
    /// Removes all of `names`; returns the first that was there.
    pub(crate) fn first(&mut self, names: &[&str]) -> Option<Value> {
        let mut found = None;
        for name in names {
            if let Some(value) = self.0.shift_remove(*name)
                && found.is_none()
            {
                found = Some(value);
            }
        }
        found
    }

    /// The same as text.
    pub(crate) fn text(&mut self, names: &[&str]) -> Option<String> {
        self.first(names).map(|value| as_text(&value)).filter(|text| !text.is_empty())
    }

    /// Removes what is numbered below `prefix`, and returns it as a list.
    pub(crate) fn below(&mut self, prefix: &str) -> Option<Value> {
        let numbered = |name: &&String| {
            let rest = name.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        };
        let names: Vec<String> = self.0.keys().filter(numbered).cloned().collect();
        if names.is_empty() {
            return None;
        }
        let mut tree = Map::new();
        for name in names {
            let value = self.0.shift_remove(&name).unwrap_or_default();
            plant(&mut tree, &name[prefix.len()..], value);
        }
        Some(lists(Value::Object(tree)))
    }
}

/// How many dots of a name become levels. Applications choose names, so this needs a limit.
const LEVELS: usize = 16;

fn plant(tree: &mut Map<String, Value>, path: &str, value: Value) {
    let mut at = tree;
    let mut parts = path.splitn(LEVELS, '.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            at.insert(part.to_owned(), value);
            return;
        }
        let inner = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
        if !inner.is_object() {
            *inner = Value::Object(Map::new());
        }
        let Value::Object(members) = inner else { return };
        at = members;
    }
}

/// Objects whose members are all numbered become lists in the order of the numbers. Gaps close: a
/// number must not decide how much memory a list takes.
fn lists(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let number = |name: &String| name.parse::<u64>().ok();
    if members.keys().all(|name| number(name).is_some()) {
        let mut items: Vec<(Option<u64>, Value)> =
            members.into_iter().map(|(name, value)| (number(&name), lists(value))).collect();
        items.sort_by_key(|(number, _)| *number);
        return Value::Array(items.into_iter().map(|(_, value)| value).collect());
    }
    Value::Object(members.into_iter().map(|(name, value)| (name, lists(value))).collect())
}
