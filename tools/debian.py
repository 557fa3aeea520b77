"""Debian's packages, unpacked into a folder of ours: nothing is installed, and root is not needed.

This file runs before the virtual environment exists: standard library only, Python 3.9.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

#: The programs that this needs.
PROGRAMS = ("apt-get", "apt-cache", "dpkg", "dpkg-query")


def there() -> bool:
    return all(shutil.which(program) for program in PROGRAMS)


def apt_options(work: Path) -> Iterator[list[str]]:
    """First the machine's own package lists, then fresh private ones.

    The own lists may be empty (container images), stale, or need root to refresh; private ones
    cost some seconds and change nothing on the machine.
    """
    # Without this apt warns, as root, that its helper user cannot read our folder.
    quiet = ["-q", "-o", "APT::Sandbox::User=root"]
    yield quiet
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / "apt" / folder).mkdir(parents=True, exist_ok=True)
    private = [
        *quiet,
        *("-o", f"Dir::State={work / 'apt' / 'state'}"),
        *("-o", f"Dir::Cache={work / 'apt' / 'cache'}"),
    ]
    subprocess.run(
        ["apt-get", *private, "update"], stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
    )
    yield private


def unpack(options: Sequence[str], packages: Sequence[str], work: Path) -> Path:
    """The folder `work/prefix`, with what these packages hold."""
    # A half-finished try must not mix its versions with the next one's.
    shutil.rmtree(work / "debs", ignore_errors=True)
    (work / "debs").mkdir()
    subprocess.run(
        ["apt-get", *options, "download", *packages],
        cwd=work / "debs",
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    prefix = work / "prefix"
    prefix.mkdir(exist_ok=True)
    for package in sorted((work / "debs").glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(prefix)], check=True)
        package.unlink()
    return prefix
