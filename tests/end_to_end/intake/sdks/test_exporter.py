"""OpenTelemetry's own exporter for JavaScript, with long batches.

They are accepted, or refused so that the program goes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from intake_process import ROOT, clean
from sdk_support import PATIENCE, PROGRAMS, Intake

sys.path.insert(0, str(ROOT / "tools"))

from npm import node  # noqa: E402
from sdk_packages import exporters  # noqa: E402


def export(intake: Intake, path: str, form: str, spans: int, characters: int) -> Any:
    env = {
        "EXPORTERS": str(exporters()),
        "TRACES_URL": f"{intake.url}{path}",
        "FORM": form,
        "SPANS": str(spans),
        "CHARACTERS": str(characters),
    }
    done = subprocess.run(
        [node(), PROGRAMS / "with_exporter.cjs"],
        env=clean(env),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("form", ["proto", "http"])
@pytest.mark.parametrize("characters", [50_000, 100_000])
def test_a_batch_of_long_spans_arrives(intake: Intake, form: str, characters: int) -> None:
    told = export(intake, "/v1/traces", form, 512, characters)
    assert told == {"ok": True, "status": None, "name": None}
    assert intake.get("status")["spans"] == 512


@pytest.mark.parametrize("form", ["proto", "http"])
def test_the_program_learns_of_a_refusal_and_goes_on(intake: Intake, form: str) -> None:
    assert export(intake, "/v1/nowhere", form, 512, 50_000)["status"] == 404
    # More than a body may have.
    assert export(intake, "/v1/traces", form, 512, 140_000)["status"] == 413
