"""Every argument of the API with values of every type: what is raised, and what a receiver gets.

    python table.py ddtrace > ddtrace.json     with ddtrace 4.16.0: what it does
    python table.py witspan                    the same calls by `from witspan import LLMObs`

Under `witspan-run --as-ddtrace` the first is witspan, too. `test_tolerance.py` compares.
"""

from __future__ import annotations

import contextvars
import datetime
import decimal
import enum
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tests" / "support"))

from receiver import Answer, Receiver, Request  # noqa: E402

WHO = sys.argv[1] if __name__ == "__main__" else "witspan"


# ---- what is given


class Text(str):
    """A text of the application's own."""


class Color(enum.Enum):
    RED = "red"


class Word(str, enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Thing:
    def __str__(self) -> str:
        return "a thing"

    __repr__ = __str__


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


VALUES: dict[str, Any] = {
    "None": None,
    "True": True,
    "False": False,
    "0": 0,
    "5": 5,
    "-1": -1,
    "1.5": 1.5,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "10**30": 10**30,
    "empty text": "",
    "text": "text",
    "digits": "5",
    "own text": Text("text"),
    "bytes": b"text",
    "Decimal": decimal.Decimal("0.5"),
    "UUID": uuid.UUID(int=7),
    "Enum": Color.RED,
    "text Enum": Word.RED,
    "IntEnum": Number.ONE,
    "datetime": datetime.datetime(2026, 1, 2, 3, 4, 5),
    "empty list": [],
    "list": [1, "a", None],
    "list of texts": ["a", "b"],
    "tuple": ("a", "b"),
    "set": {"a"},
    "empty dict": {},
    "dict": {"k": "v"},
    "dict of None": {"k": None},
    "dict by number": {1: 2},
    "object": Thing(),
    "class": Thing,
    "function": len,
    "hostile": Hostile(),
}


# ---- the calls

Call = Callable[[Any], Any]
#: By the argument's name: the call, and the paths of an event (or evaluation) that show it.
CALLS: dict[str, tuple[Call, tuple[str, ...]]] = {}


def api() -> Any:
    if WHO == "ddtrace":
        from ddtrace import llmobs
        from ddtrace.llmobs import decorators
    else:
        import witspan as llmobs
        from witspan import decorators  # type: ignore[no-redef]
    return llmobs.LLMObs, decorators


LLMObs, decorators = api()


def argument(name: str, call: Call, *paths: str) -> None:
    CALLS[name] = (call, paths)


def starts(kind: str, parameter: str, *paths: str) -> None:
    def call(value: Any) -> None:
        with getattr(LLMObs, kind)(**{parameter: value}):
            pass

    argument(f"{kind}({parameter})", call, *paths)

    def decorated(value: Any) -> None:
        @getattr(decorators, kind)(**{parameter: value})
        def work() -> None:
            pass

        work()

    argument(f"@{kind}({parameter})", decorated, *paths)


for kind in ("llm", "embedding", "workflow", "agent", "tool", "task", "retrieval"):
    starts(kind, "name", "name")
for parameter, paths in {
    "session_id": ("session_id", "tags/session_id"),
    "ml_app": ("tags/ml_app",),
    "agent_service": ("tags/ml_app",),
}.items():
    for kind in ("llm", "workflow", "agent"):
        starts(kind, parameter, *paths)
for kind in ("llm", "embedding"):
    starts(kind, "model_name", "meta/model_name")
    starts(kind, "model_provider", "meta/model_provider")
starts("agent", "version", "tags/agent_version")


def decorated_by_position(value: Any) -> None:
    if not callable(value):

        @decorators.task(value)
        def work() -> None:
            pass

        work()


argument("@task(original_func)", decorated_by_position, "name")


def annotates(name: str, kind: str, parts: Callable[[Any], dict[str, Any]], *paths: str) -> None:
    def call(value: Any) -> None:
        with getattr(LLMObs, kind)() as span:
            raised = None
            try:
                LLMObs.annotate(span, **parts(value))
            except Exception as error:
                # Not out of the span, which would be marked as failed.
                raised = error
        if raised is not None:
            raise raised

    argument(name, call, *paths)


def hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def keyed(value: Any) -> dict[Any, Any]:
    return {value: 1} if hashable(value) else {}


IN, OUT = "meta/input", "meta/output"
for kind in ("llm", "task", "embedding", "retrieval"):
    annotates(f"{kind} input_data", kind, lambda v: {"input_data": v}, IN)
    annotates(f"{kind} output_data", kind, lambda v: {"output_data": v}, OUT)
    annotates(f"{kind} input_data[0]", kind, lambda v: {"input_data": [v]}, IN)
    annotates(f"{kind} output_data[0]", kind, lambda v: {"output_data": [v]}, OUT)


def message(name: str, **more: Any) -> None:
    annotates(
        f"message.{name}",
        "llm",
        lambda v: {"output_data": [{"content": "said", "role": "assistant", **more, name: v}]},
        OUT,
    )


for name in (
    *("content", "role", "tool_calls", "tool_results", "audio_parts", "image_parts"),
    *("tool_call_id", "tool_id", "name", "id", "unknown"),
):
    message(name)


def of_message(member: str, good: dict[str, Any], names: tuple[str, ...]) -> None:
    def made(name: str) -> Callable[[Any], dict[str, Any]]:
        def parts(value: Any) -> dict[str, Any]:
            inside = {**good, name: value} if name else value
            return {"output_data": [{"content": "said", "role": "assistant", member: [inside]}]}

        return parts

    for name in names:
        annotates(f"message.{member}[0]{'.' if name else ''}{name}", "llm", made(name), OUT)


of_message(
    "tool_calls",
    {"name": "find", "arguments": {"q": "x"}},
    ("", "name", "arguments", "tool_id", "type", "function"),
)
of_message(
    "tool_results", {"name": "find", "result": "found"}, ("", "name", "result", "tool_id", "type")
)
of_message(
    "image_parts", {"mime_type": "image/png", "content": "aGk="}, ("", "mime_type", "content")
)
of_message("audio_parts", {"mime_type": "audio/wav", "attachment_key": "k"}, ("", "attachment_key"))

for name in ("text", "name", "id", "score", "metadata", "ranking", "unknown"):
    annotates(
        f"document.{name}",
        "retrieval",
        lambda v, name=name: {"output_data": [{"text": "said", name: v}]},  # type: ignore[misc]
        OUT,
    )
    annotates(
        f"embedding document.{name}",
        "embedding",
        lambda v, name=name: {"input_data": [{"text": "said", name: v}]},  # type: ignore[misc]
        IN,
    )

META = "meta/metadata"
annotates("metadata", "task", lambda v: {"metadata": v}, META)
annotates("metadata.k", "task", lambda v: {"metadata": {"k": v}}, META)
annotates("metadata key", "task", lambda v: {"metadata": keyed(v)}, META)
annotates("metrics", "task", lambda v: {"metrics": v}, "metrics")
annotates("metrics.k", "task", lambda v: {"metrics": {"k": v, "kept": 1}}, "metrics")
annotates("metrics key", "task", lambda v: {"metrics": keyed(v)}, "metrics")
annotates("tags", "task", lambda v: {"tags": v}, "tags/k", "tags/1")
annotates("tags.k", "task", lambda v: {"tags": {"k": v}}, "tags/k")
annotates("tags key", "task", lambda v: {"tags": keyed(v)}, "tags/*")
annotates("tags.session_id", "task", lambda v: {"tags": {"session_id": v}}, "session_id")
COST = "meta/metadata/_dd/cost_tags"
both = {"b": "1", "a": "2", "5": "3"}
annotates("cost_tags", "llm", lambda v: {"tags": both, "cost_tags": v}, COST)
annotates("cost_tags[0]", "llm", lambda v: {"tags": both, "cost_tags": [v, "b", "a", "b"]}, COST)
TOOLS = "meta/tool_definitions"
annotates("tool_definitions", "llm", lambda v: {"tool_definitions": v}, TOOLS)
annotates(
    "tool_definitions[0]", "llm", lambda v: {"tool_definitions": [v, {"name": "kept"}]}, TOOLS
)
for name in ("name", "description", "schema", "version", "unknown"):
    annotates(
        f"tool_definition.{name}",
        "llm",
        lambda v, name=name: {  # type: ignore[misc]
            "tool_definitions": [{"name": "find", name: v}, {"name": "kept"}]
        },
        TOOLS,
    )
PROMPT = "meta/input/prompt"
annotates("prompt", "llm", lambda v: {"prompt": v}, PROMPT)
for name in (
    *("id", "version", "label", "template", "chat_template", "variables", "tags"),
    *("rag_context_variables", "rag_query_variables", "prompt_uuid", "prompt_version_uuid"),
    "unknown",
):
    annotates(f"prompt.{name}", "llm", lambda v, name=name: {"prompt": {name: v}}, PROMPT)  # type: ignore[misc]
annotates("prompt.variables.k", "llm", lambda v: {"prompt": {"variables": {"k": v}}}, PROMPT)
annotates("prompt.tags.k", "llm", lambda v: {"prompt": {"tags": {"k": v}}}, PROMPT)
annotates("prompt.chat_template[0]", "llm", lambda v: {"prompt": {"chat_template": [v]}}, PROMPT)
for name in ("role", "content", "type"):
    annotates(
        f"prompt.chat_template[0].{name}",
        "llm",
        lambda v, name=name: {  # type: ignore[misc]
            "prompt": {"chat_template": [{"role": "user", "content": "said", name: v}]}
        },
        PROMPT,
    )
annotates(
    "prompt.rag_context_variables[0]",
    "llm",
    lambda v: {"prompt": {"rag_context_variables": [v]}},
    PROMPT,
)
AGENT = ("meta/metadata/_dd/agent_manifest", "tags/agent_version")
annotates("agent", "agent", lambda v: {"agent": v}, *AGENT)
for name in ("version", "name", "instructions", "model", "model_settings", "tools", "unknown"):
    annotates(
        f"agent.{name}",
        "agent",
        lambda v, name=name: {"agent": {"instructions": "kept", name: v}},  # type: ignore[misc]
        *AGENT,
    )
for name in ("temperature", "stop_sequences", "logit_bias", "unknown"):
    annotates(
        f"agent.model_settings.{name}",
        "agent",
        lambda v, name=name: {"agent": {"model_settings": {"top_p": 1, name: v}}},  # type: ignore[misc]
        *AGENT,
    )
annotates("agent.tools[0]", "agent", lambda v: {"agent": {"tools": [v, {"name": "kept"}]}}, *AGENT)
for name in ("name", "description", "parameters", "unknown"):
    annotates(
        f"agent.tools[0].{name}",
        "agent",
        lambda v, name=name: {"agent": {"tools": [{"name": "find", name: v}]}},  # type: ignore[misc]
        *AGENT,
    )


def around(parameter: str, kind: str, parts: Callable[[Any], dict[str, Any]], *paths: str) -> None:
    def call(value: Any) -> None:
        with LLMObs.annotation_context(**parts(value)):
            with getattr(LLMObs, kind)(name="inside"):
                pass

    argument(f"annotation_context({parameter})", call, *paths)


around("tags", "task", lambda v: {"tags": v}, "tags/k", "tags/1")
around("tags.k", "task", lambda v: {"tags": {"k": v}}, "tags/k")
around("prompt", "llm", lambda v: {"prompt": v}, PROMPT)
around("prompt.id", "llm", lambda v: {"prompt": {"id": v, "template": "t"}}, PROMPT)
around("name", "task", lambda v: {"name": v}, "name")
around("cost_tags", "llm", lambda v: {"tags": both, "cost_tags": v}, COST)
around("cost_tags[0]", "llm", lambda v: {"tags": both, "cost_tags": [v, "b", "a"]}, COST)
around("agent", "agent", lambda v: {"agent": v}, *AGENT)
around("agent.version", "agent", lambda v: {"agent": {"version": v}}, *AGENT)
around("agent.name", "agent", lambda v: {"agent": {"name": v}}, *AGENT)

GOOD = {"label": "label", "metric_type": "categorical", "value": "good"}
AT = {"span_id": "7", "trace_id": "8"}


def evaluates(name: str, parts: Callable[[Any], dict[str, Any]], *paths: str) -> None:
    def call(value: Any) -> None:
        LLMObs.submit_evaluation(**{**GOOD, "span": AT, **parts(value)})

    argument(f"submit_evaluation({name})", call, *paths)


def feeds_back(name: str, parts: Callable[[Any], dict[str, Any]], *paths: str) -> None:
    def call(value: Any) -> None:
        LLMObs.submit_feedback(
            **{**GOOD, "span_id": "7", "submitter": {"id": "me"}, **parts(value)}
        )

    argument(f"submit_feedback({name})", call, *paths)


for submits in (evaluates, feeds_back):
    submits("label", lambda v: {"label": v}, "label")
    submits("metric_type", lambda v: {"metric_type": v}, "metric_type")
    for metric in ("categorical", "score", "boolean", "json"):
        submits(
            f"{metric} value",
            lambda v, metric=metric: {"metric_type": metric, "value": v},  # type: ignore[misc]
            f"{metric}_value",
        )
    submits("json value.k", lambda v: {"metric_type": "json", "value": {"k": v}}, "json_value")
    submits("tags", lambda v: {"tags": v}, "tags/k", "tags/1")
    submits("tags.k", lambda v: {"tags": {"k": v}}, "tags/k")
    submits("ml_app", lambda v: {"ml_app": v}, "ml_app", "tags/ml_app")
    submits("agent_service", lambda v: {"agent_service": v}, "ml_app", "tags/ml_app")
    submits("timestamp_ms", lambda v: {"timestamp_ms": v})
    submits("assessment", lambda v: {"assessment": v}, "assessment")
    submits("reasoning", lambda v: {"reasoning": v}, "reasoning")
evaluates("span", lambda v: {"span": v}, "join_on")
evaluates("span.span_id", lambda v: {"span": {**AT, "span_id": v}}, "join_on")
evaluates("span.trace_id", lambda v: {"span": {**AT, "trace_id": v}}, "join_on")
evaluates("span_with_tag_value", lambda v: {"span": None, "span_with_tag_value": v}, "join_on")
for name in ("tag_key", "tag_value"):
    evaluates(
        f"span_with_tag_value.{name}",
        lambda v, name=name: {  # type: ignore[misc]
            "span": None,
            "span_with_tag_value": {"tag_key": "k", "tag_value": "v", name: v},
        },
        "join_on",
    )
evaluates("eval_scope", lambda v: {"eval_scope": v}, "eval_scope")
evaluates("metadata", lambda v: {"metadata": v}, "metadata")
evaluates("metadata.k", lambda v: {"metadata": {"k": v}}, "metadata")
feeds_back("text value", lambda v: {"metric_type": "text", "value": v}, "text_value")
feeds_back("submitter", lambda v: {"submitter": v}, "submitter")
feeds_back("submitter.id", lambda v: {"submitter": {"id": v}}, "submitter")
feeds_back("submitter.type", lambda v: {"submitter": {"id": "me", "type": v}}, "submitter")
feeds_back("submitter.unknown", lambda v: {"submitter": {"id": "me", "x": v}}, "submitter")
for name in ("span_id", "trace_id", "session_id", "feedback_join_key"):
    feeds_back(name, lambda v, name=name: {"span_id": None, name: v}, name)  # type: ignore[misc]
feeds_back("span", lambda v: {"span_id": None, "span": v}, "span_id")
feeds_back("span.span_id", lambda v: {"span_id": None, "span": {"span_id": v}}, "span_id")


def on_span(name: str, call: Callable[[Any, Any], Any], *paths: str) -> None:
    """A call with a span that is open, which ends afterwards."""

    def run(value: Any) -> None:
        span = LLMObs.task(name="given")
        try:
            call(span, value)
        finally:
            span.finish()

    argument(f"span.{name}", run, *paths)


on_span("finish(finish_time)", lambda span, v: span.finish(v))
on_span("set_tag(key)", lambda span, v: span.set_tag(v, "v"))
on_span("set_tag(value)", lambda span, v: span.set_tag("k", v))
on_span("set_tags(tags)", lambda span, v: span.set_tags(v))
on_span("set_metric(key)", lambda span, v: span.set_metric(v, 1))
on_span("set_metric(value)", lambda span, v: span.set_metric("k", v))
on_span("set_metrics(metrics)", lambda span, v: span.set_metrics(v))
on_span("get_tag(key)", lambda span, v: span.get_tag(v))
on_span("get_metric(key)", lambda span, v: span.get_metric(v))
on_span("set_exc_info(value)", lambda span, v: span.set_exc_info(ValueError, v, None), "status")
on_span("set_traceback(limit)", lambda span, v: span.set_traceback(v), "status")
for attribute in (
    *("error", "name", "resource", "service", "span_type", "start_ns", "start", "duration_ns"),
    *("duration", "context"),
):
    on_span(
        f"{attribute} =",
        lambda span, v, attribute=attribute: setattr(span, attribute, v),  # type: ignore[misc]
        "name",
        "status",
    )

argument("export_span(span)", lambda v: LLMObs.export_span(v))
argument("annotate(span)", lambda v: LLMObs.annotate(v, tags={"a": "b"}))
argument("inject_distributed_headers(headers)", lambda v: LLMObs.inject_distributed_headers(v))


def inside(call: Call) -> Call:
    def run(value: Any) -> None:
        with LLMObs.task(name="around"):
            call(value)

    return run


argument(
    "inject_distributed_headers(headers) in a span",
    inside(lambda v: LLMObs.inject_distributed_headers(v)),
)
argument(
    "inject_distributed_headers(span)", inside(lambda v: LLMObs.inject_distributed_headers({}, v))
)
argument(
    "activate_distributed_headers(headers)",
    lambda v: LLMObs.activate_distributed_headers(v),
)
argument("register_processor(processor)", lambda v: LLMObs.register_processor(v))


def enables(parameter: str) -> None:
    def call(value: Any) -> None:
        LLMObs.disable()
        try:
            LLMObs.enable(**{**SETTINGS, parameter: value})
            with LLMObs.task(name="inside"):
                pass
        finally:
            LLMObs.flush()
            LLMObs.disable()
            LLMObs.enable(**SETTINGS)

    paths = {"sample_rate": ("_dd/sample_rate",), "api_key": (), "site": ()}
    shown = paths.get(parameter, ("tags/ml_app", "tags/service", "tags/env"))
    argument(f"enable({parameter})", call, *shown)


#: `integrations_enabled` is left out: the real one would import every library that there is.
for parameter in (
    *("ml_app", "agent_service", "agentless_enabled", "instrumented_proxy_urls", "site"),
    *("api_key", "app_key", "project_name", "env", "service", "span_processor", "sample_rate"),
):
    enables(parameter)

SETTINGS: dict[str, Any] = {
    "ml_app": "tests",
    "integrations_enabled": False,
    "agentless_enabled": True,
    "api_key": "none",
}


# ---- what comes of them


class Sink(Receiver):
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__()

    def take(self, request: Request) -> Answer:
        body = json.loads(request.body)
        if isinstance(body, list):
            self.events += [event for each in body for event in each["spans"]]
        else:
            self.events += body["data"]["attributes"]["metrics"]
        return Answer(202)

    def taken(self) -> list[dict[str, Any]]:
        LLMObs.flush()
        taken, self.events = self.events, []
        return taken


def shown(event: dict[str, Any], path: str) -> Any:
    """What an event has at a path; of `tags` the value of a key, or all that are not ours."""
    head, _, rest = path.partition("/")
    found: Any = event.get(head)
    if head == "tags":
        tags = dict(tag.split(":", 1) for tag in found)
        if rest != "*":
            return tags.get(rest)
        own = {key: tags[key] for key in sorted(tags) if tags[key] == "1"}
        own.pop("decorator", None)
        return own
    for part in filter(None, rest.split("/")):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def ran(name: str, value: Any) -> dict[str, Any]:
    """What a call raised (the class's name), and what was sent at its paths."""
    call, paths = CALLS[name]
    outcome: dict[str, Any] = {}
    if isinstance(value, (dict, list, set)):
        # `inject_distributed_headers` writes into it.
        value = value.copy()
    try:
        contextvars.Context().run(call, value)
    except Exception as error:
        outcome["raised"] = type(error).__name__
    sent = SINK.taken()
    LLMObs.register_processor(None)
    if paths:
        outcome["sent"] = [shown(sent[-1], path) for path in paths] if sent else "nothing"
    return outcome


def main() -> None:
    for name in list(os.environ):
        if name.startswith("DD_"):
            del os.environ[name]
    os.environ.update(DD_LLMOBS_OVERRIDE_ORIGIN=SINK.url, WITSPAN_INTAKE="sdk")
    LLMObs.enable(**SETTINGS)
    # By name, and by value: `enable` of ddtrace wants a process for each.
    for name in sys.argv[2:3] or CALLS:
        for given in sys.argv[3:] or VALUES:
            print(json.dumps([name, given, ran(name, VALUES[given])]), flush=True)


SINK = Sink()

if __name__ == "__main__":
    main()
