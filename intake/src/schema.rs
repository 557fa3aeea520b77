//! The JSON Schemas of the conformance suite, as the rule for what the intake takes.
//!
//! The suite's schemas say what witspan itself sends, to the byte. Other senders may leave out what
//! the reference calls optional and add what it does not know, so the intake keeps of each schema the
//! types, the enumerations and the required members, and widens these where the reference or the
//! wire of another SDK is wider (`WIDER`). `witspan validate --strict` asks the schemas as they are.

use std::fmt;
use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Registry, ValidationError, Validator};
use serde_json::{Map, Value, json};

/// What a value is checked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The body of `/api/intake/llm-obs/v1/trace/spans`, and one span in it.
    PublicBody,
    PublicSpan,
    /// The body of `/api/v2/llmobs`, and one span in it.
    SdkBody,
    SdkSpan,
    /// The body of `/api/intake/llm-obs/v2/eval-metric`, and one metric in it.
    EvaluationBody,
    Evaluation,
}

/// How strict a check is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rule {
    /// What the intake takes from anybody.
    #[default]
    Intake,
    /// What witspan itself sends.
    Suite,
}

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

/// The first problem of `value`, if it has one. Takes a few microseconds for a value that has none.
pub(crate) fn check(shape: Shape, value: &Value) -> Result<(), Problem> {
    let validator = INTAKE.of(shape);
    if validator.is_valid(value) {
        return Ok(());
    }
    let first = validator.iter_errors(value).next();
    Err(first.map_or_else(
        || Problem { pointer: String::new(), reason: "not what the schema says".to_owned() },
        |error| problem(&error),
    ))
}

/// Every problem of `value`, in the order of the schema.
pub(crate) fn problems(rule: Rule, shape: Shape, value: &Value) -> Vec<Problem> {
    let validators = match rule {
        Rule::Intake => &INTAKE,
        Rule::Suite => &SUITE,
    };
    validators.of(shape).iter_errors(value).map(|error| problem(&error)).collect()
}

const PARTS: &str = include_str!("../../tests/conformance/schema/parts.schema.json");
const PUBLIC: &str = include_str!("../../tests/conformance/schema/public-api.schema.json");
const SDK: &str = include_str!("../../tests/conformance/schema/sdk-intake.schema.json");
const EVALUATIONS: &str = include_str!("../../tests/conformance/schema/eval-metric.schema.json");

static INTAKE: LazyLock<Validators> = LazyLock::new(|| Validators::new(Rule::Intake));
static SUITE: LazyLock<Validators> = LazyLock::new(|| Validators::new(Rule::Suite));

/// One compiled validator for each shape.
struct Validators(Vec<(Shape, Validator)>);

impl Validators {
    fn new(rule: Rule) -> Self {
        let mut registry = Registry::new();
        for (file, text) in [
            ("parts", PARTS),
            ("public-api", PUBLIC),
            ("sdk-intake", SDK),
            ("eval-metric", EVALUATIONS),
        ] {
            let mut schema: Value = serde_json::from_str(text).expect("the suite's schema is JSON");
            if rule == Rule::Intake {
                widen(file, &mut schema);
            }
            registry = registry
                .add(format!("suite:///{file}.schema.json"), schema)
                .expect("the suite's schema has a name");
        }
        let registry = registry.prepare().expect("the suite's schemas know each other");
        let compiled = [
            (Shape::PublicBody, "public-api.schema.json"),
            (Shape::PublicSpan, "public-api.schema.json#/$defs/span"),
            (Shape::SdkBody, "sdk-intake.schema.json"),
            (Shape::SdkSpan, "sdk-intake.schema.json#/$defs/span"),
            (Shape::EvaluationBody, "eval-metric.schema.json"),
            (Shape::Evaluation, "eval-metric.schema.json#/$defs/metric"),
        ]
        .into_iter()
        .map(|(shape, place)| {
            let validator = jsonschema::options()
                .with_registry(&registry)
                .build(&json!({ "$ref": format!("suite:///{place}") }))
                .expect("the suite's schema is one");
            (shape, validator)
        });
        Self(compiled.collect())
    }

    fn of(&self, shape: Shape) -> &Validator {
        let found = self.0.iter().find(|(name, _)| *name == shape);
        &found.expect("every shape was compiled").1
    }
}

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

fn widen(file: &str, schema: &mut Value) {
    each_schema(schema, &mut |members| {
        if members.get("additionalProperties") == Some(&Value::Bool(false)) {
            members.remove("additionalProperties");
        }
        // What is judged, and that there is just the value of the type, are rules for everybody.
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

/// What the library found, in our words: without the value, which may be long and is not ours to
/// repeat in a log.
fn problem(error: &ValidationError<'_>) -> Problem {
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
            format!("{found} where a value of type {wanted} is wanted")
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            pointer = format!("{pointer}/{}", escaped(name));
            "missing".to_owned()
        }
        ValidationErrorKind::Enum { options } => {
            let names = options.as_array().into_iter().flatten().map(Value::to_string);
            let names = names.collect::<Vec<_>>().join(", ");
            format!("{} where one of {names} is wanted", short(error.instance()))
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("{} where {expected_value} is wanted", short(error.instance()))
        }
        ValidationErrorKind::FalseSchema => format!("{found} where nothing may stand"),
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
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        json!({
            "name": "ask", "span_id": "1", "trace_id": "2", "parent_id": "undefined",
            "start_ns": 1, "duration": 2, "meta": { "kind": "llm" }
        })
    }

    #[test]
    fn the_reference_s_smallest_span_is_taken_and_is_not_what_witspan_sends() {
        assert_eq!(check(Shape::PublicSpan, &event()), Ok(()));
        assert!(!problems(Rule::Suite, Shape::PublicSpan, &event()).is_empty());
    }

    #[test]
    fn a_wrong_event_is_refused_by_the_name_of_its_field() {
        let wrong = |pointer: &str, value: Value| {
            let mut event = event();
            *event.pointer_mut(pointer).expect("it is there") = value;
            check(Shape::PublicSpan, &event).expect_err("it is wrong").to_string()
        };
        assert_eq!(
            wrong("/start_ns", json!("now")),
            "`/start_ns`: a string where a value of type number is wanted"
        );
        assert_eq!(
            wrong("/meta", json!({ "kind": "chat" })),
            "`/meta/kind`: \"chat\" where one of \"llm\", \"workflow\", \"agent\", \"tool\", \"task\", \
             \"embedding\", \"retrieval\", \"experiment\", \"step\" is wanted"
        );
        assert_eq!(wrong("/meta", json!({})), "`/meta/kind`: missing");
        assert_eq!(
            wrong(
                "/meta",
                json!({ "kind": "llm", "input": { "messages": [{ "content": ["hi"] }] } })
            ),
            "`/meta/input/messages/0/content`: an array where a value of type null or string is \
             wanted"
        );
    }

    #[test]
    fn a_long_value_is_not_repeated_in_the_answer() {
        let mut event = event();
        event["meta"]["kind"] = Value::from("x".repeat(100_000));
        assert!(check(Shape::PublicSpan, &event).expect_err("it is wrong").reason.len() < 300);
    }

    #[test]
    fn an_evaluation_needs_what_it_judges_and_one_value() {
        let evaluation = |more: Value| {
            let mut metric = json!({
                "label": "good", "metric_type": "score", "ml_app": "app", "timestamp_ms": 1
            });
            let members = metric.as_object_mut().expect("it is an object");
            members.extend(more.as_object().expect("an object").clone());
            check(Shape::Evaluation, &metric).map_err(|problem| problem.pointer)
        };
        let span = json!({ "span": { "span_id": "1", "trace_id": "2" } });
        assert_eq!(evaluation(json!({ "score_value": 1, "join_on": span })), Ok(()));
        assert_eq!(evaluation(json!({ "score_value": 1 })), Err("/join_on".to_owned()));
        assert_eq!(
            evaluation(json!({ "score_value": 1, "eval_scope": "session", "session_id": "s" })),
            Ok(())
        );
        assert_eq!(
            evaluation(json!({ "score_value": "high", "join_on": span })),
            Err("/score_value".to_owned())
        );
        assert_eq!(
            evaluation(json!({
                "event_kind": "feedback", "score_value": 1, "span_id": "1", "submitter": { "id": "u" }
            })),
            Ok(())
        );
    }
}
