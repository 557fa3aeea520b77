"""Runs a program that is built already as `go run` would: it says how the program ended.

`go run` says so on stderr; a page shows both, so here it is stdout. Signals go to the program.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType

program = subprocess.Popen(sys.argv[1:])


def pass_on(number: int, _frame: FrameType | None) -> None:
    program.send_signal(number)


for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, pass_on)
status = program.wait()
if status > 0:
    print(f"exit status {status}")
elif status < 0:
    print(f"signal: {signal.strsignal(-status)}".lower())
sys.exit(1 if status else 0)
