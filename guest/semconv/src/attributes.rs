//! Attributes beside kinds and metrics: what each holds. An attribute that is in no table is a tag.

use crate::Attribute;

/// The application, on a span or its resource. If it is absent, the [`SERVICE`] of the resource counts.
pub const APP: &str = "gen_ai.application.name";
/// The service, on the resource.
pub const SERVICE: &str = "service.name";
/// The service's version, on the resource.
pub const VERSION: &str = "service.version";
/// The language of the tracer, on the resource.
pub const LANGUAGE: &str = "telemetry.sdk.language";
/// The environment, on the resource.
pub const ENVIRONMENT: Attribute = Attribute {
    written: "deployment.environment.name",
    read: &["deployment.environment.name", "deployment.environment"],
};

/// The model. The one that answered is more exact than the one that was asked for.
pub const MODEL: Attribute = Attribute {
    written: "gen_ai.request.model",
    read: &[
        "gen_ai.response.model",
        "gen_ai.request.model",
        "llm.model_name",
        "embedding.model_name",
        "langfuse.observation.model.name",
    ],
};
/// Who serves the model.
pub const PROVIDER: Attribute = Attribute {
    written: "gen_ai.provider.name",
    read: &["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"],
};
/// The session.
pub const SESSION: Attribute = Attribute {
    written: "gen_ai.conversation.id",
    read: &[
        "gen_ai.conversation.id",
        "session.id",
        "langfuse.session.id",
        "traceloop.association.properties.session_id",
    ],
};

/// The arguments of a tool call: its [`INPUT`].
pub const TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
/// The result of a tool call: its [`OUTPUT`].
pub const TOOL_RESULT: &str = "gen_ai.tool.call.result";
/// The input of a span that is not a message.
pub const INPUT: Attribute = Attribute {
    written: "input.value",
    read: &[
        TOOL_ARGUMENTS,
        "gen_ai.retrieval.query.text",
        "input.value",
        "traceloop.entity.input",
        "langfuse.observation.input",
    ],
};
/// The output of a span that is not a message. The last is of Pydantic AI's agents.
pub const OUTPUT: Attribute = Attribute {
    written: "output.value",
    read: &[
        TOOL_RESULT,
        "output.value",
        "traceloop.entity.output",
        "langfuse.observation.output",
        "final_result",
    ],
};

/// Messages in one attribute, as a list or as its JSON text. The instructions go in front.
pub const INSTRUCTIONS: &str = "gen_ai.system_instructions";
/// What a model was asked. The second is of 1.27, the last of Pydantic AI's agents.
pub const INPUT_MESSAGES: Attribute = Attribute {
    written: "gen_ai.input.messages",
    read: &["gen_ai.input.messages", "gen_ai.prompt", "pydantic_ai.all_messages"],
};
/// What a model answered.
pub const OUTPUT_MESSAGES: Attribute = Attribute {
    written: "gen_ai.output.messages",
    read: &["gen_ai.output.messages", "gen_ai.completion"],
};
/// The same in numbered attributes, `gen_ai.prompt.0.role` and so on.
pub const INPUT_MESSAGES_BELOW: &[&str] =
    &["gen_ai.prompt.", "llm.input_messages.", "llm.prompts."];
/// The same for answers.
pub const OUTPUT_MESSAGES_BELOW: &[&str] =
    &["gen_ai.completion.", "llm.output_messages.", "llm.choices."];

/// The tool that was called.
pub const TOOL_NAME: &str = "gen_ai.tool.name";
/// The tools that a model may call.
pub const TOOL_DEFINITIONS: &str = "gen_ai.tool.definitions";
/// The same in numbered attributes.
pub const TOOLS_BELOW: &[&str] = &["llm.tools.", "llm.request.functions."];

/// The documents that were found.
pub const DOCUMENTS: &str = "gen_ai.retrieval.documents";
/// The same in numbered attributes.
pub const DOCUMENTS_BELOW: &[&str] = &["retrieval.documents.", "reranker.output_documents."];
/// The documents that were embedded, in numbered attributes.
pub const EMBEDDINGS_BELOW: &str = "embedding.embeddings.";

/// Parts of a prompt: the name of each here, and its attributes.
pub const PROMPT: &[(&str, Attribute)] = &[
    (
        "id",
        Attribute {
            written: "gen_ai.prompt.name",
            read: &["gen_ai.prompt.name", "langfuse.observation.prompt.name"],
        },
    ),
    (
        "version",
        Attribute {
            written: "llm.prompt_template.version",
            read: &[
                "gen_ai.prompt.version",
                "langfuse.observation.prompt.version",
                "llm.prompt_template.version",
            ],
        },
    ),
    (
        "template",
        Attribute {
            written: "llm.prompt_template.template",
            read: &["llm.prompt_template.template"],
        },
    ),
    (
        "variables",
        Attribute {
            written: "llm.prompt_template.variables",
            read: &["llm.prompt_template.variables"],
        },
    ),
];

/// JSON objects whose members are metadata. Those of all these attributes count, not only of the first.
pub const METADATA: Attribute = Attribute {
    written: "_dd.ml_obs.metadata",
    read: &[
        "_dd.ml_obs.metadata",
        "llm.invocation_parameters",
        "embedding.invocation_parameters",
        "langfuse.observation.model.parameters",
        "metadata",
    ],
};
/// Attributes below these are metadata. The name of each is the rest.
pub const METADATA_BELOW: &[&str] =
    &["gen_ai.request.", "gen_ai.response.", "langfuse.observation.metadata."];
/// The metadata that says why a model stopped. Most have it below `gen_ai.response.`; messages may say
/// it, too.
pub const FINISH_REASONS: &str = "finish_reasons";
/// The one reason, as OpenInference has it.
pub const FINISH_REASON: &str = "llm.finish_reason";

/// The class of an error, if no event has it.
pub const ERROR_TYPE: &str = "error.type";
/// Never tags: shown elsewhere, or of no use as a tag.
pub const SILENT: &[&str] = &[
    "input.mime_type",
    "output.mime_type",
    LANGUAGE,
    VERSION,
    ERROR_TYPE,
    // How Logfire draws a span, and what Pydantic AI has in `gen_ai.tool.definitions`, too.
    "logfire.json_schema",
    "model_request_parameters",
];
/// How long a tag may be, as Datadog cuts it.
pub const TAG_CHARACTERS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let single = [ENVIRONMENT, MODEL, PROVIDER, SESSION, INPUT, OUTPUT, METADATA];
        let all = single.into_iter().chain([INPUT_MESSAGES, OUTPUT_MESSAGES]);
        for each in all.chain(PROMPT.iter().map(|(_, attribute)| *attribute)) {
            assert!(each.read.contains(&each.written), "{each:?}");
        }
        assert!(INPUT.read.contains(&TOOL_ARGUMENTS));
        assert!(OUTPUT.read.contains(&TOOL_RESULT));
    }
}
