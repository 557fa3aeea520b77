//! What holds for every program: random calls with random values, on the native core and, for
//! fewer of them, through the component in the Rust host, which must send the same bytes.

mod support;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use support::Host;

use witspan_conformance::native::Native;
use witspan_conformance::{
    Answer, Case, Counters, Deed, FORMATS, Failure, Format, KINDS, Outcome, Start, Step, bless,
};

/// Texts that have been trouble somewhere.
const TORTURE: [&str; 9] = [
    "",
    "a",
    "\u{0}\u{1f}\u{7f}",
    "\"\\/\u{8}\u{c}\n\r\t",
    "日本語 😀 é\u{301}",
    "session_id",
    "_dd",
    "a.b:c,d=e;f",
    "[cut: 5 bytes]",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&TORTURE[..]).prop_map(str::to_owned),
        3 => any::<String>(),
        1 => (0..3_000usize).prop_map(|length| "é".repeat(length)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        text().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 6, |inner| {
        let member = (member_name(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            prop::collection::vec(member, 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Names that mean something somewhere, and any other.
fn member_name() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 24] = [
        "role",
        "content",
        "tool_calls",
        "name",
        "arguments",
        "function",
        "text",
        "score",
        "id",
        "type",
        "template",
        "chat_template",
        "variables",
        "version",
        "tools",
        "model_settings",
        "properties",
        "image_parts",
        "mime_type",
        "trace_id",
        "span_id",
        "parameters",
        "source",
        "choices",
    ];
    prop_oneof![5 => select(&KNOWN[..]).prop_map(str::to_owned), 1 => text()]
}

/// An annotation: the right members, with values that are mostly of the right shape.
fn annotation() -> impl Strategy<Value = String> {
    const MEMBERS: [&str; 10] = [
        "input",
        "output",
        "metadata",
        "metrics",
        "tags",
        "cost_tags",
        "prompt",
        "tool_definitions",
        "agent",
        "links",
    ];
    let texts = prop::collection::vec((text(), text()), 0..4);
    let texts = texts.prop_map(|members| members.into_iter().collect::<Value>());
    let part = prop_oneof![3 => value(), 2 => texts, 1 => text().prop_map(Value::from)];
    let members = prop::collection::vec((select(&MEMBERS[..]), part), 0..4);
    let object = members.prop_map(|members| {
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()
    });
    // What no JSON library writes, but languages hold.
    let strange = select(
        &[
            r#"{"metadata":{"n":NaN,"i":-Infinity,"s":"\ud800","d":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}"#,
            r#"{"metrics":{"a":1e999,"b":123456789012345678901234567890,"c":Infinity}}"#,
            r#"{"input":"\udc00\ud83d","tags":{"":""}}"#,
            "{",
            "",
            "null",
            r#"{"input":"#,
        ][..],
    );
    prop_oneof![8 => object.prop_map(|object| object.to_string()), 1 => strange.prop_map(str::to_owned)]
}

fn evaluation() -> impl Strategy<Value = String> {
    let part = prop_oneof![2 => value(), 1 => Just(json!({"span_id": "7", "trace_id": "8"}))];
    const MEMBERS: [&str; 9] = [
        "label",
        "metric_type",
        "value",
        "span",
        "tags",
        "metadata",
        "session_id",
        "submitter",
        "timestamp_ms",
    ];
    prop::collection::vec((select(&MEMBERS[..]), part), 0..5).prop_map(|members| {
        let mut right = json!({
            "label": "l", "metric_type": "score", "value": 1, "span": {"span_id": "1", "trace_id": "2"},
        });
        for (name, value) in members {
            right[name] = value;
        }
        right.to_string()
    })
}

/// A step; spans are chosen among those that the program has started by then.
#[derive(Debug, Clone)]
enum Move {
    Start { kind: usize, parent: Option<(bool, Index)>, start: Box<Start> },
    Annotate(Index, String),
    Finish(Index, Option<Failure>, Option<u64>),
    Abandon(Index),
    Other(Step),
}

fn a_move() -> impl Strategy<Value = Move> {
    let option = || proptest::option::weighted(0.2, text());
    let context = annotation().prop_map(|_| r#"{"tags":{"c":"1"},"name":"n"}"#.to_owned());
    let start = (option(), option(), option(), option(), prop::collection::vec(context, 0..2));
    let start = start.prop_map(|(name, session_id, ml_app, model_name, contexts)| {
        Box::new(Start { name, session_id, ml_app, model_name, contexts, ..Start::default() })
    });
    let failure = (text(), text(), text()).prop_map(|(message, error_type, stack)| Failure {
        message,
        error_type,
        stack,
    });
    let deed = prop_oneof![
        Just(Deed::Off),
        Just(Deed::Keep),
        Just(Deed::Drop),
        Just(Deed::Raise),
        Just(Deed::Nonsense),
        Just(Deed::Late),
        Just(Deed::Remove("input".to_owned())),
        value().prop_map(Deed::Merge),
    ];
    let parent = proptest::option::of((any::<bool>(), any::<Index>()));
    prop_oneof![
        4 => (0..KINDS.len(), parent, start)
            .prop_map(|(kind, parent, start)| Move::Start { kind, parent, start }),
        5 => (any::<Index>(), annotation()).prop_map(|(at, json)| Move::Annotate(at, json)),
        4 => (any::<Index>(), proptest::option::weighted(0.3, failure), proptest::option::of(any::<u64>()))
            .prop_map(|(at, failure, end)| Move::Finish(at, failure, end)),
        1 => any::<Index>().prop_map(Move::Abandon),
        1 => evaluation().prop_map(|json| Move::Other(Step::Evaluate { json, refused: None })),
        1 => evaluation().prop_map(|json| Move::Other(Step::Feedback { json, refused: None })),
        1 => annotation().prop_map(|json| Move::Other(Step::Context { json, refused: None })),
        1 => deed.prop_map(|does| Move::Other(Step::Processor { does })),
        1 => (0..3_000_000_000u64).prop_map(|ns| Move::Other(Step::Advance { ns })),
    ]
}

/// A case of these moves, with small limits so that they are reached.
fn case(moves: Vec<Move>, limits: bool, answers: Vec<u16>) -> Case {
    let mut program = Vec::new();
    let mut spans = 0usize;
    let name = |at: usize| format!("s{at}");
    for one in moves {
        let pick = |index: &Index| name(index.index(spans));
        program.push(match one {
            Move::Start { kind, parent, mut start } => {
                start.span = name(spans);
                start.kind = KINDS[kind].to_owned();
                match parent.filter(|_| spans > 0) {
                    Some((true, index)) => start.current = Some(pick(&index)),
                    Some((false, index)) => start.child_of = Some(pick(&index)),
                    None => {}
                }
                spans += 1;
                Step::Start(start)
            }
            _ if spans == 0 => continue,
            Move::Annotate(index, json) => {
                Step::Annotate { span: pick(&index), json, refused: None, dropped: false }
            }
            Move::Finish(index, failure, end_ns) => {
                let span = pick(&index);
                Step::Finish { span, failure, end_ns, current_again: None, event: None }
            }
            Move::Abandon(index) => Step::Abandon { span: pick(&index) },
            Move::Other(step) => step,
        });
    }
    let limits = match limits {
        true => {
            json!({"event_bytes": 3000, "open_bytes": 40_000, "queue_bytes": 30_000, "batch_bytes": 9_000})
        }
        false => json!({}),
    };
    let answers = answers.into_iter().map(|status| Answer { status, headers: Default::default() });
    Case {
        name: "random".to_owned(),
        says: String::new(),
        settings: serde_json::from_value(json!({"limits": limits})).unwrap(),
        elsewhere: None,
        program,
        answers: answers.collect(),
        dispositions: Vec::new(),
        requests: Default::default(),
        statistics: Counters::new(),
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let answers = prop::collection::vec(select(&[202u16, 202, 400, 429, 500, 0][..]), 0..4);
    (prop::collection::vec(a_move(), 1..40), any::<bool>(), answers)
        .prop_map(|(moves, limits, answers)| case(moves, limits, answers))
}

/// Reads the schemas of this suite, and nothing else.
struct Schemas;

impl jsonschema::Retrieve for Schemas {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let name = uri.path().as_str().rsplit('/').next().unwrap_or_default().to_owned();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
        Ok(serde_json::from_str(&std::fs::read_to_string(folder.join(name))?)?)
    }
}

fn schema(name: &str) -> jsonschema::Validator {
    let schema = json!({"$ref": format!("json-schema:///{name}.schema.json")});
    jsonschema::options().with_retriever(Schemas).build(&schema).unwrap()
}

/// The schemas of the bodies, by the ends of their paths.
fn schemas() -> [(&'static str, jsonschema::Validator); 3] {
    [
        ("/trace/spans", schema("public-api")),
        ("/v2/llmobs", schema("sdk-intake")),
        ("/eval-metric", schema("eval-metric")),
    ]
}

/// The result of a case in the native core, once everything that must hold was checked.
fn run_natively(case: &Case, format: Format) -> Result<Outcome, TestCaseError> {
    let fail = |error: anyhow::Error| TestCaseError::fail(format!("{error:#}"));
    let mut core = Native::new(case, format).map_err(fail)?;
    let outcome = bless(&mut case.clone(), &mut core).map_err(fail)?;
    let counts = core.statistics();
    let dropped: u64 = counts.dropped.iter().sum();
    let known = counts.open + counts.queued + counts.in_flight + counts.delivered + dropped;
    prop_assert_eq!(counts.accepted, known, "the counters of spans add up: {:?}", counts);
    let counters = &counts.evaluations;
    let dropped: u64 = counters.dropped.iter().sum();
    prop_assert_eq!(
        counters.accepted,
        counters.queued + counters.in_flight + counters.delivered + dropped
    );
    prop_assert!(core.most_bytes() <= core.bound(), "{} bytes held", core.most_bytes());
    Ok(outcome)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_called_what_is_sent_is_valid_and_everything_is_counted(case in cases()) {
        thread_local!(static SCHEMAS: [(&'static str, jsonschema::Validator); 3] = schemas());
        for format in FORMATS {
            let (requests, _, _) = run_natively(&case, format)?;
            for request in requests {
                let body: Value = serde_json::from_str(&request.body)
                    .map_err(|error| TestCaseError::fail(format!("{error}: {}", request.body)))?;
                SCHEMAS.with(|schemas| {
                    let (_, schema) = schemas.iter().find(|(end, _)| request.path.ends_with(end)).unwrap();
                    match schema.validate(&body) {
                        Ok(()) => Ok(()),
                        Err(error) => Err(TestCaseError::fail(format!(
                            "{error} at {}: {}", error.instance_path(), request.body
                        ))),
                    }
                })?;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_component_does_what_the_native_core_does(case in cases()) {
        for format in FORMATS {
            let (requests, _, counters) = run_natively(&case, format)?;
            let mut host = Host::new(&case, format).unwrap();
            let (sent, _, counted) = bless(&mut case.clone(), &mut host)
                .map_err(|error| TestCaseError::fail(format!("{error:#}")))?;
            prop_assert_eq!(sent, requests);
            prop_assert_eq!(counted, counters);
        }
    }
}
