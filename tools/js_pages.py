#!/usr/bin/env python3
"""Gets what the programs of docs/javascript import besides witspan; `--prepare` does no more.

The packages go into the cache, in exactly the versions and with the checksums of
tools/js-pages/package-lock.json. Of `openai` this is the newest for Node 20.
"""

from __future__ import annotations

import sys
from pathlib import Path

import npm

FOLDER = npm.ROOT / "tools" / "js-pages"


def modules() -> Path:
    """The folder of the packages, which is there if they are installed."""
    return npm.packages_folder(FOLDER) / "node_modules"


if __name__ == "__main__":
    if "--prepare" not in sys.argv[1:]:
        sys.exit("usage: js_pages.py --prepare")
    npm.prepare(FOLDER)
