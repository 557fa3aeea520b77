"""The pytest plugin, which pytest finds by itself where witspan is installed."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing import Recorder

_FIXTURE = "llmobs_spans"


@pytest.fixture
def llmobs_spans() -> Iterator["Recorder"]:
    """What this test traces, recorded in memory: see `witspan.testing.Recorder`."""
    # Tests that do not ask for it do not load the core.
    from .testing import recorder

    with recorder() as spans:
        yield spans


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Any:
    """Shows the recorded spans of a test that failed."""
    outcome = yield
    report = outcome.get_result()
    spans = getattr(item, "funcargs", {}).get(_FIXTURE)
    if spans is not None and report.when == "call" and report.failed:
        try:
            shown = spans.tree()
        except Exception as error:
            shown = str(error)
        report.sections.append(("Recorded spans", shown or "none"))
