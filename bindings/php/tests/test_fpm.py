"""The package under the real php-fpm, also with preloading: each request has its own spans."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fpm import USER, Fpm
from php_support import BINDING, HERE, fpm, missing, php, spans
from receiver import Receiver

sys.path.insert(0, str(BINDING))
from build_package import build

PROGRAM = fpm()
MISSING = missing() or (None if PROGRAM else "there is no php-fpm here")
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
PAGE = HERE / "programs" / "request.php"


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """The package, unpacked where the workers' user may read it."""
    with tempfile.TemporaryDirectory(prefix="witspan-fpm-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with zipfile.ZipFile(build(folder)) as archive:
            archive.extractall(folder / "witspan")
        shutil.copy(PAGE, folder / "request.php")
        yield folder


#: Where the declarations are loaded at the start.
LOADED = ("preloaded by no root", "declared")


def settings(folder: Path, way: str) -> dict[str, str]:
    """PHP's settings for each way to have FFI in web requests."""
    package = folder / "witspan"
    if way == "without preloading":
        return {"ffi.enable": "1"}
    found = {"ffi.enable": "preload", "opcache.preload": str(package / "preload.php")}
    if os.geteuid() == 0 and way != "preloaded by no root":
        found["opcache.preload_user"] = USER
    if way == "declared":
        header = folder / "witspan.h"
        header.write_text(php(package / "bin" / "witspan-header").stdout)
        found["ffi.preload"] = str(header)
    return found


class Site:
    """A php-fpm and its receiver."""

    def __init__(self, folder: Path, way: str, workers: int = 1, requests: int = 0) -> None:
        self.folder = folder
        self.receiver = Receiver()
        root = os.geteuid() == 0 and way != "preloaded by no root"
        place = Path(tempfile.mkdtemp(dir=folder))
        self.fpm = Fpm(str(PROGRAM), place, settings(folder, way), workers, requests, root)

    def ask(self, query: str, **more: str) -> str:
        params = {
            "RECEIVER": self.receiver.url,
            "WITSPAN_AUTOLOAD": str(self.folder / "witspan" / "autoload.php"),
            **more,
        }
        return self.fpm.ask(self.folder / "request.php", query, params)

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.fpm.close()
        self.receiver.close()


@contextlib.contextmanager
def without_declarations(folder: Path, way: str) -> Iterator[None]:
    """Takes them away where they were loaded at the start: no request may read them again."""
    declarations = folder / "witspan" / "lib" / "witspan.cdef"
    hidden = declarations.with_suffix(".hidden")
    loaded = way in LOADED
    if loaded:
        declarations.rename(hidden)
    try:
        yield
    finally:
        if loaded:
            hidden.rename(declarations)


def arrived(site: Site, count: int) -> list[dict[str, Any]]:
    """Spans come after the answer."""
    end = time.monotonic() + 10
    while time.monotonic() < end and len(spans(site.receiver)) < count:
        time.sleep(0.02)
    found = spans(site.receiver)
    assert len(found) == count, site.fpm.said()
    return found


@pytest.mark.parametrize(
    "way", ["without preloading", "preloaded", "preloaded by no root", "declared"]
)
def test_requests_of_one_worker_are_apart(installed: Path, way: str) -> None:
    with Site(installed, way) as site, without_declarations(installed, way):
        answers = [site.ask(f"name=r{number}") for number in range(5)]
        site.ask("do=nothing")
        left = [site.ask("do=leave&name=left"), site.ask("name=after")]
        ended = site.ask("do=exit&name=ended")
        site.ask("do=fatal&name=broken")
        found = arrived(site, 15)
        assert len({answer.split()[0] for answer in [*answers, *left]}) == 1, "one worker"
        assert all("nothing is current" in answer for answer in [*answers, *left])
        assert ended.endswith("\nended")
        roots = {span["name"]: span for span in found if span["parent_id"] == "undefined"}
        names = [*(f"r{number}" for number in range(5)), "left", "after", "ended", "broken"]
        assert sorted(roots) == sorted(names)
        assert len({span["trace_id"] for span in roots.values()}) == len(names)
        for number in range(5):
            mine = [s for s in found if s["trace_id"] == roots[f"r{number}"]["trace_id"]]
            assert [span["name"] for span in mine] == [f"r{number}", "ask"]
        assert roots["broken"]["meta"]["error"]["type"] == "Error"
        assert roots["left"]["status"] == "ok"


def test_the_client_does_not_wait(installed: Path) -> None:
    with Site(installed, "preloaded") as site:
        site.receiver.delay = 1.0
        began = time.monotonic()
        site.ask("name=quick")
        assert time.monotonic() - began < 0.7
        assert site.receiver.got == []
        arrived(site, 2)


def test_many_workers_that_are_replaced_lose_nothing(installed: Path) -> None:
    with Site(installed, "preloaded", workers=3, requests=4) as site:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda number: site.ask(f"name=r{number}"), range(40)))
        found = arrived(site, 80)
        assert {s["name"] for s in found} == {"ask", *(f"r{number}" for number in range(40))}


def test_a_trace_goes_on(installed: Path) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with Site(installed, "without preloading") as site:
        state = "dd=t.llmobs_parent_id:77;t.llmobs_trace_id:6553f10000000000edf5b3efb3d606c5"
        answer = site.ask("name=server", HTTP_TRACEPARENT=trace, HTTP_TRACESTATE=state)
        assert "nothing is current" in answer
        server = arrived(site, 2)[0]
        assert (server["name"], server["parent_id"]) == ("server", "77")


def test_without_permission_the_page_works_untraced(installed: Path) -> None:
    with Site(installed, "without preloading") as site:
        # PHP's default: only what is preloaded may use FFI, and nothing is.
        site.fpm.close()
        place = Path(tempfile.mkdtemp(dir=installed))
        refused = {"ffi.enable": "preload", "log_errors": "1"}
        site.fpm = Fpm(str(PROGRAM), place, refused, 1, 0, os.geteuid() == 0)
        assert "nothing is current" in site.ask("name=untraced")
        assert "nothing is traced" in site.fpm.said()
