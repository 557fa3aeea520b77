"""Text of others in the terminal and in the log of the intake steers nothing and forges no line,
and what is secret in a URL is in neither."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from intake_process import binary, clean
from receiver import Answer, Receiver, Request
from sdk_support import PATIENCE, Intake

#: Title, OSC 52 (which writes the clipboard), BEL, a line of the log, CR, C1 for "ESC [", DEL, a
#: turn of direction, an isolate, a joiner, an end of line.
EVIL = (
    "x\x1b]0;owned\x07\x1b]52;c;aGk=\x1b\\\nwitspan intake: forged\r"
    "\x9b2J\x7f\u202eevil\u2066\u200b\u2028y"
)
#: Characters that no output may have, besides its own line ends and tabs.
STEERING = {
    *map(chr, (*range(9), *range(11, 32), *range(0x7F, 0xA0))),
    *map(chr, (0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F))),
    *map(chr, (*range(0x2060, 0x2070), 0xFEFF)),
}
SECRET = "PWSECRET"


def assert_harmless(output: bytes | str) -> str:
    """Fails if the output steers a terminal, or has a line that others wrote."""
    text = output.decode() if isinstance(output, bytes) else output
    assert STEERING.isdisjoint(text), ascii(text[:2_000])
    assert not any(line.startswith("witspan intake: forged") for line in text.split("\n")), text
    return text


def run(*arguments: str, **env: str) -> tuple[int, str, str]:
    """A verb's status and its harmless output; line ends as they are."""
    done = subprocess.run(
        [binary(), *arguments], env=clean(env), capture_output=True, timeout=PATIENCE
    )
    return done.returncode, assert_harmless(done.stdout), assert_harmless(done.stderr)


def hostile_events() -> list[Any]:
    """A trace in which every text is hostile, those that name things too."""
    messages = [{"role": EVIL, "content": EVIL, "tool_calls": [{"name": EVIL, "arguments": {}}]}]
    messages[0]["tool_results"] = [{"name": EVIL, "result": EVIL, "tool_id": EVIL, "type": EVIL}]
    meta = {
        "span": {"kind": "llm"},
        "input": {"messages": messages},
        "output": {"value": EVIL},
        "model_name": EVIL,
        "metadata": {EVIL: EVIL},
        "error": {"message": EVIL, "type": EVIL, "stack": EVIL},
    }
    span = {
        "trace_id": f"t{EVIL}",
        "name": EVIL,
        "start_ns": time.time_ns(),
        "duration": 1_000_000,
        "status": "error",
        "session_id": EVIL,
        "tags": [f"ml_app:{EVIL}", f"{EVIL}:1"],
        "metrics": {EVIL: 1},
        "meta": meta,
    }
    root = {**span, "span_id": f"1{EVIL}", "parent_id": "undefined"}
    return [root, {**span, "span_id": "2", "parent_id": f"1{EVIL}"}]


def send(intake: Intake, *spans: Any) -> None:
    status, answer = intake.post("/api/v2/llmobs", [{"event_type": "span", "spans": [*spans]}])
    assert status == 202, answer
    about = {"span": {"trace_id": f"t{EVIL}", "span_id": "2"}}
    metric = {"metric_type": "categorical", "label": EVIL, "categorical_value": EVIL}
    metric |= {"join_on": about, "ml_app": EVIL, "timestamp_ms": time.time_ns() // 1_000_000}
    body = {"data": {"type": "evaluation_metric", "attributes": {"metrics": [metric]}}}
    status, answer = intake.post("/api/intake/llm-obs/v2/eval-metric", body)
    assert status == 202, answer


@pytest.mark.parametrize("where", ["intake", "files"])
def test_nothing_of_a_trace_steers_the_terminal(intake: Intake, tmp_path: Path, where: str) -> None:
    send(intake, *hostile_events())
    of: list[str] = []
    if where == "files":
        intake.stop()
        of = ["--data", str(tmp_path / "data")]
    for more in (["--brief"], [], ["--full"], ["--full", "--all"]):
        status, out, _ = run("show", "last", *more, *of, WITSPAN_INTAKE_URL=intake.url)
        assert status == 0
        assert r"x\u001b]0;owned\u0007" in out
        # One line for each span and its parts; no line feed of theirs makes another.
        assert all(
            line.startswith(("trace ", "llm ", " " * 11)) for line in out.split("\n") if line
        )
    _, out, said = run("show", "last", "--json", *of, WITSPAN_INTAKE_URL=intake.url)
    assert json.loads(out)["spans"][0]["name"] == EVIL
    assert json.loads(out)["trace"]["trace_id"] == f"t{EVIL}"
    for form in ("jsonl", "otlp"):
        _, out, _ = run("export", "--format", form, *of, WITSPAN_INTAKE_URL=intake.url)
        assert EVIL in strings([json.loads(line) for line in out.splitlines()])
        target = tmp_path / f"out.{form}"
        run("export", "--format", form, "-o", str(target), *of, WITSPAN_INTAKE_URL=intake.url)
        assert assert_harmless(target.read_bytes()) == out


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def test_tail_prints_no_text_of_others_as_it_came(intake: Intake) -> None:
    tail = subprocess.Popen(
        [binary(), "tail", "-n", "1", "--content"],
        env=clean({"WITSPAN_INTAKE_URL": intake.url}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert tail.stderr is not None
    assert b"waiting" in tail.stderr.readline()
    send(intake, *hostile_events())
    out, err = tail.communicate(timeout=PATIENCE)
    assert r"\u001b]0;owned" in assert_harmless(out)
    assert_harmless(err)


def test_error_messages_escape_what_they_repeat(intake: Intake, tmp_path: Path) -> None:
    at = {"WITSPAN_INTAKE_URL": intake.url}
    for arguments in (
        ["show", EVIL],
        ["export", "--trace", EVIL],
        ["show", EVIL, "--data", str(tmp_path / EVIL.replace("/", ""))],
        ["export", "-o", f"/nowhere/{EVIL}"],
        ["validate", f"/nowhere/{EVIL}"],
        ["intake", "--data", f"/dev/null/{EVIL}", "--port", "0"],
        ["intake", "--forward", EVIL, "--port", "0"],
        # Errors of the command line's parser.
        ["show", "last", "--", EVIL],
        [EVIL],
        [f"--{EVIL}"],
        ["tail", "--status", EVIL],
        ["export", f"--format={EVIL}"],
        ["intake", "--retention", EVIL],
        ["intake", "--host", EVIL],
        ["intake", f"--port={EVIL}"],
    ):
        status, _, said = run(*arguments, **at)
        assert status != 0 and said, arguments
    several = [{**hostile_events()[1], "trace_id": f"same{n}{EVIL}"} for n in (1, 2)]
    send(intake, *several)
    status, _, said = run("show", "same", **at)
    assert (status, "2 traces begin with" in said) == (1, True)


def test_validate_prints_fields_and_values_escaped(tmp_path: Path) -> None:
    name = tmp_path / f"a{EVIL.replace('/', '')}.json"
    event = {**hostile_events()[0], "metrics": {EVIL: EVIL}, "status": EVIL[:30]}
    event["meta"] = {**event["meta"], "span": {"kind": EVIL[-20:]}}
    name.write_text(json.dumps([{"event_type": "span", "spans": [event]}]))
    status, out, _ = run("validate", str(name))
    assert status == 1
    assert r"metrics/x\u001b]0;owned\u0007" in out
    name.write_text(json.dumps(event) + f"\n{EVIL}\n")
    assert run("validate", str(name))[0] == 1


def test_a_sender_forges_no_line_of_the_log(tmp_path: Path) -> None:
    intake = Intake(tmp_path, "--forward", "http://127.0.0.1:1")
    try:
        event = {**hostile_events()[0], "metrics": {EVIL: "much"}}
        status, answer = intake.post("/api/v2/llmobs", [{"event_type": "span", "spans": [event]}])
        assert status == 400
        # The answer names the field; a terminal that shows it is not steered either.
        assert (
            EVIL.replace("~", "~0").replace("/", "~1") in answer["errors"][0]["source"]["pointer"]
        )
        intake.post("/v1/traces", EVIL.encode(), Content_Type=f"text/x{EVIL[:1]}")
        intake.post("/api/intake/llm-obs/v1/trace/spans", f"{{{EVIL}".encode())
        intake.post(f"/v0.4/traces?{quote(EVIL)}", b"[")
        intake.post("/telemetry/proxy/api/v2/apmtelemetry", {"request_type": EVIL, "payload": EVIL})
        intake.post("/api/v2/llmobs", [], witspan_dropped="nonsense")
    finally:
        intake.stop()
    log = assert_harmless(intake.log.read_bytes())
    assert r"forged" in log and r"\u001b]0;owned\u0007" in log
    assert all(line.startswith("witspan intake: ") for line in log.splitlines()), log


def test_answers_that_a_terminal_prints_steer_nothing(intake: Intake) -> None:
    send(intake, *hostile_events())
    trace = quote(f"t{EVIL}", safe="")
    for path in (
        "traces",
        f"traces/{trace}",
        f"spans/{trace}/2",
        f"spans/{trace}/2/raw",
        "facets",
        "sessions",
        f"sessions/{quote(EVIL, safe='')}",
        "drops",
        f"traces/{quote(EVIL, safe='')}",
        f"traces?before={quote(EVIL)}",
    ):
        done = subprocess.run(
            ["curl", "-sS", f"{intake.url}/api/ui/{path}"], capture_output=True, timeout=PATIENCE
        )
        assert done.returncode == 0 and done.stdout, (path, done.stderr)
        json.loads(assert_harmless(done.stdout))
    assert list(strings(intake.get(f"traces/{trace}"))).count(EVIL) > 5


class Liar(Receiver):
    """Answers as an intake or an agent would, with hostile texts; repeats what it was sent."""

    def __init__(self) -> None:
        #: What it answers with 200, by path; everything else with 500.
        self.known: dict[str, Any] = {}
        super().__init__()

    def tell(self, request: Request) -> Answer:
        known = self.known.get(request.path.split("?")[0])
        if known is None:
            sent = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
            return Answer(500, body=(EVIL + sent).encode())
        return Answer(200, body=json.dumps(known, ensure_ascii=False).encode())

    take = tell


@pytest.fixture
def liar() -> Iterator[Liar]:
    receiver = Liar()
    yield receiver
    receiver.close()


def test_what_a_remote_intake_answers_is_escaped_and_repeats_no_secret(
    liar: Liar,
) -> None:
    address = f"127.0.0.1:{liar.server_port}"
    at = {
        "WITSPAN_INTAKE_URL": f"http://user:{SECRET}@{address}",
        "WITSPAN_INTAKE_TOKEN": "tok-SECRET",
    }
    for arguments in (["show", "last"], ["tail"], ["export"], ["doctor"]):
        _, out, err = run(*arguments, **at)
        assert "SECRET" not in out + err
        # `user:PWSECRET`, as the header of a request has it.
        assert "dXNlcjpQV1NFQ1JFVA" not in out + err
        assert f"http://…@{address}" in out + err, arguments
    assert r"\u001b]0;owned" in run("show", "last", **at)[2]
    summary = {"trace_id": EVIL, "root_span_id": "1", "start_ms": 1, "spans": 1}
    liar.known = {
        "/api/ui/traces": {"traces": [{"trace_id": "abc"}], "next": None},
        "/api/ui/traces/last": {"trace": summary, "total": 9, "spans": [{"name": EVIL}]},
        "/api/ui/status": {"spans": 1, "traces": 1, "forward": {"to": EVIL}},
        "/info": {"version": EVIL, "endpoints": [EVIL]},
    }
    for arguments in (["show", "last"], ["show", "last", "--json"], ["export", "--trace", "last"]):
        status, out, _ = run(*arguments, **at)
        assert status == 0 and r"\u001b]0;owned" in out
    env = {"DD_TRACE_AGENT_URL": liar.url, "DD_LLMOBS_ML_APP": EVIL}
    _, out, _ = run("doctor", WITSPAN_INTAKE_URL=liar.url, **env)
    assert out.count(r"\u001b]0;owned") >= 4, out


@pytest.mark.parametrize(
    "url",
    [
        "http://user:{0}@127.0.0.1:9",
        "http://{0}@127.0.0.1:9",
        "http://user:a@{0}@127.0.0.1:9",
        "http://user:a/{0}@127.0.0.1:9",
        "http://user:a%40{0}@127.0.0.1:9",
        "http://user:{0} b@127.0.0.1:9",
        "user:{0}@127.0.0.1:9",
        "http://user:{0}@[::1",
        "http://127.0.0.1:9/?api_key={0}",
        "http://127.0.0.1:9/p?token={0}&x=1",
        "htp:/user:{0}@127.0.0.1:9",
    ],
)
def test_no_verb_prints_the_password_of_a_url(url: str) -> None:
    url = url.format(SECRET)
    names = ["WITSPAN_INTAKE_URL", "DD_TRACE_AGENT_URL", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"]
    names += ["HTTP_PROXY", "OTEL_EXPORTER_OTLP_ENDPOINT", "DD_SITE", "DD_AGENT_HOST"]
    env = dict.fromkeys(names, url)
    key = {"DD_API_KEY": "0123456789abcdef", "WITSPAN_INTAKE_TOKEN": f"tok{SECRET}"}
    for arguments in (["show", "last"], ["tail"], ["export"], ["doctor"], ["show", "--help"]):
        for more in ({}, key, {"DD_LLMOBS_OVERRIDE_ORIGIN": url}):
            _, out, err = run(*arguments, **env, **more)
            assert SECRET not in out + err, (arguments, out, err)
            assert "0123456789abcdef" not in out + err
    assert SECRET not in "".join(run("show", "last", "--intake", url)[1:])
    for forward in (url, f"intake:{url}", f"{url}/v1/traces"):
        # Nothing can be stored there, so it never starts.
        nowhere = ["--port", "0", "--data", "/dev/null/nowhere", "--forward", forward]
        for more in ({}, key):
            status, out, err = run("intake", *nowhere, **more)
            assert status == 1 and SECRET not in out + err


def test_a_failing_receiver_is_reported_without_password_and_escaped(
    liar: Liar, tmp_path: Path
) -> None:
    intake = Intake(tmp_path, "--forward", liar.url.replace("//", f"//user:{SECRET}@"))
    try:
        send(intake, *hostile_events())
        until = time.monotonic() + PATIENCE
        while b"requests stay in the forward queue" not in intake.log.read_bytes():
            assert time.monotonic() < until
            time.sleep(0.05)
        told = json.dumps([intake.get("status"), intake.get("drops")])
    finally:
        intake.stop()
    log = assert_harmless(intake.log.read_bytes())
    assert r"answers 500: x\u001b]0;owned" in log
    for text in (log, told):
        assert SECRET not in text and "dXNlcjpQV1NFQ1JFVA" not in text
