"""The cache folder: everything that is slow to make, outside the checkout.

This file runs before the virtual environment exists: standard library only, Python 3.9.
"""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder for everything slow to make: outside the checkout, so a fresh clone is quick."""
    for variable, below in (("WITSPAN_CACHE", "."), ("XDG_CACHE_HOME", "witspan")):
        value = os.environ.get(variable)
        if value:
            return (Path(value).expanduser() / below).absolute()
    return Path.home() / ".cache" / "witspan"
