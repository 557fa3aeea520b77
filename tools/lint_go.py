#!/usr/bin/env python3
"""Checks the format of every module of Go, and what vet and staticcheck say; `--format` formats.

The translated core is formatted like all else, and has patterns that no person would write. So
what the linters say of that one file is left out here, and what it says of its neighbours is not.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from golang import MODULES, PACKAGE, ROOT, STATICCHECK, command, output, require

#: All that is formatted. Only `just bench` builds the benches: it has to fetch other tracers.
FORMATTED = (*MODULES, ROOT / "benches" / "go")
#: What is not asked for, by file: the codes, all of them where there is none.
LEFT_OUT = {
    "internal/core/translated/core.go": "",
    # What tools/contract calls for types that the contract has not at the moment.
    "internal/core/memory.go": "U1000",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--format", action="store_true", help="format instead of checking")
    options = parser.parse_args()
    require()
    if options.format:
        return subprocess.run([command("gofmt"), "-w", *map(str, FORMATTED)]).returncode
    return 1 if any([wrong_format(), *map(wrong, MODULES)]) else 0


def wrong_format() -> bool:
    names = output([command("gofmt"), "-l", *map(str, FORMATTED)])
    if names:
        print(f"gofmt would change:\n{names}run `just fmt`", file=sys.stderr)
    return bool(names)


def wrong(module: Path) -> bool:
    """Whether a linter has something to say of a module; it is printed then."""
    # The translation has code after jumps that nothing reaches.
    vet = subprocess.run([command(), "vet", "-unreachable=false", "./..."], cwd=module)
    if vet.returncode != 0:
        # Staticcheck would say the same of what does not compile.
        return True
    static = subprocess.run(
        [command(), "run", STATICCHECK, "./..."], cwd=module, capture_output=True, text=True
    )
    said = [line for line in static.stdout.splitlines() if not left_out(module, line)]
    for line in said:
        print(f"{module.relative_to(ROOT)}/{line}", file=sys.stderr)
    # It fails with words on the other stream where it cannot work, and without where it finds.
    stopped = static.returncode != 0 and not static.stdout
    if stopped:
        print(static.stderr, file=sys.stderr)
    return bool(said) or stopped


def left_out(module: Path, line: str) -> bool:
    found = re.match(r"(.*?):\d+:\d+: .*\((\w+)\)$", line)
    if module != PACKAGE or found is None or found[1] not in LEFT_OUT:
        return False
    return LEFT_OUT[found[1]] in ("", found[2])


if __name__ == "__main__":
    sys.exit(main())
