"""Real clients of OpenAI, Anthropic and Google, traced by `llmhttp`, now and a year ago."""

from __future__ import annotations

from pathlib import Path

import pytest
from go_support import go, only_in_all

CLIENTS = Path(__file__).parent / "clients"

# Continuous integration reads recorded bodies instead, in the tests of `internal/provider`.
pytestmark = only_in_all


@pytest.mark.parametrize("versions", ["go.mod", "old.mod"])
def test_model_calls_of_real_clients_become_spans(versions: str) -> None:
    go("test", "-count=1", f"-modfile={versions}", "./...", cwd=CLIENTS)
