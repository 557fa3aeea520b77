//! An event as its fields: every value with its path, members and places joined by `/`.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Values by path.
pub(crate) type Fields = BTreeMap<String, Value>;

/// The fields of an event or a metric. An empty object or list is a value; each key of `tags`
/// is a field whose value is the list of what it is set to, in order.
pub(crate) fn fields_of(value: &Value) -> Fields {
    let mut fields = Fields::new();
    walk("", value, &mut fields);
    fields
}

pub(crate) fn fields_of_map(map: &Map<String, Value>) -> Fields {
    fields_of(&Value::Object(map.clone()))
}

fn walk(path: &str, value: &Value, fields: &mut Fields) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        _ => format!("{path}/{key}"),
    };
    match value {
        Value::Array(tags) if path == "tags" => {
            for tag in tags.iter().filter_map(Value::as_str) {
                let (key, text) = tag.split_once(':').unwrap_or((tag, ""));
                let set = fields.entry(below(key)).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(set) = set {
                    set.push(text.into());
                    set.sort_by_key(Value::to_string);
                }
            }
        }
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(key, value)| walk(&below(key), value, fields));
        }
        Value::Array(items) if !items.is_empty() => {
            let mut items = items.clone();
            if path.ends_with("/cost_tags") {
                // A set, too.
                items.sort_by_key(Value::to_string);
            }
            items.iter().enumerate().for_each(|(n, v)| walk(&below(&n.to_string()), v, fields));
        }
        _ => {
            fields.insert(path.to_owned(), value.clone());
        }
    }
}

/// Whether a path is one of those that a pattern names: `*` stands for one part of the path, `**`
/// at the end for any number.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let mut path = path.split('/');
    for part in pattern.split('/') {
        match (part, path.next()) {
            ("**", Some(_)) => return true,
            ("*", Some(_)) => {}
            (part, Some(name)) if part == name => {}
            _ => return false,
        }
    }
    path.next().is_none()
}
