"""The chapter `startup`: what comes before the first span: import and enable, a ready instance,
sizes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from harness import (
    DDTRACE,
    DDTRACE_APM,
    NOTHING,
    OTEL,
    PYTHON,
    ROOT,
    Aim,
    Found,
    Plan,
    called,
    cell,
    environment,
    in_turn,
    number,
    rows,
    run,
    sink,
    spread,
)

WHEELS = ROOT / "target" / "wheels"
DDTRACE_BEGINS = """
from ddtrace.llmobs import LLMObs
LLMObs.enable(integrations_enabled=False)
"""
# As an application would begin.
BEGINNINGS = {
    NOTHING: "pass",
    PYTHON: "import witspan; witspan.LLMObs.enable()",
    OTEL: """
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
TracerProvider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
""",
    DDTRACE: DDTRACE_BEGINS,
    DDTRACE_APM: DDTRACE_BEGINS,
}
# Ends at once: how a tracer shuts down is another matter.
TIMED = """
import os, time
began = time.perf_counter()
{code}
os.write(1, b'{{"ms": %f}}' % ((time.perf_counter() - began) * 1e3))
os._exit(0)
"""


def beginnings(plan: Plan, runs: int) -> Found:
    """ms to import and enable inside the process, and ms of the whole process."""
    names = (NOTHING, *plan.tracers)
    inside: dict[str, list[float]] = {name: [] for name in names}
    whole: dict[str, list[float]] = {name: [] for name in names}
    with sink() as address:
        # The first run of each is not counted: it may have to write compiled Python.
        for at in range(-1, runs):
            plan.say(f"startup: import and enable: {max(at, 0) + 1} of {runs}")
            for name in in_turn(names, at):
                command = [sys.executable, "-c", TIMED.format(code=BEGINNINGS[name])]
                env = environment(address, name)
                began = time.perf_counter()
                (line,) = run(command, env)
                took = (time.perf_counter() - began) * 1e3
                if at >= 0:
                    inside[name].append(line["ms"])
                    whole[name].append(took)
    return {
        name: {
            "import_enable_ms": {**spread(inside[name]), "all": inside[name]},
            "process_ms": {**spread(whole[name]), "all": whole[name]},
        }
        for name in names
    }


def ready_instance(program: Path, runs: int) -> Found:
    """ms until a tracer is ready, in Rust: the first of a process, and later ones."""
    first: list[float] = []
    later: list[float] = []
    with sink() as address:
        for at in range(-1, runs):
            found = run([str(program), "start"], environment(address))[0]
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
        manifest = ROOT / "bindings" / "python" / "Cargo.toml"
        command = [str(maturin), "build", "--release", "-o", str(WHEELS), "-m", str(manifest)]
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


def measure(plan: Plan) -> Found:
    assert plan.program is not None
    runs = 3 if plan.quick else 10
    found: Found = {"beginnings": beginnings(plan, runs)}
    plan.say("startup: a ready instance")
    found["ready_instance"] = ready_instance(plan.program, runs)
    plan.say("startup: sizes")
    found["sizes"] = sizes()
    return found


# --- What the table shows -----------------------------------------------------------------------


def table(found: Found) -> Iterator[str]:
    yield "before the first span"
    yield ""
    yield from rows(["", "median (least … most)"], [*begun(found["beginnings"]), *standing(found)])


def begun(found: Found) -> Iterator[list[str]]:
    names = called()
    tracers = [name for name in BEGINNINGS if name in found and name != NOTHING]
    for name in tracers:
        text = cell(found[name]["import_enable_ms"]) + " ms"
        yield [f"import and enable: {names[name]}", text]
    empty = found[NOTHING]["process_ms"]["median"]
    for name in tracers:
        more = found[name]["process_ms"]["median"] - empty
        text = f"{number(more)} ms over {number(empty)} ms of Python alone"
        yield [f"the whole process: {names[name]}", text]


def standing(found: Found) -> Iterator[list[str]]:
    ready, sizes = found["ready_instance"], found["sizes"]
    yield ["a ready instance: the first of a process", cell(ready["first_ms"]) + " ms"]
    yield ["a ready instance: a later one", cell(ready["later_ms"]) + " ms"]
    yield ["the wheel", f"{sizes['wheel_mb']:.2f} MB"]
    yield ["the component", f"{sizes['component_kb']:.0f} KB"]
    yield ["the component, precompiled", f"{sizes['precompiled_kb']:.0f} KB"]


def aims(found: Found) -> Iterator[Aim]:
    if PYTHON in found["beginnings"]:
        took = found["beginnings"][PYTHON]["import_enable_ms"]
        yield Aim("import and enable", "under 25 ms", cell(took) + " ms", took["median"] < 25)
    ready = found["ready_instance"]["first_ms"]
    yield Aim("a first ready instance", "under 1 ms", cell(ready) + " ms", ready["median"] < 1)
    size, component = found["sizes"]["wheel_mb"], found["sizes"]["component_kb"]
    yield Aim("the wheel", "under 4 MB", f"{size:.2f} MB", size < 4)
    yield Aim("the component", "under 250 KB", f"{component:.0f} KB", component < 250)
