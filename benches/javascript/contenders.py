"""The contenders in JavaScript: where each is, in which Node it runs, and its processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import LOG, OUT, ROOT, environment, run

sys.path.insert(0, str(ROOT / "tools"))
import bench_packages
import npm
import sdk_packages

HERE = Path(__file__).resolve().parent
PACKAGE = ROOT / "bindings" / "js"
COMPONENT = ROOT / "target" / "component" / "witspan.wasm"

WITSPAN, OTEL, OTLP, DD_TRACE, NOTHING = (
    "witspan",
    "OpenTelemetry, no-op exporter",
    "OpenTelemetry, OTLP JSON",
    "dd-trace",
    "nothing",
)
#: The oldest Node that OpenTelemetry's newest SDK, and dd-trace's newest line, run in.
NEWER = 22


@dataclass(frozen=True)
class Place:
    """One contender in one Node."""

    name: str
    major: int
    node: Path
    # What contender.mjs is told.
    told: dict[str, Any]

    def measure(self, chapter: str, sink: str, scale: float) -> dict[str, Any]:
        """What one process of it measured."""
        options = ["--expose-gc"] if chapter == "memory" else []
        script = HERE / "contender.mjs"
        told = json.dumps(self.told)
        command = [str(self.node), *options, str(script), chapter, told, str(scale)]
        return run(command, self.environment(chapter, sink))[-1]

    def environment(self, chapter: str, sink: str) -> dict[str, str]:
        common = environment(sink)
        common.pop("NODE_OPTIONS", None)
        if self.name == DD_TRACE:
            # Without an agent it sends to the intake itself, by TLS alone.
            common["DD_LLMOBS_AGENTLESS_ENABLED"] = "0"
        if chapter == "off":
            common["DD_LLMOBS_ENABLED"] = "0"
        return common


@dataclass(frozen=True)
class Field:
    """All that takes part."""

    places: dict[tuple[str, int], Place]
    versions: dict[str, str]
    packed_bytes: int
    component_bytes: int

    @property
    def majors(self) -> list[int]:
        return sorted({major for _, major in self.places})

    def of(self, *names: str) -> list[Place]:
        """Where these run, the Nodes in order."""
        found = [place for (name, _), place in self.places.items() if name in names]
        return sorted(found, key=lambda place: place.major)


def packed() -> tuple[Path, int]:
    """The package as npm installs it, built now, and how long its file is."""
    build = [sys.executable, str(ROOT / "tools" / "build_js_package.py")]
    if subprocess.run(build, cwd=ROOT, stdout=subprocess.DEVNULL).returncode != 0:
        sys.exit("the JavaScript package was not built, see above")
    folder = OUT / "javascript"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pack = [npm.npm() or "npm", "pack", "--pack-destination", str(folder), "--silent"]
    with open(LOG, "a", encoding="utf-8") as log:
        subprocess.run(pack, cwd=PACKAGE, check=True, stdout=log, stderr=log)
    file = next(folder.glob("*.tgz"))
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package", file.stat().st_size


def field() -> Field:
    """All contenders in all Nodes that this machine has."""
    package, size = packed()
    places: dict[tuple[str, int], Place] = {}
    for major in bench_packages.NODES:
        node = bench_packages.node(major)
        if node is None:
            continue
        for name, told in contenders(major, package):
            places[name, major] = Place(name, major, node, told)
    if not places:
        sys.exit("there is no Node to measure in: run ./bootstrap.sh bench")
    return Field(places, versions(places), size, os.path.getsize(COMPONENT))


def contenders(major: int, package: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    line = 3 if major >= NEWER else 2
    sdk = {"name": "opentelemetry", "folder": str(bench_packages.opentelemetry(line)), "line": line}
    yield WITSPAN, {"name": "witspan", "folder": str(package)}
    yield OTEL, {**sdk, "sends": False}
    yield OTLP, {**sdk, "sends": True}
    if major >= NEWER:
        yield DD_TRACE, {"name": "dd-trace", "folder": str(sdk_packages.dd_trace(6)[0])}
    yield NOTHING, {"name": "nothing"}


def versions(places: dict[tuple[str, int], Place]) -> dict[str, str]:
    """What is installed, by what the tables call it."""
    found: dict[str, str] = {}
    for (name, major), place in places.items():
        said = subprocess.run([place.node, "--version"], capture_output=True, text=True, check=True)
        found[f"Node {major}"] = said.stdout.strip().lstrip("v")
        if name == DD_TRACE:
            found[name] = version(Path(place.told["folder"]))
        elif name == OTEL:
            modules = Path(place.told["folder"]) / "node_modules" / "@opentelemetry"
            sdk = "sdk-trace-base" if place.told["line"] == 2 else "sdk-trace"
            found[f"OpenTelemetry {place.told['line']}"] = version(modules / sdk)
    return found


def version(package: Path) -> str:
    return str(json.loads((package / "package.json").read_text("utf-8"))["version"])
