"""`python -m witspan run …`: the command `witspan-run` where it is not on the path."""

import sys

from ._log import say, shown
from ._run import USAGE, console


def main() -> None:
    """Takes the one verb there is."""
    if sys.argv[1:2] == ["run"]:
        console(sys.argv[2:])
    if sys.argv[1:2] in (["-h"], ["--help"], ["--version"]):
        console(sys.argv[1:])
    given = f"there is no `{shown(sys.argv[1])}`" if sys.argv[1:] else "a command is missing"
    usage = USAGE.replace("witspan-run", "python -m witspan run")
    say(f"witspan: {given}\n\n{usage}", error=False)
    sys.exit(2)


if __name__ == "__main__":
    main()
