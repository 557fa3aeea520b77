//! Events of spans: the ones that hold messages, and exceptions.

/// The events that hold what the attributes of messages would. The last two are of 1.27.
pub const DETAILS: &[&str] = &[
    "gen_ai.client.inference.operation.details",
    "gen_ai.content.prompt",
    "gen_ai.content.completion",
];
/// The older events, one for each message, and the role of each.
pub const MESSAGES: &[(&str, &str)] = &[
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
    ("gen_ai.tool.message", "tool"),
];
/// The older event of one answer of a model.
pub const CHOICE: &str = "gen_ai.choice";

/// The event of an error, and its attributes.
pub const EXCEPTION: &str = "exception";
/// The error's class.
pub const EXCEPTION_TYPE: &str = "exception.type";
/// What the error says.
pub const EXCEPTION_MESSAGE: &str = "exception.message";
/// Where in the program it was.
pub const EXCEPTION_STACK: &str = "exception.stacktrace";
