//! What the attributes of OpenTelemetry spans mean here: the one table of it.
//!
//! Sources: OpenTelemetry's semantic conventions for generative AI (1.37 and later, and the older
//! content events), OpenInference, OpenLLMetry, Langfuse; and Datadog's page on its OpenTelemetry
//! intake for what becomes of each. What no row names becomes a tag.

use serde_json::{Map, Value};

/// The kind that an attribute's value stands for. The first attribute that is there decides.
pub(crate) const KINDS: &[(&str, &[(&str, &str)])] = &[
    (
        "gen_ai.operation.name",
        &[
            ("chat", "llm"),
            ("text_completion", "llm"),
            ("completion", "llm"),
            ("generate_content", "llm"),
            ("embeddings", "embedding"),
            ("execute_tool", "tool"),
            ("invoke_agent", "agent"),
            ("create_agent", "agent"),
            ("retrieval", "retrieval"),
            ("invoke_workflow", "workflow"),
            ("plan", "task"),
            ("search_memory", "retrieval"),
            ("create_memory", "task"),
            ("update_memory", "task"),
            ("upsert_memory", "task"),
            ("delete_memory", "task"),
        ],
    ),
    (
        "openinference.span.kind",
        &[
            ("LLM", "llm"),
            ("CHAIN", "workflow"),
            ("AGENT", "agent"),
            ("TOOL", "tool"),
            ("EMBEDDING", "embedding"),
            ("RETRIEVER", "retrieval"),
            ("RERANKER", "retrieval"),
            ("GUARDRAIL", "task"),
            ("EVALUATOR", "task"),
            ("PROMPT", "task"),
        ],
    ),
    (
        "traceloop.span.kind",
        &[("workflow", "workflow"), ("task", "task"), ("agent", "agent"), ("tool", "tool")],
    ),
    (
        "llm.request.type",
        &[
            ("chat", "llm"),
            ("completion", "llm"),
            ("embedding", "embedding"),
            ("rerank", "retrieval"),
        ],
    ),
    (
        "langfuse.observation.type",
        &[
            ("generation", "llm"),
            ("span", "workflow"),
            ("chain", "workflow"),
            ("event", "task"),
            ("agent", "agent"),
            ("tool", "tool"),
            ("retriever", "retrieval"),
            ("embedding", "embedding"),
            ("evaluator", "task"),
            ("guardrail", "task"),
        ],
    ),
];

/// Where single values are looked for, the first that is there is taken.
pub(crate) const MODEL: &[&str] = &[
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.model_name",
    "embedding.model_name",
    "langfuse.observation.model.name",
];
pub(crate) const PROVIDER: &[&str] =
    &["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"];
pub(crate) const SESSION: &[&str] = &[
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "traceloop.association.properties.session_id",
];
pub(crate) const APP: &[&str] = &["gen_ai.application.name", "service.name"];
pub(crate) const ENVIRONMENT: &[&str] = &["deployment.environment.name", "deployment.environment"];
pub(crate) const INPUT: &[&str] = &[
    "gen_ai.tool.call.arguments",
    "gen_ai.retrieval.query.text",
    "input.value",
    "traceloop.entity.input",
    "langfuse.observation.input",
];
pub(crate) const OUTPUT: &[&str] = &[
    "gen_ai.tool.call.result",
    "output.value",
    "traceloop.entity.output",
    "langfuse.observation.output",
    // Pydantic AI's agents.
    "final_result",
];
/// JSON objects whose members are metadata.
pub(crate) const METADATA: &[&str] = &[
    "_dd.ml_obs.metadata",
    "llm.invocation_parameters",
    "embedding.invocation_parameters",
    "langfuse.observation.model.parameters",
    "metadata",
];
/// Attributes below these are metadata, by what follows.
pub(crate) const METADATA_BELOW: &[&str] =
    &["gen_ai.request.", "gen_ai.response.", "langfuse.observation.metadata."];
/// Why a model stopped, where it is not among `gen_ai.response.`; messages may say it, too.
pub(crate) const FINISH_REASONS: &str = "finish_reasons";
pub(crate) const FINISH_REASON: &str = "llm.finish_reason";

/// Numbers, and what they are called here.
pub(crate) const METRICS: &[(&str, &str)] = &[
    ("gen_ai.usage.input_tokens", "input_tokens"),
    ("gen_ai.usage.prompt_tokens", "input_tokens"),
    ("llm.token_count.prompt", "input_tokens"),
    ("gen_ai.usage.output_tokens", "output_tokens"),
    ("gen_ai.usage.completion_tokens", "output_tokens"),
    ("llm.token_count.completion", "output_tokens"),
    ("gen_ai.usage.total_tokens", "total_tokens"),
    ("llm.usage.total_tokens", "total_tokens"),
    ("llm.token_count.total", "total_tokens"),
    ("gen_ai.usage.cache_read.input_tokens", "cache_read_input_tokens"),
    ("gen_ai.usage.cache_read_input_tokens", "cache_read_input_tokens"),
    ("llm.token_count.prompt_details.cache_read", "cache_read_input_tokens"),
    ("gen_ai.usage.cache_creation.input_tokens", "cache_write_input_tokens"),
    ("gen_ai.usage.cache_creation_input_tokens", "cache_write_input_tokens"),
    ("llm.token_count.prompt_details.cache_write", "cache_write_input_tokens"),
    ("gen_ai.usage.reasoning.output_tokens", "reasoning_output_tokens"),
    ("gen_ai.usage.reasoning_tokens", "reasoning_output_tokens"),
    ("llm.token_count.completion_details.reasoning", "reasoning_output_tokens"),
    ("gen_ai.usage.cost", "total_cost"),
    ("llm.cost.total", "total_cost"),
    ("llm.cost.prompt", "input_cost"),
    ("llm.cost.completion", "output_cost"),
    ("gen_ai.server.time_to_first_token", "time_to_first_token"),
];
/// Other numbers below these are metrics by what follows, with `_` for each dot.
pub(crate) const METRICS_BELOW: &[&str] =
    &["gen_ai.usage.", "gen_ai.aggregated_usage.", "llm.token_count.", "llm.cost."];
/// JSON objects whose members are metrics, and how the name of each ends here.
pub(crate) const METRICS_INSIDE: &[(&str, &str)] = &[
    ("langfuse.observation.usage_details", "_tokens"),
    ("langfuse.observation.cost_details", "_cost"),
];

/// Messages in one attribute, as a list or as its JSON text. The instructions go in front.
pub(crate) const INSTRUCTIONS: &str = "gen_ai.system_instructions";
/// The first is of now, the second of 1.27, the last of Pydantic AI's agents.
pub(crate) const INPUT_MESSAGES: &[&str] =
    &["gen_ai.input.messages", "gen_ai.prompt", "pydantic_ai.all_messages"];
pub(crate) const OUTPUT_MESSAGES: &[&str] = &["gen_ai.output.messages", "gen_ai.completion"];
/// Messages in numbered attributes, `gen_ai.prompt.0.role` and so on.
pub(crate) const INPUT_MESSAGES_BELOW: &[&str] =
    &["gen_ai.prompt.", "llm.input_messages.", "llm.prompts."];
pub(crate) const OUTPUT_MESSAGES_BELOW: &[&str] =
    &["gen_ai.completion.", "llm.output_messages.", "llm.choices."];
/// The events that hold what the attributes of messages would; the last two are of 1.27.
pub(crate) const DETAILS_EVENTS: &[&str] = &[
    "gen_ai.client.inference.operation.details",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
];
/// The older events, one a message, and the role each stands for.
pub(crate) const MESSAGE_EVENTS: &[(&str, &str)] = &[
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
    ("gen_ai.tool.message", "tool"),
];
pub(crate) const CHOICE_EVENT: &str = "gen_ai.choice";
pub(crate) const TOOL_DEFINITIONS: &str = "gen_ai.tool.definitions";
pub(crate) const TOOLS_BELOW: &[&str] = &["llm.tools.", "llm.request.functions."];
pub(crate) const DOCUMENTS: &str = "gen_ai.retrieval.documents";
pub(crate) const DOCUMENTS_BELOW: &[&str] = &["retrieval.documents.", "reranker.output_documents."];
pub(crate) const EMBEDDINGS_BELOW: &str = "embedding.embeddings.";
/// Parts of a prompt, and what they are called here.
pub(crate) const PROMPT: &[(&str, &str)] = &[
    ("gen_ai.prompt.name", "id"),
    ("gen_ai.prompt.version", "version"),
    ("langfuse.observation.prompt.name", "id"),
    ("langfuse.observation.prompt.version", "version"),
    ("llm.prompt_template.version", "version"),
    ("llm.prompt_template.template", "template"),
    ("llm.prompt_template.variables", "variables"),
];
/// Said elsewhere in what is shown, or of no use as a tag.
pub(crate) const SILENT: &[&str] = &[
    "input.mime_type",
    "output.mime_type",
    "telemetry.sdk.language",
    "service.version",
    "error.type",
    // How Logfire draws a span, and what Pydantic AI has in `gen_ai.tool.definitions`, too.
    "logfire.json_schema",
    "model_request_parameters",
];
/// How long a tag may be, as Datadog cuts it.
pub(crate) const TAG_CHARACTERS: usize = 256;

/// Attributes of one span, taken out as they are understood.
pub(crate) struct Attributes(pub(crate) Map<String, Value>);

impl Attributes {
    /// Takes out all of `names`; gives the first that was there.
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
        self.first(names).map(|value| super::event::as_text(&value)).filter(|text| !text.is_empty())
    }

    /// Takes out what is numbered below `prefix`; gives it as a list.
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

/// How many dots of a name are taken as levels; a name is anybody's to choose.
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
