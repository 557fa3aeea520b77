"""Python runs this before the program where `witspan run` has put this folder first in PYTHONPATH.

So the program's own child processes (workers, `multiprocessing` with spawn, subprocesses that run
Python) start as the program did. The environment's own `sitecustomize`, which this one hides, runs
as well.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def _run_the_hidden_one() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    paths = [path for path in sys.path if os.path.abspath(path or ".") != here]
    spec = PathFinder.find_spec("sitecustomize", paths)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        # What asks for it by name finds the environment's own.
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_run_the_hidden_one()

try:
    from witspan._run import start
except ImportError:
    # Another Python, without witspan: its programs run as they are.
    pass
else:
    start()
