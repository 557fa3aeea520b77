"""The agent of the demo in PHP: it makes the spans that it says, and the same trace as Python's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from php_support import ROOT, environment, missing, sending_to, spans
from receiver import Receiver

sys.path.insert(0, str(ROOT / "tools"))
from demo.compare import differences

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
AGENTS = {
    "python": [sys.executable, ROOT / "examples" / "python" / "agent.py"],
    "php": ["php", ROOT / "examples" / "php" / "agent.php"],
}


def run(language: str, folder: Path) -> list[dict[str, Any]]:
    """The trace of an agent, each of whose spans is as the agent says."""
    receiver = Receiver()
    manifest = folder / f"{language}.json"
    env = environment(
        {
            **sending_to(receiver),
            "DD_LLMOBS_ML_APP": "docs-agent",
            "DD_SERVICE": "docs-agent",
            "WITSPAN_DEMO_MANIFEST": str(manifest),
        }
    )
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    try:
        words = [*map(str, AGENTS[language]), "--session", "s-1"]
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stdout + done.stderr
        found = spans(receiver)
    finally:
        receiver.close()
    made = json.loads(manifest.read_text("utf-8"))
    said = {span["span_id"]: (span["name"], span["kind"], span["parent_id"]) for span in made}
    got = {s["span_id"]: (s["name"], s["meta"]["span"]["kind"], s["parent_id"]) for s in found}
    assert got == said
    return found


def test_its_trace_is_that_of_python(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    assert differences(run("python", tmp_path), run("php", tmp_path)) == []
