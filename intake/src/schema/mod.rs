//! The JSON Schemas of the conformance suite, as the rule for what the intake takes.
//!
//! The suite's schemas say what witspan itself sends, to the byte. Other senders may leave out what
//! the reference calls optional and add what it does not know, so the intake keeps of each schema the
//! types, the enumerations and the required members, and widens these where the reference or the
//! wire of another SDK is wider (`wider.json`). `witspan validate --strict` asks the schemas as they are.

mod problem;
#[cfg(test)]
mod tests;
mod wider;

use std::sync::LazyLock;

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

pub(crate) use problem::Problem;
use problem::problem;
use wider::Wider;

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

/// The suite's schemas, by name.
const SCHEMAS: [(&str, &str); 4] = [
    ("parts", include_str!("../../../tests/conformance/schema/parts.schema.json")),
    ("public-api", include_str!("../../../tests/conformance/schema/public-api.schema.json")),
    ("sdk-intake", include_str!("../../../tests/conformance/schema/sdk-intake.schema.json")),
    ("eval-metric", include_str!("../../../tests/conformance/schema/eval-metric.schema.json")),
];

static INTAKE: LazyLock<Validators> = LazyLock::new(|| Validators::new(Rule::Intake));
static SUITE: LazyLock<Validators> = LazyLock::new(|| Validators::new(Rule::Suite));

/// One compiled validator for each shape.
struct Validators(Vec<(Shape, Validator)>);

impl Validators {
    fn new(rule: Rule) -> Self {
        let mut registry = Registry::new();
        let wider = Wider::read();
        for (name, text) in SCHEMAS {
            let mut schema: Value = serde_json::from_str(text).expect("the suite's schema is JSON");
            if rule == Rule::Intake {
                wider.apply(name, &mut schema);
            }
            registry = registry
                .add(format!("suite:///{name}.schema.json"), schema)
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
