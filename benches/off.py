"""The chapter `off`: what the calls of a tracer cost a program whose environment says that there is
to be no tracing."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from harness import (
    NOTHING,
    PYTHON,
    Aim,
    Found,
    Plan,
    called,
    cell,
    contender,
    environment,
    in_turn,
    number,
    rows,
    run,
    sink,
    spread,
)

CASES = {
    "span": "a span, started and finished",
    "annotated span": "the same, annotated with 1 KB",
    "decorated": "a decorated function",
    "start": "LLMObs.llm(…)",
    "annotate": "LLMObs.annotate(…)",
}
OFF = {"DD_LLMOBS_ENABLED": "0", "OTEL_SDK_DISABLED": "true"}
MOST_US = 0.3


def measure(plan: Plan) -> Found:
    names = (NOTHING, *plan.tracers)
    medians: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    with sink() as address:
        for at in range(plan.rounds):
            for name in in_turn(names, at):
                plan.say(f"off: round {at + 1} of {plan.rounds}: {name}")
                # ddtrace's calls take a hundred times as long.
                calls = 100 if name.startswith("ddtrace") else 2000
                env = {**environment(address, name), **OFF}
                for line in run(contender(name, "off", "--calls", calls), env):
                    medians[name].setdefault(line["case"], []).append(median(line["us"]))
    return {
        "us": {
            name: {case: {**spread(all_), "all": all_} for case, all_ in cases.items()}
            for name, cases in medians.items()
        }
    }


def table(found: Found) -> Iterator[str]:
    names = {**called(), NOTHING: "no tracer"}
    yield "µs a call while tracing is off"
    yield ""
    body = [
        [text, *(cell(us[case]) if case in us else "" for us in found["us"].values())]
        for case, text in CASES.items()
    ]
    yield from rows(["", *(names[name] for name in found["us"])], body)


def aims(found: Found) -> Iterator[Aim]:
    if PYTHON not in found["us"]:
        return
    ours = {case: us["median"] for case, us in found["us"][PYTHON].items()}
    # The function itself would be called without a tracer, too.
    ours["decorated"] -= found["us"][NOTHING]["decorated"]["median"]
    for case in ("start", "annotate", "decorated"):
        what = f"off: {CASES[case]}" + ", more than without" * (case == "decorated")
        yield Aim(what, f"under {MOST_US} µs", f"{number(ours[case])} µs", ours[case] < MOST_US)
