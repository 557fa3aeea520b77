"""What ddtrace takes never raises here: every argument with values of every type.

`tolerance/table.py` makes the calls; `tolerance/ddtrace.json` says what ddtrace 4.16 did with each,
and `tolerance/differences.json` what we send where that is something else, and why.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent / "tolerance"
sys.path.insert(0, str(HERE))

from record import Table, lines, read  # noqa: E402

#: Where a wrong argument is a mistake of the program, and ddtrace raises too. All else is data.
MAY_RAISE = re.compile(
    r"metadata|metrics|tags|prompt"
    r"|submit_\w+\((label|metric_type|tags|timestamp_ms|assessment|eval_scope|metadata|submitter"
    r"|submitter\.id|span|span\.\w+|span_with_tag_value(\.\w+)?|\w+_id|feedback_join_key)\)"
    r"|submit_feedback\(\w+ value\)"
    r"|span\.(finish\(finish_time|set_tags\(tags|set_metrics\(metrics)\)"
    r"|(export_span|annotate)\(span\)|inject_distributed_headers.*|activate_distributed_headers.*"
    r"|enable\((agentless_enabled|sample_rate)\)"
)
RUNS = {
    "plain": [sys.executable, str(HERE / "table.py"), "witspan"],
    "as-ddtrace": [
        *(sys.executable, "-m", "witspan", "run", "--as-ddtrace"),
        *(str(HERE / "table.py"), "ddtrace"),
    ],
}


@pytest.fixture(scope="module", params=RUNS)
def ours(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Table:
    """What came of every call."""
    env = {name: v for name, v in os.environ.items() if not name.startswith(("DD_", "WITSPAN_"))}
    ran = subprocess.run(RUNS[request.param], env=env, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-2000:]
    file = tmp_path_factory.mktemp("tolerance") / "lines"
    file.write_text(ran.stdout, "utf-8")
    return lines([str(file)])


def each(table: Table) -> list[tuple[str, str, Any]]:
    return [(name, value, came) for name, row in table.items() for value, came in row.items()]


def test_every_call_was_made(ours: Table) -> None:
    theirs = read("ddtrace.json")
    assert {name: set(row) for name, row in ours.items()} == {
        name: set(row) for name, row in theirs.items()
    }


def test_what_ddtrace_takes_raises_nothing(ours: Table) -> None:
    theirs = read("ddtrace.json")
    assert [
        (name, value, came["raised"])
        for name, value, came in each(ours)
        if "raised" in came and "raised" not in theirs[name][value]
    ] == []


def test_what_depends_on_data_raises_nothing(ours: Table) -> None:
    raised = [(name, value, came["raised"]) for name, value, came in each(ours) if "raised" in came]
    assert [row for row in raised if not MAY_RAISE.fullmatch(row[0])] == []
    assert {why for _, _, why in raised} == {"LLMObsArgumentError"}
    # A feedback without a value says nothing; any other value is a value.
    feedback = {value for name, value, _ in raised if re.fullmatch(r"\S+\(\w+ value\)", name)}
    assert feedback == {"None"}


def test_the_same_is_sent_or_the_difference_has_a_reason(ours: Table) -> None:
    theirs, differences = read("ddtrace.json"), read("differences.json")
    unlike = []
    for name, value, came in each(ours):
        their = theirs[name][value]
        if "raised" not in their:
            expected = differences.get(name, {}).get(value, their.get("sent"))
            if came.get("sent") != expected:
                unlike.append((name, value, came.get("sent"), expected))
    assert unlike == []


def test_every_stated_difference_is_one() -> None:
    theirs = read("ddtrace.json")
    groups = json.loads((HERE / "differences.json").read_text("utf-8"))["table"]
    assert all(group["reason"].endswith(".") for group in groups)
    assert [
        (name, value)
        for name, value, sent in each(read("differences.json"))
        if theirs[name][value].get("sent") == sent
    ] == []
