"""Measures what comes before the first span: import and enable, a ready instance, sizes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spans import environment, run, sink, spread

ROOT = Path(__file__).resolve().parent.parent
WHEELS = ROOT / "target" / "wheels"

# As an application would begin; what is named first is what the line is called in the results.
BEGINNINGS = {
    "nothing": "pass",
    "witspan": "import witspan; witspan.LLMObs.enable()",
    "opentelemetry": """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
TracerProvider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
""",
    "ddtrace": """
from ddtrace.llmobs import LLMObs
LLMObs.enable(integrations_enabled=False)
""",
}
# Ends at once: how a tracer shuts down is another matter.
TIMED = """
import os, time
began = time.perf_counter()
{code}
os.write(1, str((time.perf_counter() - began) * 1e3).encode())
os._exit(0)
"""

Found = dict[str, Any]


def beginnings(runs: int, say: Callable[[str], None]) -> Found:
    """ms to import and enable inside the process, and ms of the whole process."""
    inside: dict[str, list[float]] = {name: [] for name in BEGINNINGS}
    whole: dict[str, list[float]] = {name: [] for name in BEGINNINGS}
    with sink() as address:
        env = environment(address)
        # The first run of each is not counted: it may have to write compiled Python.
        for at in range(-1, runs):
            say(f"import and enable: {max(at, 0) + 1} of {runs}")
            for name, code in BEGINNINGS.items():
                command = [sys.executable, "-c", TIMED.format(code=code)]
                began = time.perf_counter()
                done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True)
                took = (time.perf_counter() - began) * 1e3
                if at >= 0:
                    inside[name].append(float(done.stdout))
                    whole[name].append(took)
    return {
        name: {
            "import_enable_ms": {**spread(inside[name]), "all": inside[name]},
            "process_ms": {**spread(whole[name]), "all": whole[name]},
        }
        for name in BEGINNINGS
    }


def ready_instance(program: Path, runs: int) -> Found:
    """ms until a tracer is ready, in Rust: the first of a process, and later ones."""
    first: list[float] = []
    later: list[float] = []
    with sink() as address:
        for at in range(-1, runs):
            found = run([program, "start"], environment(address))[0]
            if at >= 0:
                first.append(found["first_ms"])
                later += found["later_ms"]
    return {"first_ms": {**spread(first), "all": first}, "later_ms": spread(later)}


def wheel() -> Path:
    """The wheel, built unless there is one at least as new as what is installed here."""
    installed = list((ROOT / "bindings" / "python" / "python" / "witspan").glob("_native*.*"))
    native = max((path.stat().st_mtime for path in installed if path.suffix != ".pyi"), default=0.0)

    def newest() -> Path | None:
        return max(
            WHEELS.glob("witspan-*.whl"), key=lambda path: path.stat().st_mtime, default=None
        )

    found = newest()
    if found is None or found.stat().st_mtime < native:
        maturin = Path(sys.executable).with_name("maturin" + (".exe" if os.name == "nt" else ""))
        command = [maturin, "build", "--release", "-o", WHEELS]
        command += ["-m", ROOT / "bindings" / "python" / "Cargo.toml"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            sys.exit("the wheel was not built: maturin failed, see above")
        found = newest()
    assert found is not None
    return found


def sizes() -> Found:
    component = ROOT / "target" / "component"
    return {
        "wheel_mb": wheel().stat().st_size / 1e6,
        "component_kb": (component / "witspan.wasm").stat().st_size / 1e3,
        "precompiled_kb": (component / "witspan.cwasm").stat().st_size / 1e3,
    }


def measure(program: Path, runs: int, say: Callable[[str], None]) -> Found:
    found: Found = {"beginnings": beginnings(runs, say)}
    say("a ready instance")
    found["ready_instance"] = ready_instance(program, runs)
    say("sizes")
    found["sizes"] = sizes()
    ours = found["beginnings"]["witspan"]["import_enable_ms"]["median"]
    ready = found["ready_instance"]["first_ms"]["median"]
    size, component = found["sizes"]["wheel_mb"], found["sizes"]["component_kb"]
    found["aims"] = {
        "import_enable_ms": {"value": ours, "aim": "under 30", "met": ours < 30},
        "ready_instance_ms": {"value": ready, "aim": "under 1", "met": ready < 1},
        "wheel_mb": {"value": size, "aim": "under 4", "met": size < 4},
        "component_kb": {"value": component, "aim": "under 250", "met": component < 250},
    }
    return found
