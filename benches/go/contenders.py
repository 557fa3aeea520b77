"""The contenders in Go: their programs, and processes that do what they are told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import DDTRACE_APM, LOG, OUT, ROOT, environment, start

sys.path.insert(0, str(ROOT / "tools"))
import golang

HERE = Path(__file__).resolve().parent
PROGRAMS = OUT / "go"

WITSPAN, OTEL, DD_TRACE, NOTHING = "witspan", "OpenTelemetry", "dd-trace-go", "nothing"
#: Where each one's programs are, here and in `first`.
FOLDERS = {WITSPAN: "witspan", OTEL: "opentelemetry", DD_TRACE: "ddtrace", NOTHING: "nothing"}
SMALLEST = {**FOLDERS, NOTHING: "http"}
#: What each is, in go.mod.
MODULES = {OTEL: "go.opentelemetry.io/otel/sdk", DD_TRACE: "github.com/DataDog/dd-trace-go/v2"}


@dataclass(frozen=True)
class Field:
    """All that takes part."""

    versions: dict[str, str]
    # Bytes of the smallest program with each of them, without symbols.
    sizes: dict[str, int]
    # Other modules in that program.
    modules: dict[str, int]


def missing() -> str | None:
    """Why nothing can be measured here; none if it can."""
    return golang.missing()


def field() -> Field:
    """Builds all of them, as they are now."""
    same_lines()
    shutil.rmtree(PROGRAMS, ignore_errors=True)
    for folder, parents in (("", FOLDERS), ("first", SMALLEST)):
        packages = [f"./{Path(folder) / name}" for name in parents.values()]
        go("build", "-trimpath", "-ldflags=-s -w", "-o", f"{PROGRAMS / folder}{os.sep}", *packages)
    versions = {"Go": go("env", "GOVERSION").strip().removeprefix("go")}
    for name, module in MODULES.items():
        versions[name] = go("list", "-m", "-f", "{{.Version}}", module).strip().removeprefix("v")
    return Field(
        versions,
        {name: os.path.getsize(smallest(name)) for name in SMALLEST},
        {name: modules(smallest(name)) for name in SMALLEST},
    )


def same_lines() -> None:
    """Both that have a package llmobs are asked for the same."""
    import_of = {
        "ddtrace": "github.com/DataDog/dd-trace-go/v2/llmobs",
        "witspan": "github.com/witspan/witspan-go/llmobs",
    }
    texts = {
        (HERE / name / "cases.go").read_text("utf-8").replace(path, "")
        for name, path in import_of.items()
    }
    if len(texts) != 1:
        sys.exit("benches/go: ddtrace/cases.go and witspan/cases.go differ in more than the import")


def go(*words: str) -> str:
    env = {**os.environ, "CGO_ENABLED": "0"}
    command = [golang.command(), *words]
    done = subprocess.run(command, cwd=HERE, env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the benchmark was not built: `go {words[0]}` failed, see above")
    return done.stdout


def smallest(name: str) -> Path:
    return PROGRAMS / "first" / SMALLEST[name]


def modules(program: Path) -> int:
    """How many modules beside the program's own were built into it, and are not the tracer's."""
    ours = "github.com/witspan/"
    lines = (line.split() for line in go("version", "-m", str(program)).splitlines())
    return sum(words[:1] == ["dep"] and not words[1].startswith(ours) for words in lines)


def environment_of(name: str, sink: str) -> dict[str, str]:
    """All beside an agent, and nothing set that this machine alone would have."""
    common = environment(sink, DDTRACE_APM)
    for setting in ("GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GODEBUG", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        common.pop(setting, None)
    if name == DD_TRACE:
        common["DD_TRACE_STARTUP_LOGS"] = "false"
    return common


class Contender:
    """A process that waits for orders."""

    def __init__(self, name: str, sink: str) -> None:
        self.name = name
        self.process = start([str(PROGRAMS / FOLDERS[name])], environment_of(name, sink))

    def ask(self, *order: object) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(" ".join(map(str, order)) + "\n")
        self.process.stdin.flush()
        if answer := self.process.stdout.readline():
            return dict(json.loads(answer))
        tail = "\n".join(LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        sys.exit(f"{self.name} failed; the end of {LOG.relative_to(ROOT)}:\n{tail}")

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)


@contextmanager
def processes(names: tuple[str, ...], sink: str) -> Iterator[dict[str, Contender]]:
    """One process of each."""
    with ExitStack() as stack:
        found = {name: Contender(name, sink) for name in names}
        for contender in found.values():
            stack.callback(contender.end)
        yield found


def first_span(name: str, sink: str) -> dict[str, float]:
    """Milliseconds of a fresh process: by its own clock, and by that of who started it."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [smallest(name)], env=environment_of(name, sink), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    said: list[str] = []
    while len(said) != 2 or not all(word.isdigit() for word in said):
        if not (line := process.stderr.readline()):
            sys.exit(f"{name}: the program ended before its first span")
        said = line.split()
    process_ms = (time.perf_counter() - began) * 1000
    process.communicate(timeout=60)
    started, first = (int(word) / 1e6 for word in said)
    return {"started": started, "first": first, "process": process_ms}
