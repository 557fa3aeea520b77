"""A trace whose first step arrives at once, and the rest after a line of input."""

from __future__ import annotations

import sys

from witspan import LLMObs


def main() -> None:
    LLMObs.enable(ml_app="late")
    with LLMObs.workflow(name="slow_root"):
        with LLMObs.task(name="first_step"):
            pass
        LLMObs.flush()
        print("first", flush=True)
        sys.stdin.readline()
        with LLMObs.tool(name="second_step"):
            pass
    LLMObs.flush()


if __name__ == "__main__":
    main()
