"""The chapter `sustained`: how many annotated spans a second each tracer delivers, second after
second, without losing one, and what it loses above that.

Spans are offered at a steady rate on one thread, and counted at the sink. A rate is held when all
that was offered was made and all that was made came.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness import (
    PYTHON,
    Aim,
    Found,
    Plan,
    called,
    contender,
    environment,
    number,
    rows,
    run,
    settled_at,
    sink,
    spans_at,
)

AIM = 20_000
# Spans a second, of which the highest that is held is sought.
LADDER = tuple(
    round(step * power) for power in (100, 1000, 10_000) for step in (1, 1.5, 2, 3, 5, 7.5)
)


def offer(name: str, rate: int, seconds: float, sink: str) -> Found:
    """What became of so many spans a second for so long, in a fresh process."""
    before = spans_at(sink)
    command = contender(name, "paced", "--rate", rate, "--seconds", seconds)
    ready, found = run(command, environment(sink, name))
    came = settled_at(sink) - before - ready["spans"]
    # The first 200 slow calls say what there is to say of them.
    slow = found.pop("slow")
    return {
        "rate": rate,
        "made": found.pop("spans"),
        "came": came,
        **found,
        "slow": len(slow),
        "slow_first": slow[:200],
    }


def kept_up(found: Found) -> bool:
    """Whether all that was offered was made: but for 2 %, and for being 50 ms behind at the end."""
    behind = found["rate"] * found["seconds"] - found["made"]
    return bool(behind <= found["rate"] * (0.02 * found["seconds"] + 0.05))


def held(found: Found) -> bool:
    return kept_up(found) and bool(found["came"] == found["made"])


def climb(name: str, plan: Plan, seconds: float, probe: float, sink: str) -> Found:
    """Seeks the highest rate by short runs, then proves it by a long one."""
    ladder = LADDER[::3] if plan.quick else LADDER
    tried: list[Found] = []

    def try_(rate: int, seconds: float) -> bool:
        plan.say(f"sustained: {name}: {rate:,} spans a second for {seconds:g} s")
        tried.append(offer(name, rate, seconds, sink))
        return held(tried[-1])

    low, high = 0, len(ladder)
    while low < high:
        middle = (low + high) // 2
        if try_(ladder[middle], probe):
            low = middle + 1
        else:
            high = middle
    best: Found | None = None
    # A short run may pass by what the buffers take: then it is the next rate below.
    for rate in reversed(ladder[max(low - 3, 0) : low]):
        if try_(rate, seconds):
            best = tried[-1]
            break
    above = [one for one in tried if not held(one) and one["rate"] > (best["rate"] if best else 0)]
    return {"best": best, "above": min(above, key=lambda one: one["rate"], default=None)} | {
        "tried": tried
    }


def measure(plan: Plan) -> Found:
    seconds, probe = (2.0, 1.0) if plan.quick else (30.0, 3.0)
    found: Found = {"seconds": seconds, "tracers": {}}
    with sink() as address:
        for name in plan.tracers:
            climbed = climb(name, plan, seconds, probe, address)
            plan.say(f"sustained: {name}: {AIM:,} spans a second")
            # Ours is asked for all of the time, and for the others a few seconds tell enough.
            climbed["at_aim"] = offer(name, AIM, seconds if name == PYTHON else probe, address)
            found["tracers"][name] = climbed
    return found


# --- What the table shows -----------------------------------------------------------------------


def table(found: Found) -> Iterator[str]:
    names = called()
    yield f"annotated spans a second, offered at a steady rate; without loss for {time(found)}"
    yield ""
    heads = ["", "highest without loss", "cores", "worst span", "above it", f"offered {AIM:,}"]
    body = []
    for name, one in found["tracers"].items():
        best, above = one["best"], one["above"]
        texts = [f"none of {LADDER[0]:,} or more", "", ""]
        if best:
            cores = best["cpu_s"] / best["seconds"]
            texts = [f"{best['rate']:,}", f"{cores:.2f}", worst(best)]
        body.append([names[name], *texts, fate(above) if above else "", fate(one["at_aim"])])
    yield from rows(heads, body)


def time(found: Found) -> str:
    return f"{found['seconds']:g} s"


def worst(run: Found) -> str:
    return f"{number(run['us']['worst'] / 1000)} ms"


def fate(run: Found) -> str:
    made = run["made"] / run["seconds"]
    lost = 1 - run["came"] / run["made"]
    share = "none lost" if run["came"] == run["made"] else f"{lost:.2%} lost"
    slower = "" if kept_up(run) else f", {made:,.0f} made"
    return f"{run['rate']:,}{slower}: {share}"


def aims(found: Found) -> Iterator[Aim]:
    if one := found["tracers"].get(PYTHON):
        run = one["at_aim"]
        what = f"annotated spans a second for {time(found)} without loss"
        yield Aim(what, f"{AIM:,}", fate(run), held(run))
