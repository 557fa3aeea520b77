"""The Go module on other systems and processors, without cgo, and with the oldest Go."""

from __future__ import annotations

from pathlib import Path

import pytest
from go_support import SUITE, assert_all_passed, copy_suite, go, golang, only_in_all

#: Each system once, and a processor of 32 bits.
EACH = ["linux/386", "windows/amd64", "darwin/arm64", "freebsd/amd64"]
MORE = ["linux/arm64", "linux/s390x", "darwin/amd64"]


@pytest.mark.parametrize(
    "platform", [*EACH, *(pytest.param(more, marks=only_in_all) for more in MORE)]
)
def test_it_builds_without_cgo(platform: str) -> None:
    system, processor = platform.split("/")
    go("build", "./...", GOOS=system, GOARCH=processor)
    # Vet reads the tests too, and says what of the standard library is newer than `go` in go.mod.
    go("vet", "-unreachable=false", "./...", GOOS=system, GOARCH=processor)


@only_in_all
def test_the_oldest_go_builds_it_and_passes_the_suite(tmp_path: Path) -> None:
    if why := golang.missing_oldest():
        pytest.skip(why)
    oldest = golang.oldest()
    assert go("env", "GOVERSION", **oldest).strip() == golang.OLDEST_FOR_USERS
    go("test", "./...", **oldest)
    suite = copy_suite(tmp_path)
    go("run", ".", "-suite", str(suite), cwd=SUITE / "runners" / "go", **oldest)
    assert_all_passed(tmp_path)
