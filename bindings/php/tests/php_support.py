"""What the tests of the PHP package share: PHP itself, and how a program is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from receiver import Receiver

HERE = Path(__file__).resolve().parent
BINDING = HERE.parent
ROOT = BINDING.parents[1]
LIBRARY = ROOT / "target" / "c" / "libwitspan.so"


def missing() -> str | None:
    """Why the package cannot be tested here."""
    php = shutil.which("php")
    if php is None:
        return "there is no PHP here"
    has = subprocess.run([php, "-m"], capture_output=True, text=True, check=False).stdout.split()
    if "FFI" not in has:
        return "PHP has no FFI here"
    return None if LIBRARY.exists() else "the C library is not built: just c"


def fpm() -> str | None:
    """The program php-fpm, which Debian names by its version."""
    found = sorted(Path("/usr/sbin").glob("php-fpm*"))
    return shutil.which("php-fpm") or (str(found[-1]) if found else None)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """That of a program, which names no receiver but that of `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "WITSPAN_"))}
    return {**kept, **(more or {})}


def php(
    *words: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    settings = ("-d", "display_errors=stderr", "-d", "log_errors=0")
    return subprocess.run(
        ["php", *settings, *(str(word) for word in words)],
        env=environment(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def sending_to(receiver: Receiver) -> dict[str, str]:
    """The environment of a program whose spans go to a receiver, in the format of an agent."""
    return {
        "DD_LLMOBS_OVERRIDE_ORIGIN": receiver.url,
        "DD_LLMOBS_AGENTLESS_ENABLED": "0",
    }


def spans(receiver: Receiver) -> list[dict[str, Any]]:
    """What a receiver got, by start."""
    found = [
        span
        for request in receiver.got
        for batch in json.loads(request.body)
        for span in batch["spans"]
    ]
    ids = [span["span_id"] for span in found]
    assert len(ids) == len(set(ids)), "a span was sent twice"
    return sorted(found, key=lambda span: int(span["start_ns"]))


def tree(received: list[dict[str, Any]]) -> str:
    """Traces as the pages show them."""
    lines: list[str] = []
    ids = {span["span_id"] for span in received}

    def add(parent: dict[str, Any] | None, branch: str, stem: str) -> None:
        under = parent["span_id"] if parent else None
        children = [
            span
            for span in received
            if (span["parent_id"] if span["parent_id"] in ids else None) == under
        ]
        for child in children:
            last = child is children[-1]
            more = ("└─ ", "   ") if last else ("├─ ", "│  ")
            first = branch + (more[0] if parent else "")
            meta = child["meta"]
            title = child["name"]
            if meta.get("model_name", "unknown") != "unknown":
                title += f" ({meta['model_name']})"
            if error := meta.get("error"):
                title += f" ! {error['type']}: {error['message']}"
            lines.append(f"{meta['span']['kind']:<10} {first}{title}")
            add(child, stem + (more[1] if parent else ""), stem + (more[1] if parent else ""))

    add(None, "", "")
    return "\n".join(lines)
