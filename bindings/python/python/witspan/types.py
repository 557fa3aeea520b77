"""What annotations are made of, for type checkers, and holders of messages and documents.

The names and members are those of ddtrace's `ddtrace.llmobs.types` and `ddtrace.llmobs.utils`. At
run time a `TypedDict` is a plain dict; `wit/tracing.wit` says what each member means and what the
core takes beyond it.
"""

from typing import Any, Literal, TypedDict, Union

from ._errors import LLMObsArgumentError

__all__ = [
    "Agent",
    "AgentTool",
    "AudioPart",
    "ChatMessage",
    "Document",
    "Documents",
    "ExportedLLMObsSpan",
    "FeedbackSubmitter",
    "ImagePart",
    "Message",
    "MessagePlaceholder",
    "Messages",
    "Prompt",
    "ToolCall",
    "ToolCallFunction",
    "ToolDefinition",
    "ToolResult",
]


class ExportedLLMObsSpan(TypedDict):
    """The ids of a span, as `LLMObs.export_span` gives them."""

    span_id: str
    trace_id: str


class _FeedbackSubmitter(TypedDict):
    id: str


class FeedbackSubmitter(_FeedbackSubmitter, total=False):
    """Who gives feedback; `type` is `user` or `agent`."""

    type: str


class Document(TypedDict, total=False):
    """What a retrieval found, or an embedding was made of."""

    name: str
    id: str
    text: str
    score: float


class ToolCallFunction(TypedDict):
    """The function of a tool call as OpenAI's clients have it; `arguments` is JSON text."""

    name: str
    arguments: str


class ToolCall(TypedDict, total=False):
    """A call that a model asks for: in our form, or in OpenAI's with `function`."""

    name: str
    arguments: dict[str, Any]
    tool_id: str
    type: str
    id: str
    function: ToolCallFunction


class ToolResult(TypedDict, total=False):
    """What a call came to; `tool_id` is that of the call."""

    name: str
    result: str
    tool_id: str
    type: str


class ToolDefinition(TypedDict, total=False):
    """A tool that a model may call; `schema` is a JSON Schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]
    version: str


class AudioPart(TypedDict, total=False):
    """Sound in a message: `content` is base64, `attachment_key` names what was stored elsewhere."""

    mime_type: str
    content: str
    attachment_key: str


class ImagePart(TypedDict, total=False):
    """A picture in a message: `content` is base64, `attachment_key` names what is elsewhere."""

    mime_type: str
    content: str
    attachment_key: str


class Message(TypedDict, total=False):
    """One message to a model or from it."""

    id: str
    role: str
    content: str
    tool_calls: list[ToolCall]
    tool_results: list[ToolResult]
    tool_id: str
    tool_call_id: str
    audio_parts: list[AudioPart]
    image_parts: list[ImagePart]


class ChatMessage(TypedDict):
    """A message in a template of a chat."""

    role: str
    content: str


class MessagePlaceholder(Message):
    """Where messages of the conversation go in a template of a chat."""

    type: Literal["placeholder"]
    name: str


class Prompt(TypedDict, total=False):
    """The prompt that a model call was made with: a `template` or a `chat_template`, not both."""

    version: str
    id: str
    label: str
    template: str
    chat_template: Union[list[dict[str, str]], list[Message]]
    variables: dict[str, str]
    tags: dict[str, str]
    #: Names of the variables that hold what was retrieved.
    rag_context_variables: list[str]
    #: Names of the variables that hold the question.
    rag_query_variables: list[str]
    prompt_uuid: str
    prompt_version_uuid: str
    config: dict[str, Any]


class _AgentTool(TypedDict):
    name: str


class AgentTool(_AgentTool, total=False):
    """A tool that an agent says it has; `parameters` is by name, or a JSON Schema."""

    description: str
    parameters: dict[str, Any]


class Agent(TypedDict, total=False):
    """What an agent says of itself."""

    version: str
    name: str
    instructions: str
    model: str
    model_settings: dict[str, Any]
    tools: list[AgentTool]


class Messages(list[dict[str, Any]]):
    """Messages of one text, one dict, or a list of either. A list, to give to `annotate`.

    What is in them is checked there. Raises `LLMObsArgumentError` for anything else.
    """

    def __init__(self, messages: Union[list[Any], dict[str, Any], str]) -> None:
        super().__init__(_dicts("messages", messages, "content"))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Itself, by the name that ddtrace has for it."""
        return self


class Documents(list[dict[str, Any]]):
    """Documents of one text, one dict, or a list of either. A list, to give to `annotate`.

    What is in them is checked there. Raises `LLMObsArgumentError` for anything else.
    """

    def __init__(self, documents: Union[list[Any], dict[str, Any], str]) -> None:
        super().__init__(_dicts("documents", documents, "text"))

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Itself, by the name that ddtrace has for it."""
        return self


def _dicts(name: str, given: Any, member: str) -> list[dict[str, Any]]:
    items = list(given) if isinstance(given, (list, tuple)) else [given]
    dicts = []
    for item in items:
        if isinstance(item, str):
            item = {member: item}
        if not isinstance(item, dict):
            got = type(item).__name__
            raise LLMObsArgumentError(
                f"`{name}` holds a {got}; accepted: str, dict, or a list of them"
            )
        dicts.append(item)
    return dicts
