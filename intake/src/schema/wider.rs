//! The suite's schemas made as wide as the intake is, as `wider.json` says.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The file, read.
#[derive(Deserialize)]
pub(super) struct Wider {
    unchecked_keywords: Vec<String>,
    checked_in_full: Vec<String>,
    /// By the schema's name: a JSON pointer, and the value that is put there.
    pub(super) places: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Wider {
    pub(super) fn read() -> Self {
        serde_json::from_str(include_str!("wider.json")).expect("the file is what is read of it")
    }

    /// Widens the schema of that name.
    pub(super) fn apply(&self, name: &str, schema: &mut Value) {
        let in_full = self.checked_in_full.iter().any(|each| each == name);
        each_schema(schema, &mut |members| {
            if members.get("additionalProperties") == Some(&Value::Bool(false)) {
                members.remove("additionalProperties");
            }
            members.retain(|keyword, _| in_full || !self.unchecked_keywords.contains(keyword));
        });
        for (pointer, value) in self.places.get(name).into_iter().flatten() {
            let place = schema.pointer_mut(pointer);
            *place.expect("the suite's schema has that place") = value.clone();
        }
    }
}

/// Calls `edit` with every schema in `value`, but not with the maps from names to schemas.
fn each_schema(value: &mut Value, edit: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(several) => several.iter_mut().for_each(|each| each_schema(each, edit)),
        Value::Object(members) => {
            edit(members);
            for (keyword, inner) in members {
                match inner {
                    Value::Object(named) if ["properties", "$defs"].contains(&keyword.as_str()) => {
                        named.values_mut().for_each(|each| each_schema(each, edit));
                    }
                    _ => each_schema(inner, edit),
                }
            }
        }
        _ => {}
    }
}
