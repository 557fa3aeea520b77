"""The C library as a subject of the suite: runs the steps of a case by its functions."""

from __future__ import annotations

import ctypes
import json
from typing import Any

from c_library import CONSTANTS, LIB, PROCESSOR, Option, Refused, asked, call, given, option, out
from c_library import taken as text_of
from receiver import Receiver

START_NS = 1_700_000_000_000_000_000
PROCESSOR_NS = 1_000_000_000
KINDS = ("llm", "workflow", "agent", "tool", "task", "embedding", "retrieval")
ROOT, CURRENT, CHILD_OF = (CONSTANTS[f"WITSPAN_{name}"] for name in ("ROOT", "CURRENT", "CHILD_OF"))
# States in which something is dropped, and nothing is raised.
DROPPED = (CONSTANTS["WITSPAN_SPAN_FINISHED"], CONSTANTS["WITSPAN_MEMORY_FULL"])
WRONG = CONSTANTS["WITSPAN_INVALID_ARGUMENT"]


class Subject:
    """A tracer that runs the steps of one case."""

    def __init__(self, case: dict[str, Any], form: str, receiver: Receiver) -> None:
        self.case = case
        self.spans: dict[str, int] = {}
        self.remotes: dict[str, str] = {}
        self.event: str | None = None
        self.processor_in_c: Any = None
        settings = case.get("settings", {})
        options = {
            "ml_app": settings.get("ml_app", "conformance"),
            **{name: settings.get(name, "") for name in ("service", "env", "version")},
            **settings.get("limits", {}),
            "api_key": "key",
            "agentless_enabled": form == "public-api",
            "intake": "public" if form == "public-api" else "sdk",
            "override_origin": receiver.url,
        }
        if sampling := settings.get("sampling"):
            options["sample_rate"] = sampling["rate"]
            options["sampling_rules"] = sampling.get("rules", "")
            options["drop_unsampled"] = sampling.get("drop", False)
        config = LIB.witspan_config_new()
        for name, value in options.items():
            LIB.witspan_config_set(config, *given(name), *given(str(value)))
        for key, value in settings.get("tags", {}).items():
            LIB.witspan_config_tag(config, *given(key), *given(value))
        LIB.witspan_config_language(config, *given(settings.get("language", "python")))
        LIB.witspan_config_fixed_clock(config, START_NS, 1)
        LIB.witspan_config_keep_diagnostics(config)
        self.tracer = LIB.witspan_tracer_start(config, None)
        LIB.witspan_config_free(config)
        assert self.tracer

    def close(self) -> None:
        LIB.witspan_shutdown(self.tracer, 0, None, None)
        LIB.witspan_tracer_free(self.tracer)

    def run(self) -> None:
        for at, step in enumerate(self.case["program"]):
            try:
                getattr(self, step["do"])(step)
            except Exception as error:
                raise AssertionError(f"step {at}: {step}") from error

    def start(self, step: dict[str, Any]) -> None:
        belongs, parent = ROOT, 0
        if "current" in step:
            belongs, parent = CURRENT, self.spans[step["current"]]
        elif "child_of" in step:
            belongs, parent = CHILD_OF, self.spans[step["child_of"]]
        names = ("session_id", "ml_app", "model_name", "model_provider", "start_ns")
        options = [option(name, step[name]) for name in names if name in step]
        options += [option("context", context) for context in step.get("contexts", [])]
        if "remote" in step:
            options.append(option("remote", self.remotes[step["remote"]]))
        above = (self.tracer, KINDS.index(step["kind"]), belongs, parent)
        name = given(step["name"]) if "name" in step else (None, 0)
        if not options:
            self.spans[step["span"]] = LIB.witspan_start(*above, *name)
            return
        span = ctypes.c_uint64()
        array = ctypes.byref((Option * len(options))(*options))
        call(LIB.witspan_start_with, *above, *name, array, len(options), ctypes.byref(span))
        self.spans[step["span"]] = span.value

    def annotate(self, step: dict[str, Any]) -> None:
        span = self.spans[step["span"]]
        refused(step, LIB.witspan_annotate, self.tracer, span, *given(step["json"]))

    def context(self, step: dict[str, Any]) -> None:
        refused(step, LIB.witspan_check_context, self.tracer, *given(step["json"]))

    def advance(self, step: dict[str, Any]) -> None:
        LIB.witspan_advance(self.tracer, step["ns"])

    def finish(self, step: dict[str, Any]) -> None:
        ended = (self.tracer, self.spans[step["span"]], step.get("end_ns", 0))
        if failure := step.get("failure"):
            texts = [given(failure.get(name, "")) for name in ("message", "error_type", "stack")]
            current = LIB.witspan_fail(*ended, *(part for text in texts for part in text))
        else:
            current = LIB.witspan_finish(*ended)
        named = [name for name, span in sorted(self.spans.items()) if span == current]
        again = named[0] if current and named else None
        assert again == step.get("current_again")
        if "event" in step:
            assert self.event == step["event"]
        self.event = None

    def abandon(self, step: dict[str, Any]) -> None:
        LIB.witspan_abandon(self.tracer, self.spans[step["span"]])

    def export(self, step: dict[str, Any]) -> None:
        span_id, trace_id = out(), out()
        places = (ctypes.byref(span_id), ctypes.byref(trace_id))
        assert LIB.witspan_ids(self.tracer, self.spans[step["span"]], *places) == 0
        assert text_of(span_id.value) == step["span_id"]
        assert text_of(trace_id.value) == step["trace_id"]

    def record(self, step: dict[str, Any]) -> None:
        span = ctypes.c_uint64()
        record = LIB.witspan_record
        if refused(step, record, self.tracer, *given(step["json"]), ctypes.byref(span)):
            self.spans[step["span"]] = span.value

    def info(self, step: dict[str, Any]) -> None:
        known = json.loads(asked(LIB.witspan_info, self.tracer, self.spans[step["span"]]))
        assert known == {name: v for name, v in step.items() if name not in ("do", "span")}

    def inject(self, step: dict[str, Any]) -> None:
        span, headers = self.spans[step["span"]], lines(step.get("headers", {}))
        got = asked(LIB.witspan_inject, self.tracer, span, *given(headers))
        assert dict(line.split(": ", 1) for line in got.split("\n")[:-1]) == step["gives"]

    def extract(self, step: dict[str, Any]) -> None:
        place = out()
        headers = given(lines(step["headers"]))
        refused(step, LIB.witspan_extract, self.tracer, *headers, ctypes.byref(place))
        self.remotes[step["remote"]] = text_of(place.value) or ""

    def evaluate(self, step: dict[str, Any]) -> None:
        refused(step, LIB.witspan_evaluate, self.tracer, *given(step["json"]))

    def feedback(self, step: dict[str, Any]) -> None:
        refused(step, LIB.witspan_feedback, self.tracer, *given(step["json"]))

    def processor(self, step: dict[str, Any]) -> None:
        does = step["does"]

        def process(_: Any, event: int, length: int, reply: int) -> int:
            self.event = ctypes.string_at(event, length).decode("utf-8")
            if does == "late":
                LIB.witspan_advance(self.tracer, 2 * PROCESSOR_NS)
            if isinstance(does, dict) or does == "nonsense":
                LIB.witspan_reply_set(reply, *given(changed(does, self.event)))
                return CONSTANTS["WITSPAN_REPLACE"]
            said = {"drop": "WITSPAN_DROP", "raise": "WITSPAN_REJECT"}
            return CONSTANTS[said.get(does, "WITSPAN_KEEP")]

        # Also the one before stays: the library may still call it.
        self.processor_in_c = (self.processor_in_c, PROCESSOR(process))
        now = PROCESSOR() if does == "off" else self.processor_in_c[1]
        LIB.witspan_set_processor(self.tracer, now, None, PROCESSOR_NS)

    def poll(self, step: dict[str, Any]) -> None:
        raise NotImplementedError("the worker polls by itself")

    def counters(self) -> dict[str, int]:
        """The counters that are not zero, by their names in the suite."""
        all_of_them = json.loads(text_of(LIB.witspan_statistics(self.tracer)) or "")
        evaluations = all_of_them.pop("evaluations")
        counts = {f"evaluations {name}": evaluations[name] for name in ("accepted", "delivered")}
        for kind, counters in (("", all_of_them), ("evaluations ", evaluations)):
            for reason, count in counters.pop("dropped").items():
                counts[f"{kind}dropped {reason.replace('_', '-')}"] = count
        counts |= {
            n: v for n, v in all_of_them.items() if n not in ("queued", "in_flight", "bytes")
        }
        return {name: count for name, count in counts.items() if count}


def refused(step: dict[str, Any], function: Any, *arguments: Any) -> bool:
    """Makes a call; whether it was accepted, which it must be unless the step says otherwise."""
    try:
        call(function, *arguments)
    except Refused as error:
        if error.code in DROPPED:
            assert step.get("dropped"), error
        else:
            assert (error.code, error.message) == (WRONG, step.get("refused"))
        return False
    assert "refused" not in step and not step.get("dropped")
    return True


def lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def changed(does: Any, event: str) -> str:
    if does == "nonsense":
        return "nonsense"
    value = json.loads(event)
    if "replace" in does:
        value = replaced(value, *does["replace"])
    elif "remove" in does:
        value.pop(does["remove"], None)
    else:
        value = merged(value, does["merge"])
    return json.dumps(value)


def replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


def merged(value: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    kept = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            kept.pop(key, None)
        else:
            kept[key] = merged(kept.get(key), item)
    return kept
