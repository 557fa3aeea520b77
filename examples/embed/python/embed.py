"""The component without any package of ours: a trace of two spans, made and sent by hand.

`../README.md` says how to run it, and what a longer program would add.
"""

import base64
import json
import os
import re
import sys
import time
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

# Engine, clocks, entropy: the last two are in wasmtime's own WASI.
FILE = Path(__file__).resolve().parents[3] / "target" / "component" / "witspan.wasm"
store = Store(engine := Engine())
store.set_wasi(WasiConfig())
linker = Linker(engine)
linker.add_wasip2()
instance = linker.instantiate(store, Component.from_file(engine, str(FILE)))


def call(interface, name, *values):
    """Calls an exported function. A variant is bare where its content tells the cases apart."""
    exports = instance.get_export_index(store, f"witspan:llmobs/{interface}@0.2.0")
    function = instance.get_func(store, instance.get_export_index(store, name, exports))
    result = function(store, *values)
    if isinstance(result, Variant):  # an error of the contract
        raise ValueError(f"{name}: {result.tag} {vars(result.payload) if result.payload else ''}")
    return result


def record(**fields):
    vars(made := Record()).update(fields)
    return made


# The environment, as a list. What is secret of it stays here, by the name of its variable.
environment, held = {}, {}
for row in json.loads(call("setup", "variables")):
    name, value = row["name"], os.environ.get(row["name"], "").strip()
    if value and row["read_by"] == "core":
        scheme, user, rest = re.fullmatch(r"(?s)(?:(\w+://)([^/?#]*)@)?(.*)", value).groups()
        if row["secrecy"] == "secret":
            held[name] = value
        elif row["secrecy"] == "url" and scheme:
            environment[name], held[name] = scheme + rest, user
        else:
            environment[name] = value

# Sentences for a person: all of the plan's, and one of each kind of event.
said = set()


def say(level, code, message):
    said.add(code)
    print(f"{level}: {message}", file=sys.stderr)


def report(event, **about):
    diagnostic = call("setup", "diagnose", json.dumps({"event": event, **about}))
    if diagnostic.code not in said:
        say(**vars(diagnostic))


def http(url, headers, credentials, body, timeout_ns, most=4096):
    """The answer, if there was one; what came of it, in words; the body, if it was a success."""
    for added in credentials:
        secret = held[added["secret"]]
        if added["form"] == "basic":
            user = secret if ":" in secret else f"{secret}:"
            secret = f"Basic {base64.b64encode(user.encode()).decode()}"
        headers = {**headers, added["header"]: secret}
    url = urlsplit(url)
    connect = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = connect(url.netloc, timeout=timeout_ns / 1e9)
    try:
        connection.request("POST" if body else "GET", url.path, body, headers)
        answer = connection.getresponse()
        text = answer.read(most).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return None, f"could not be reached: {error}", ""
    named = [record(name=name, value=value) for name, value in answer.getheaders()]
    response = record(status=answer.status, headers=named)
    return response, f"answered {answer.status}", text if answer.status // 100 == 2 else ""


# The plan, and what it may have to ask an agent first.
secrets = {name: re.fullmatch("[ -~]*", secret) is not None for name, secret in held.items()}
options = {"ml_app": "embedded", "tags": "team:search"}
known = dict(language="python", environment=environment, options=options, secrets=secrets)
plan = json.loads(call("setup", "make-plan", json.dumps(known)))
for diagnostic in plan["diagnostics"]:
    say(**diagnostic)
if not plan["enabled"]:
    print(f"tracing is off: {plan['why_disabled']}")
call("tracing", "configure", json.dumps(plan["settings"]))
targets = plan["settings"].get("targets")
if discovery := plan.get("discovery"):
    asked = (discovery["url"], {}, discovery.get("credentials", []), None)
    _, _, text = http(*asked, discovery["timeout_ns"], discovery["answer_bytes"])
    targets = discovery["found" if discovery["sign"] in text else "otherwise"]
    call("delivery", "set-targets", json.dumps(targets))

# Spans. A context variable carries the current one; 0 is the span that is not kept.
current = ContextVar("current", default=None)


@contextmanager
def span(kind, name, *options):
    parent = Variant("root") if current.get() is None else Variant("current", current.get())
    start = ("tracing", "start-span", kind, parent, name, list(options), None)
    started = call(*start) if plan["enabled"] else 0
    before = current.set(started)
    try:
        yield started
    finally:
        current.reset(before)
        finished = call("tracing", "finish", started, None, None, None)
        if finished.dropped:
            report("dropped", reason=finished.dropped)


with span("workflow", "answer"), span("llm", "ask", Variant("model-name", "gpt-4o")) as ask:
    annotation = {
        "input": [{"role": "user", "content": "Why is the sky blue? 🌈"}],
        "output": "Rayleigh scattering.",
        "metrics": {"input_tokens": 9, "output_tokens": 4},
    }
    for warning in call("tracing", "annotate", ask, json.dumps(annotation)):
        report("changed", why=warning.message)

# Sending. The core says what to send, what to make of the answer, and how long to wait.
client, ends = f"{os.getpid()}-{time.time_ns()}", time.monotonic_ns() + plan["exit_timeout_ns"]


def left():
    return max(0, ends - time.monotonic_ns())


def loss_header():
    lost = {each.reason: each.count for each in call("delivery", "statistics").dropped}
    text = call("setup", "loss-header", json.dumps({"client": client, "spans": lost}))
    return {"witspan-dropped": text} if text else {}


def send(request):
    target = next(each["name"] for each in targets if each["id"] == request.target)
    headers = {header.name: header.value for header in request.headers}
    credentials = [vars(each) for each in request.credentials]
    while left():
        headers.update(loss_header())
        limit = min(plan["request_timeout_ns"], left())
        answer, why, _ = http(request.url, headers, credentials, request.body, limit)
        follows = call("delivery", "complete", request.id, answer)
        print(f"POST {request.url}: {why}: {'delivered' if follows is None else follows}")
        if follows is None:
            return
        if isinstance(follows, str):
            spans, advice = request.spans, "check-key"
            return report(follows, target=target, why=why, spans=spans, advice=advice)
        report("retried", target=target, why=why, advice="set-key" if plan["lacks_key"] else None)
        time.sleep(min(follows, left()) / 1e9)
    call("delivery", "complete", request.id, "shutdown")


while left() and (action := call("delivery", "poll", "everything")) is not None:
    if isinstance(action, Record):
        send(action)
    else:
        time.sleep(min(action, left()) / 1e9)
counters = call("delivery", "statistics")
print(f"{counters.delivered} of {counters.accepted} spans delivered")
sys.exit(counters.delivered != counters.accepted)
