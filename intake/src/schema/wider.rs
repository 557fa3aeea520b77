//! The suite's schemas made as wide as the intake is: which keywords are for witspan alone, and where
//! others may send more.

use serde_json::{Map, Value, json};

/// Keywords that say what witspan's own bodies look like, beyond what the reference asks of anybody.
const TIGHT: [&str; 15] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "maxContains",
    "minProperties",
    "minItems",
    "maxItems",
    "uniqueItems",
    "pattern",
    "dependentRequired",
];

/// Places where others may send more than witspan does: file, pointer, and what stands there instead.
fn wider() -> Vec<(&'static str, &'static str, Value)> {
    let text = json!({ "type": ["string", "null"] });
    let id = json!({ "type": "string", "minLength": 1 });
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let object = json!({ "type": "object" });
    // ddtrace and dd-trace-go have two kinds more. In metrics dd-trace-js sends null for what was no
    // number, and ddtrace takes booleans.
    let kinds = [
        "llm",
        "workflow",
        "agent",
        "tool",
        "task",
        "embedding",
        "retrieval",
        "experiment",
        "step",
    ];
    let metrics = json!({
        "type": "object",
        "additionalProperties": { "type": ["number", "boolean", "null"] },
        "propertyNames": { "pattern": "^[^.]*$" }
    });
    let named = |scopes: Value| json!({ "required": ["eval_scope"], "properties": { "eval_scope": { "enum": scopes } } });
    // The reference's default scope is the span.
    let judged = json!({
        "properties": { "metric_type": { "not": { "const": "text" } }, "submitter": false },
        "allOf": [
            { "if": named(json!(["session"])), "then": { "required": ["session_id"] } },
            { "if": named(json!(["external"])), "then": { "required": ["feedback_join_key"] } },
            { "if": { "not": named(json!(["session", "external"])) }, "then": { "required": ["join_on"] } }
        ]
    });
    vec![
        ("parts", "/$defs/kind", json!({ "enum": kinds })),
        ("parts", "/$defs/spanId", id.clone()),
        ("parts", "/$defs/parentId", json!({ "type": "string" })),
        ("parts", "/$defs/metrics", metrics),
        ("parts", "/$defs/tags", texts.clone()),
        ("parts", "/$defs/error/required", json!([])),
        ("parts", "/$defs/error/properties/message", text.clone()),
        ("parts", "/$defs/error/properties/type", text.clone()),
        ("parts", "/$defs/error/properties/stack", text.clone()),
        // A message of tool calls alone has no text in some clients.
        ("parts", "/$defs/message/required", json!([])),
        ("parts", "/$defs/message/properties/content", text.clone()),
        ("parts", "/$defs/message/properties/role", text.clone()),
        ("parts", "/$defs/toolCall/required", json!([])),
        (
            "parts",
            "/$defs/toolCall/properties/arguments",
            json!({ "type": ["object", "string", "null"] }),
        ),
        ("parts", "/$defs/toolResult/required", json!([])),
        ("parts", "/$defs/toolResult/properties/result", text.clone()),
        ("parts", "/$defs/document/required", json!([])),
        ("parts", "/$defs/prompt/required", json!([])),
        ("parts", "/$defs/prompt/properties/tags", object.clone()),
        ("parts", "/$defs/chatTemplate/items", object.clone()),
        ("parts", "/$defs/metadata/properties/_dd", object.clone()),
        ("parts", "/$defs/links/items/required", json!([])),
        ("parts", "/$defs/links/items/properties/attributes", object.clone()),
        (
            "public-api",
            "/$defs/span/required",
            json!(["name", "span_id", "trace_id", "parent_id", "start_ns", "duration", "meta"]),
        ),
        (
            "public-api",
            "/$defs/span/properties/start_ns",
            json!({ "type": "number", "minimum": 0 }),
        ),
        ("public-api", "/$defs/span/properties/duration", json!({ "type": "number" })),
        ("sdk-intake", "/items/required", json!(["spans"])),
        (
            "sdk-intake",
            "/$defs/span/required",
            json!(["name", "span_id", "trace_id", "parent_id", "start_ns", "duration", "meta"]),
        ),
        ("sdk-intake", "/$defs/span/properties/_dd", object.clone()),
        (
            "sdk-intake",
            "/$defs/span/properties/start_ns",
            json!({ "type": "number", "minimum": 0 }),
        ),
        ("sdk-intake", "/$defs/span/properties/duration", json!({ "type": "number" })),
        ("sdk-intake", "/$defs/span/properties/tags", texts.clone()),
        ("sdk-intake", "/$defs/span/properties/collection_errors", texts),
        ("sdk-intake", "/$defs/meta/required", json!(["span"])),
        ("sdk-intake", "/$defs/meta/properties/agent_attribution", object.clone()),
        ("sdk-intake", "/$defs/meta/properties/tool", object),
        ("sdk-intake", "/$defs/prompt/required", json!([])),
        (
            "eval-metric",
            "/$defs/metric/required",
            json!(["label", "metric_type", "ml_app", "timestamp_ms"]),
        ),
        (
            "eval-metric",
            "/$defs/metric/properties/eval_scope",
            json!({ "enum": ["span", "trace", "session", "external"] }),
        ),
        (
            "eval-metric",
            "/$defs/metric/properties/timestamp_ms",
            json!({ "type": "number", "minimum": 0 }),
        ),
        ("eval-metric", "/$defs/metric/properties/label", id),
        (
            "eval-metric",
            "/$defs/metric/properties/tags",
            json!({ "type": "array", "items": { "type": "string" } }),
        ),
        ("eval-metric", "/$defs/evaluation", judged),
        ("eval-metric", "/$defs/feedback/properties", json!({ "join_on": false })),
    ]
}

pub(super) fn widen(file: &str, schema: &mut Value) {
    each_schema(schema, &mut |members| {
        if members.get("additionalProperties") == Some(&Value::Bool(false)) {
            members.remove("additionalProperties");
        }
        // The join and the one value that fits the type are required of every sender.
        if file != "eval-metric" {
            members.retain(|keyword, _| !TIGHT.contains(&keyword.as_str()));
        }
    });
    for (_, pointer, value) in wider().into_iter().filter(|(name, ..)| *name == file) {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
        let parent = schema.pointer_mut(parent).and_then(Value::as_object_mut);
        parent.expect("the suite's schema has that place").insert(key.to_owned(), value);
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
