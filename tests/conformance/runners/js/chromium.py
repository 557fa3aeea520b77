"""The suite in a page of a real browser, over the same glue as in the other runtimes.

    python chromium.py

Nothing here knows a case: the page reads them from a server on loopback, and hands back its report.
"""

from __future__ import annotations

import json
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
SUITE = ROOT / "tests" / "conformance"
sys.path.insert(0, str(ROOT / "tools"))

from browser import ARGUMENTS, find_browser  # noqa: E402

#: What the page does with the names of the files of cases.
PROGRAM = """async (files) => {
  const [core, { makers }, { chapter, runSuite }] = await Promise.all([
    import("/target/js-core/core.mjs"),
    import("/tests/conformance/runners/js/instances.mjs"),
    import("/tests/conformance/runners/javascript/suite.mjs"),
  ]);
  const module = await WebAssembly.compileStreaming(fetch("/target/js-core/core.wasm"));
  const read = async (folder) => {
    const texts = files[folder].map(async (name) => {
      const answer = await fetch(`/tests/conformance/${folder}/${name}`);
      return chapter(name, await answer.text());
    });
    return Promise.all(texts);
  };
  const folders = { cases: await read("cases"), setup: await read("setup") };
  return runSuite(folders, makers(core, module));
}"""


class Files(SimpleHTTPRequestHandler):
    extensions_map = {
        ".json": "application/json",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        "": "text/html",
    }

    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(200)
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


def main() -> int:
    from playwright.sync_api import sync_playwright

    files = {
        folder: sorted(path.name for path in (SUITE / folder).glob("*.json"))
        for folder in ("cases", "setup")
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        found = page.evaluate(PROGRAM, files)
        browser.close()
    server.shutdown()
    for failure in found["failures"]:
        print(failure)
    report = {"runner": "chromium", "chapters": found["table"]}
    out = ROOT / "target" / "conformance" / "chromium.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
