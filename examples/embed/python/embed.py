"""The component without any package of ours: two spans, sent by hand.

`../README.md` says how to run it, and what a longer program would add.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

COMPONENT = Path(__file__).resolve().parents[3] / "target" / "component" / "witspan.wasm"
API_KEY = os.environ.get("DD_API_KEY") or sys.exit(
    "DD_API_KEY is missing: set it to the API key of your receiver"
)
SITE = os.environ.get("DD_SITE", "datadoghq.com")
ORIGIN = os.environ.get("DD_LLMOBS_OVERRIDE_ORIGIN")

# 1. An instance. The two clocks and the entropy that it imports are part of wasmtime's own WASI.

engine = Engine()
store = Store(engine)
store.set_wasi(WasiConfig())
linker = Linker(engine)
linker.add_wasip2()
instance = linker.instantiate(store, Component.from_file(engine, str(COMPONENT)))

# 2. Calls. `wasmtime` gives a variant as its bare content wherever the Python type tells the cases
# apart: `result<span, span-error>` is an int or a str, the action `idle` is None.

SPAN_ERRORS = ("unknown-span", "invalid-context", "invalid-remote")


def call(interface: str, name: str, *values: Any) -> Any:
    """Calls an exported function; an error of the contract is raised."""
    exports = instance.get_export_index(store, f"witspan:llmobs/{interface}@0.2.0")
    function = instance.get_func(store, instance.get_export_index(store, name, exports))
    result = function(store, *values)
    if isinstance(result, Variant):
        raise ValueError(f"{name}: {result.tag} {vars(result.payload) if result.payload else ''}")
    if isinstance(result, str) and result in SPAN_ERRORS:
        raise ValueError(f"{name}: {result}")
    return result


def record(**fields: Any) -> Record:
    """A record; its names have `-` where Python's have `_`."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


# 3. Spans.


def trace() -> None:
    settings = record(
        ml_app="embedded",
        service="",
        env="",
        version="",
        tags=[record(key="team", value="search")],
        language="python",
        destination=record(format="public-api", route="direct"),
        limits=None,
        sampling=None,
    )
    call("tracing", "configure", settings)
    answer = call("tracing", "start-span", "workflow", Variant("root"), "answer", None, None)
    model = [Variant("model-name", "gpt-4o"), Variant("model-provider", "openai")]
    ask = call("tracing", "start-span", "llm", Variant("child-of", answer), "ask", model, None)
    annotation = {
        "input": [{"role": "user", "content": "Why is the sky blue? 🌈"}],
        "output": "Rayleigh scattering.",
        "metrics": {"input_tokens": 9, "output_tokens": 4},
    }
    call("tracing", "annotate", ask, json.dumps(annotation))
    call("tracing", "finish", ask, None, None, None)
    call("tracing", "finish", answer, None, None, None)
    print("trace", vars(call("tracing", "export-span", answer))["trace-id"])


# 4. Sending. The core says what to send, what to make of the answer, and how long to wait.


def post(request: Record) -> Record | None:
    """One POST: the intake's answer, or None if there was none."""
    origin = ORIGIN or f"https://{request.host}.{SITE}"
    headers = {header.name: header.value for header in request.headers}
    headers["DD-API-KEY"] = API_KEY
    made = urllib.request.Request(origin + request.path, request.body, headers)
    try:
        with urllib.request.urlopen(made, timeout=10) as answer:
            status, given = answer.status, answer.headers
    except urllib.error.HTTPError as refusal:
        status, given = refusal.code, refusal.headers
    except OSError as error:
        print(f"POST {request.path}: {error}")
        return None
    print(f"POST {request.path}: {status}")
    named = [record(name=name, value=value) for name, value in given.items()]
    return record(status=status, headers=named)


def send(request: Record) -> None:
    while True:
        disposition = call("delivery", "complete", request.id, post(request))
        if disposition is None:
            return print(f"delivered {request.spans} spans")
        if isinstance(disposition, str):
            return print(f"dropped: {disposition}")
        print(f"again in {disposition / 1e6:.0f} ms")
        time.sleep(disposition / 1e9)


def main() -> int:
    trace()
    # A program that goes on would poll for what is `due`, whenever `finish` says `should_poll`.
    while (action := call("delivery", "poll", "everything")) is not None:
        if isinstance(action, Record):
            send(action)
        else:
            time.sleep(action / 1e9)
    counters = call("delivery", "statistics")
    print(f"{counters.delivered} of {counters.accepted} spans delivered")
    return 0 if counters.delivered == counters.accepted else 1


if __name__ == "__main__":
    sys.exit(main())
