"""What runs Linux programs of other processors: qemu, from Debian, in the cache, or this machine.

This file runs before the virtual environment exists: standard library only, Python 3.9.
"""

from __future__ import annotations

import platform
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import debian
from cache import cache_folder

#: The emulator of each processor, by Go's name for it.
PROGRAMS = {"arm64": "qemu-aarch64-static", "s390x": "qemu-s390x-static"}
#: The processors whose programs are tried. The first is one that most machines are, in 32 bits.
PROCESSORS = ("386", *PROGRAMS)
#: Debian's packages of them: programs that need no library, in older releases and in newer ones.
PACKAGES = ("qemu-user-static", "qemu-user")
#: A program that ends at once, as Linux loads it for Intel's 32-bit processors.
ENDS = struct.pack(
    # The header of an ELF file, and of its one segment: the whole file, at 64 KiB.
    "<4s12B2H5I6H8I",
    *(b"\x7fELF", 1, 1, 1, *[0] * 9),
    *(2, 3, 1, 0x10054, 52, 0, 0, 52, 32, 1, 0, 0, 0),
    *(1, 0, 0x10000, 0x10000, 93, 93, 5, 0x1000),
    # mov eax, 1 (exit); xor ebx, ebx; int 0x80
) + bytes.fromhex("b801000000 31db cd80")


def folder() -> Path:
    return cache_folder() / "tools" / "qemu"


def emulator(processor: str) -> str:
    return str(folder() / PROGRAMS[processor])


def missing(processor: str) -> str | None:
    """Why programs of that processor do not run here; none if they do."""
    if processor not in PROGRAMS:
        return None if narrow() else "this machine runs no 32-bit programs of Intel's processors"
    if Path(emulator(processor)).exists():
        return None
    return f"{PROGRAMS[processor]} is not here: `just test all` gets it"


def narrow() -> bool:
    """Whether programs of 32 bits run: on x86-64 Linux that is a choice of the kernel's."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return False
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "ends"
        program.write_bytes(ENDS)
        program.chmod(0o755)
        try:
            return subprocess.run([program], capture_output=True).returncode == 0
        except OSError:
            return False


def prepare() -> None:
    """Gets them where they can be had: on another system what needs them is skipped."""
    if platform.system() != "Linux" or not debian.there() or not any(map(missing, PROGRAMS)):
        return
    folder().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="installing-", dir=cache_folder()) as work:
        found = fetched(Path(work))
        # Renamed when whole: a folder with the final name can be relied on.
        shutil.rmtree(folder(), ignore_errors=True)
        found.rename(folder())


def fetched(work: Path) -> Path:
    """A folder with the emulators alone, which are a tenth of what the packages hold."""
    chosen = work / "chosen"
    chosen.mkdir()
    for options in debian.apt_options(work):
        for package in PACKAGES:
            try:
                prefix = debian.unpack(options, [package], work)
            except subprocess.CalledProcessError as error:
                print(f"Debian packages: {error}", file=sys.stderr)
                continue
            for program in PROGRAMS.values():
                for name in (program, program.replace("-static", "")):
                    # One package of newer releases has links to the programs of the other.
                    if (prefix / "usr" / "bin" / name).is_file():
                        shutil.copy2(prefix / "usr" / "bin" / name, chosen / program)
            if all(runs(chosen / program) for program in PROGRAMS.values()):
                return chosen
    sys.exit("qemu's user emulation was not installed: Debian's packages of it cannot be fetched")


def runs(program: Path) -> bool:
    # A program that wants libraries of its package is there, and does not start.
    return (
        program.exists()
        and not subprocess.run([program, "-version"], capture_output=True).returncode
    )
