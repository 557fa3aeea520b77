"""The same program in a page of a real browser, bundled and not, and what arrives when it goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import receiver
from chromium import launched
from playwright.sync_api import Browser, Page
from runtimes_support import (
    PATIENCE,
    Agent,
    bundle,
    copy_programs,
    install,
    installed,
    npm,
    says_delivered,
    served,
)

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
}


class Site(Agent):
    """A server that has the files of a folder, and is the relay of their pages."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        #: Headers of every page.
        self.headers: dict[str, str] = {}
        self.RequestHandlerClass = _Files


class _Files(receiver._Handler):
    server: Site

    def do_GET(self) -> None:
        if self.path == "/favicon.ico":
            return self._give(receiver.Answer(204))
        file = self.server.folder / self.path.lstrip("/")
        if not file.is_file():
            return super().do_GET()
        headers = {**self.server.headers, "content-type": KINDS[file.suffix]}
        self._give(receiver.Answer(200, headers, file.read_bytes()))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


class Tab:
    """A page, and what went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def opens(self, site: Site, script: str = "program.js", head: str = "") -> None:
        """Opens a page with this script, and waits for its program."""
        text = (
            f"<!doctype html><title>hello</title>{head}<script type=module src={script}></script>"
        )
        (site.folder / "index.html").write_text(text)
        self.page.goto(f"{site.url}/index.html")
        self.page.wait_for_function("globalThis.result !== undefined")

    def result(self) -> str:
        return json.dumps(self.page.evaluate("globalThis.result"))


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    yield Tab(context.new_page())
    context.close()


BUNDLES = [
    ("esbuild", "page.mjs"),
    ("vite", "page.mjs"),
    ("webpack", "page.mjs"),
    # These two understand `new URL(…, import.meta.url)`, and copy the core beside the bundle.
    ("vite", "page-browser.mjs"),
    ("webpack", "page-browser.mjs"),
]


@pytest.mark.parametrize("bundler, entry", BUNDLES)
def test_two_spans_arrive_from_a_bundle(
    bundler: str, entry: str, workspace: Path, site: Site, tab: Tab
) -> None:
    bundle(workspace, bundler, "browser", "esm", entry, site.folder)
    tab.opens(site)
    says_delivered(tab.result())
    site.check()
    assert tab.errors == []


@pytest.mark.parametrize("entry", ["page.mjs", "page-browser.mjs"])
def test_two_spans_arrive_from_vites_own_server(
    entry: str, tarball: Path, agent: Agent, tab: Tab, tmp_path: Path
) -> None:
    copy_programs(tmp_path)
    install(tarball, tmp_path)
    relay = json.dumps(dict.fromkeys(["/info", "/evp_proxy"], agent.url))
    config = f"export default {{ server: {{ proxy: {relay} }} }};"
    (tmp_path / "vite.config.mjs").write_text(config)
    (tmp_path / "index.html").write_text(
        f"<!doctype html><script type=module src={entry}></script>"
    )
    vite = installed("toolchain") / "vite" / "bin" / "vite.js"
    start = [npm.node(), vite, "--port", "0", "--host", "127.0.0.1"]
    with served(start, tmp_path, r"(http://127\.0\.0\.1:\d+)") as url:
        tab.page.goto(url)
        tab.page.wait_for_function("globalThis.result !== undefined")
        says_delivered(tab.result())
        agent.check()


def unbundled(workspace: Path, site: Site) -> str:
    """Puts the package beside the page; what tells the page its name."""
    (site.folder / "witspan").symlink_to(workspace / "node_modules" / "witspan")
    for name in ("program.mjs", "page-browser.mjs"):
        (site.folder / name).write_bytes((workspace / name).read_bytes())
    names = {"imports": {"witspan/browser": "/witspan/dist/browser.js"}}
    return f"<script type=importmap>{json.dumps(names)}</script>"


def test_two_spans_arrive_without_a_bundler(workspace: Path, site: Site, tab: Tab) -> None:
    tab.opens(site, "page-browser.mjs", unbundled(workspace, site))
    says_delivered(tab.result())
    site.check()
    assert tab.errors == []


def test_spans_arrive_when_the_page_is_left(workspace: Path, site: Site, tab: Tab) -> None:
    bundle(workspace, "esbuild", "browser", "esm", "page-hide.mjs", site.folder)
    tab.opens(site)
    assert site.spans() == []
    tab.page.goto("about:blank")
    site.check()


def test_spans_arrive_when_the_tab_is_closed(workspace: Path, site: Site, tab: Tab) -> None:
    bundle(workspace, "esbuild", "browser", "esm", "page-hide.mjs", site.folder)
    tab.opens(site)
    assert site.spans() == []
    tab.page.close(run_before_unload=True)
    site.check()


def test_a_page_that_allows_no_wasm_works_untraced(workspace: Path, site: Site, tab: Tab) -> None:
    bundle(workspace, "esbuild", "browser", "esm", "page.mjs", site.folder)
    site.headers = {"content-security-policy": "script-src 'self'"}
    tab.opens(site)
    assert json.loads(tab.result())["delivered"] == 0
    assert site.got == []
    # The page's own console says it once.
    assert len(tab.errors) >= 1
