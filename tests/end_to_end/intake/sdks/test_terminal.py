"""The verbs of the terminal, on the real command against a running intake."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from intake_process import binary, clean, long_trace
from sdk_support import PATIENCE, Intake

TRACE = "6b029e4800000000669908bad7a0d48a"


def event(span_id: str, parent: str, name: str, kind: str = "task", **more: Any) -> Any:
    meta = {"span": {"kind": kind}, **more.pop("meta", {})}
    return {
        "trace_id": TRACE,
        "span_id": span_id,
        "parent_id": parent,
        "name": name,
        "start_ns": 1795333704523000000 + int(span_id) * 1000000,
        "duration": 2500000,
        "status": "ok",
        "tags": ["ml_app:shop", "language:python"],
        "metrics": {},
        "meta": meta,
    } | more


def send(intake: Intake, *events: Any) -> None:
    body = [{"event_type": "span", "spans": [each]} for each in events]
    status, answer = intake.post("/api/v2/llmobs", body)
    assert status == 202, answer


def some_trace() -> list[Any]:
    asked = {"input": {"messages": [{"role": "user", "content": "Where is my order?"}]}}
    failed = {"error": {"message": "no such order", "type": "KeyError", "stack": "…"}}
    return [
        event("3", "2", "look up", "tool", status="error", meta=failed),
        event("2", "1", "ask", "llm", meta=asked | {"model_name": "gpt-4o"}),
        event("1", "undefined", "answer", "workflow", session_id="s-9"),
    ]


def test_show_prints_a_trace_as_a_tree_by_the_beginning_of_its_id(intake: Intake) -> None:
    send(intake, *some_trace())
    shown = intake.command("show", TRACE[:6])
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].startswith(f"trace {TRACE}  shop · session s-9")
    assert [line.split()[1] for line in lines if line.startswith("workflow")] == ["answer"]
    assert any("└─ ask" in line and "gpt-4o" in line for line in lines)
    assert any("! KeyError: no such order" in line for line in lines)
    assert "user: Where is my order?" in shown.stdout
    assert "\x1b" not in shown.stdout
    brief = intake.command("show", "last", "--brief").stdout
    assert "Where is my order?" not in brief


def test_show_says_when_there_is_no_such_trace_or_no_intake(intake: Intake) -> None:
    missing = intake.command("show", "abc")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "no trace begins with `abc`" in missing.stderr
    nowhere = intake.command("show", "abc", WITSPAN_INTAKE_URL="http://127.0.0.1:9")
    assert nowhere.returncode == 1
    assert "`witspan intake`" in nowhere.stderr


def test_tail_prints_each_trace_once_it_is_whole(intake: Intake) -> None:
    tail = subprocess.Popen(
        [binary(), "tail", "-n", "1"],
        env=clean({"WITSPAN_INTAKE_URL": intake.url}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert tail.stderr is not None
    # It says when it listens.
    assert "waiting" in tail.stderr.readline()
    first, *rest = some_trace()
    send(intake, first)
    send(intake, *rest)
    out, _ = tail.communicate(timeout=PATIENCE)
    assert tail.returncode == 0
    names = [line for line in out.splitlines() if "answer" in line or "ask" in line]
    assert len(names) == 2, out
    assert "└─ look up" in out


@pytest.mark.parametrize("form", ["jsonl", "otlp"])
def test_what_export_writes_comes_back_the_same(intake: Intake, tmp_path: Path, form: str) -> None:
    send(intake, *some_trace())
    before = intake.whole_trace(3)
    target = tmp_path / f"out.{form}"
    done = intake.command("export", "--format", form, "--output", str(target))
    assert (done.returncode, done.stderr.strip()) == (
        0,
        "witspan export: 3 spans of 1 trace",
    )
    lines = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    again = Intake(tmp_path / "again")
    try:
        if form == "otlp":
            assert [again.post("/v1/traces", line)[0] for line in lines] == [200]
        else:
            checked = intake.command("validate", str(target))
            assert checked.returncode == 0, checked.stdout
            attributes = {"ml_app": "shop", "spans": lines}
            body = {"data": {"type": "span", "attributes": attributes}}
            assert again.post("/api/intake/llm-obs/v1/trace/spans", body)[0] == 202
        after = again.whole_trace(3)
    finally:
        again.stop()

    def facts(whole: Any) -> Any:
        names = ["span_id", "parent_id", "name", "kind", "status", "app", "session", "model"]
        told = [{name: span[name] for name in names} for span in whole["spans"]]
        for fact, span in zip(told, whole["spans"]):
            fact["input"] = span.get("input")
            fact["error"] = (span.get("error") or {}).get("message")
            fact["start_ms"] = round(span["start_ms"], 2)
            fact["duration_ms"] = round(span["duration_ms"], 2)
        return told

    assert facts(after) == facts(before)


def test_export_takes_filters(intake: Intake) -> None:
    send(intake, *some_trace())
    assert intake.command("export", "--app", "other").stdout == ""
    assert len(intake.command("export", "--app", "shop").stdout.splitlines()) == 3


def test_a_trace_of_more_than_a_page_is_shown_with_a_word_and_whole_on_request(
    intake: Intake, tmp_path: Path
) -> None:
    intake.send_spans(long_trace(20_050))
    shown = intake.command("show", "77", "--brief")
    assert shown.returncode == 0, shown.stderr
    assert len([line for line in shown.stdout.splitlines() if "part " in line]) == 20_000
    assert shown.stdout.splitlines()[-1] == (
        "these are the first 20000 of 20050 spans; `witspan show 77 --all` prints every one"
    )
    told = intake.command("show", "77", "--json")
    assert "first 20000 of 20050 spans" in told.stderr
    assert len(json.loads(told.stdout)["spans"]) == 20_000

    whole = intake.command("show", "77", "--brief", "--all").stdout
    assert len([line for line in whole.splitlines() if "part " in line]) == 20_050
    assert "these are the first" not in whole
    told = intake.command("show", "77", "--json", "--all")
    assert (told.stderr, len(json.loads(told.stdout)["spans"])) == ("", 20_050)

    intake.stop()
    data = str(tmp_path / "data")
    files = intake.command("show", "77", "--brief", "--all", "--data", data).stdout
    assert files == whole


@pytest.mark.parametrize("form", ["jsonl", "otlp"])
def test_export_writes_every_span_of_a_trace_of_more_than_a_page(intake: Intake, form: str) -> None:
    intake.send_spans(long_trace(20_050))
    done = intake.command("export", "--format", form)
    assert done.stderr.strip() == "witspan export: 20050 spans of 1 trace"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if form == "jsonl":
        names = {line["name"] for line in lines}
    else:
        assert len(lines) == 2
        names = {
            span["name"]
            for line in lines
            for resource in line["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        }
    assert names == {f"part {number}" for number in range(1, 20_051)}


def test_export_leaves_out_no_content_of_a_trace_that_is_long_in_bytes(intake: Intake) -> None:
    # 60 MB, which is more than one answer of the intake holds.
    for span in long_trace(6, "word " * 2_000_000):
        intake.send_spans([span])
    lines = intake.command("export").stdout.splitlines()
    lengths = [len(json.loads(line)["meta"]["input"]["value"]) for line in lines]
    assert lengths == [10_000_000] * 6


def test_validate_names_file_line_and_field(tmp_path: Path, intake: Intake) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps([{"event_type": "span", "spans": [some_trace()[0]]}]))
    done = intake.command("validate", str(good))
    assert (done.returncode, done.stdout) == (0, f"{good}: 1 event, no problems\n")
    wrong = tmp_path / "wrong.jsonl"
    lines = [json.dumps(each) for each in some_trace()]
    lines[1] = lines[1].replace('"duration": 2500000', '"duration": "2.5 ms"')
    wrong.write_text("\n".join(lines))
    done = intake.command("validate", str(wrong))
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        f"{wrong}:2: `/duration`: a string; expected type number"
    )


def test_show_and_export_read_the_files_of_an_intake_that_has_ended(
    intake: Intake, tmp_path: Path
) -> None:
    send(intake, *some_trace())
    intake.stop()
    data = str(tmp_path / "data")
    shown = intake.command("show", TRACE[:8], "--brief", "--data", data)
    assert shown.returncode == 0, shown.stderr
    assert "└─ ask" in shown.stdout
    lines = intake.command("export", "--data", data, "--app", "shop").stdout.splitlines()
    assert {json.loads(line)["name"] for line in lines} == {"answer", "ask", "look up"}
    nothing = intake.command("show", "last", "--data", str(tmp_path / "nowhere"))
    assert (nothing.returncode, "there are no traces in" in nothing.stderr) == (1, True)


def test_show_and_export_say_how_many_evaluations_they_leave_out(intake: Intake) -> None:
    intake.send_spans(long_trace(2))
    about = {"join_on": {"span": {"trace_id": "77", "span_id": "2"}}}
    intake.send_evaluations(1_007, **about)
    assert "e1006: 0.5 · " in intake.command("show", "77").stdout
    assert " · 1002 more evaluations" in intake.command("show", "77", "--brief").stdout
    cut = intake.command("show", "77", "--json")
    labels = [each["label"] for each in json.loads(cut.stdout)["evaluations"]]
    assert (len(labels), labels[0]) == (1_000, "e7")
    assert "these are the newest 1000 of 1007 evaluations" in cut.stderr
    for more in ([], ["--data", str(intake.log.parent / "data")]):
        whole = intake.command("show", "77", "--json", "--all", *more)
        labels = [each["label"] for each in json.loads(whole.stdout)["evaluations"]]
        assert labels == [f"e{number}" for number in range(1_007)]
        assert whole.stderr == ""
    exported = intake.command("export")
    assert len(exported.stdout.splitlines()) == 2
    assert "it has only spans, without 1007 evaluations of these traces" in exported.stderr
