"""`--count` traces of one kind, each with `--spans` tasks of ten spans under its root."""

from __future__ import annotations

import argparse

from witspan import LLMObs


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--app", default="plain")
    parser.add_argument("--name", default="step")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--spans", type=int, default=0)
    parser.add_argument("--text", default="hello")
    parser.add_argument("--length", type=int, default=0, help="characters of a longer input")
    arguments = parser.parse_args()
    text = (arguments.text * (arguments.length // len(arguments.text) + 1))[: arguments.length]
    LLMObs.enable(ml_app=arguments.app)
    for number in range(arguments.count):
        with LLMObs.workflow(name=f"{arguments.name} {number}"):
            LLMObs.annotate(input_data=text or arguments.text)
            for each in range(arguments.spans):
                # Each task has steps of its own, so that there is something to fold.
                with LLMObs.task(name=f"task {each}"):
                    for inner in range(9):
                        with LLMObs.tool(name=f"part {each}.{inner}"):
                            pass
    LLMObs.flush()


if __name__ == "__main__":
    main()
