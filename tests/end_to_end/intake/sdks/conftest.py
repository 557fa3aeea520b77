"""One intake for each test of the SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sdk_support import Intake


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    started = Intake(tmp_path)
    yield started
    started.stop()
