//! Definitions of tools, as models are given them.

use serde_json::{Value, json};

use crate::values::{parsed, without_nulls};

/// One definition in the shape of Datadog: `{name, description, parameters}`, alone or as a client's
/// `function`. Datadog's own shape is read as it is, and so it is what is written.
#[must_use]
pub fn read(value: &Value) -> Value {
    let schema = parsed(value["tool"]["json_schema"].clone());
    let value = if schema.is_object() { &schema } else { value };
    let function = &value["function"];
    let value = if function.is_object() { function } else { value };
    let schema = ["parameters", "schema", "input_schema"];
    let schema = schema.iter().map(|name| parsed(value[*name].clone())).find(Value::is_object);
    without_nulls(json!({
        "name": value["name"], "description": value["description"], "schema": schema
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn a_definition_that_was_written_is_read_back_as_it_was() {
        let tool =
            json!({ "name": "look", "description": "Looks.", "schema": { "type": "object" } });
        assert_eq!(read(&tool), tool);
    }
}
