#!/usr/bin/env python3
"""Finds or makes a Rust standard library for wasm32-unknown-unknown.

Two ways, tried in this order:

1. rustup: the target is installed already, or `rustup target add` can install it.
2. Debian: some machines reach a Debian mirror but not rustup's downloads. Debian packages a whole
   compiler (`rustc-web`) together with the sources of its standard library. They are unpacked into
   a private folder, so nothing is installed over the machine's own Rust, and the library is built
   from those sources once.

`cargo_env()` gives the environment in which `cargo build --target wasm32-unknown-unknown` works.
`python3 tools/wasm_std.py` prints which way is in use and that environment.

This file runs before the virtual environment exists: standard library only, Python 3.9.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import debian
from cache import cache_folder

TARGET = "wasm32-unknown-unknown"
# The oldest compiler the workspace accepts (`rust-version` in Cargo.toml).
OLDEST_RUST = (1, 95)
RUSTUP_SECONDS = 60
# A machine that cannot reach rustup's downloads would wait for the same failure at every start.
RUSTUP_RETRY_SECONDS = 24 * 60 * 60


class Unavailable(Exception):
    """Neither way works here; the text is one sentence for the person at the keyboard."""


def cargo_env() -> dict[str, str]:
    """What to add to the environment so that cargo can build for wasm; makes the library first."""
    return _find_or_make()[1]


def _find_or_make() -> tuple[str, dict[str, str]]:
    """The way in use, in words, and its environment."""
    sysroot = _sysroot()
    if _has_target(sysroot):
        return "rustup's own target", {}
    prefix = _finished_prefix()
    if prefix is None:
        if _rustup_adds_target(sysroot):
            return "rustup's own target", {}
        prefix = _debian_prefix(sysroot)
    _link_linker(prefix, sysroot)
    return f"Debian's rustc-web {prefix.name}", _prefix_env(prefix)


def _output(command: Sequence[str], env: dict[str, str] | None = None) -> str:
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=env, stdin=subprocess.DEVNULL
    ).stdout


def _sysroot() -> Path:
    try:
        return Path(_output(["rustc", "--print", "sysroot"]).strip())
    except (OSError, subprocess.CalledProcessError):
        raise Unavailable(
            "Rust is missing: install it with rustup (https://rustup.rs), then run this again."
        ) from None


def _has_target(sysroot: Path) -> bool:
    return any((sysroot / "lib" / "rustlib" / TARGET / "lib").glob("libstd-*.rlib"))


# --- Way 1: rustup ------------------------------------------------------------------------------


def _rustup_adds_target(sysroot: Path) -> bool:
    rustup = shutil.which("rustup")
    if rustup is None:
        return False
    failed = cache_folder() / "wasm-std" / f"rustup-failed-{sysroot.name}"
    if failed.exists() and time.time() - failed.stat().st_mtime < RUSTUP_RETRY_SECONDS:
        return False
    with contextlib.suppress(subprocess.SubprocessError):
        added = subprocess.run(
            [rustup, "target", "add", TARGET],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            timeout=RUSTUP_SECONDS,
        )
        if added.returncode == 0 and _has_target(sysroot):
            return True
    failed.parent.mkdir(parents=True, exist_ok=True)
    failed.touch()
    return False


# --- Way 2: Debian's rustc-web ------------------------------------------------------------------


def _finished_prefix() -> Path | None:
    """The newest library made earlier. A folder has its final name only once it is whole."""
    made = [
        folder
        for folder in (cache_folder() / "wasm-std").glob("*")
        if folder.name[0].isdigit() and (folder / "usr" / "bin" / "rustc").exists()
    ]
    return max(made, key=lambda folder: _numbers(folder.name), default=None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _one(folder: Path, pattern: str) -> Path:
    """The single path that matches: names carry an architecture or a version we do not know."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise Unavailable(f"Debian's rustc-web has changed: no `{pattern}` in its packages.")
    return found[-1]


def _prefix_env(prefix: Path) -> dict[str, str]:
    libraries = [str(_one(prefix, "usr/lib/*/librustc_driver-*.so").parent)]
    libraries += [str(folder) for folder in sorted(prefix.glob("usr/lib/llvm-*/lib"))]
    if os.environ.get("LD_LIBRARY_PATH"):
        libraries.append(os.environ["LD_LIBRARY_PATH"])
    return {
        "RUSTC": str(prefix / "usr" / "bin" / "rustc"),
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
    }


def _link_linker(prefix: Path, sysroot: Path) -> None:
    """Debian packages the wasm linker apart; the one in the machine's own Rust does as well.

    Checked each time, because an update of that Rust moves it.
    """
    host = _one(prefix, "usr/lib/rustlib/*-linux-*/lib").parent
    linker = host / "bin" / "rust-lld"
    if linker.exists():
        return
    own = sorted(sysroot.glob("lib/rustlib/*/bin/rust-lld"))
    if not own:
        raise Unavailable(
            "The linker `rust-lld` is missing: install Rust with rustup, which brings it, "
            "then run this again."
        )
    linker.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        linker.unlink()
    with contextlib.suppress(FileExistsError):
        linker.symlink_to(own[0])


def _debian_prefix(sysroot: Path) -> Path:
    home = cache_folder() / "wasm-std"
    if not debian.there():
        raise Unavailable(
            f"A standard library for {TARGET} is missing: run `rustup target add {TARGET}` where "
            "rustup's downloads can be reached (no Debian packages can stand in on this machine)."
        )
    with _lock(home):
        made = _finished_prefix()
        if made is not None:
            return made
        for left in home.glob(".building-*"):
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=".building-", dir=home))
        try:
            version = _fetch(work)
            prefix = work / "prefix"
            _link_linker(prefix, sysroot)
            _build_std(prefix, work / "crate")
            # The sources are two thirds of the packages, and only the build above reads them.
            for unused in ("usr/src", "usr/share", "usr/libexec", "usr/bin/rustdoc"):
                shutil.rmtree(prefix / unused, ignore_errors=True)
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                    (prefix / unused).unlink()
            shutil.rmtree(prefix / "usr/lib/rustlib/src", ignore_errors=True)
            # An epoch (`1:`) would put a colon into LD_LIBRARY_PATH.
            finished = home / version.replace(":", "_")
            prefix.rename(finished)
            return finished
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _lock(home: Path) -> Iterator[None]:
    """One maker at a time; the others wait and then find the finished folder."""
    import fcntl  # not on Windows, where this way does not exist either

    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(work: Path) -> str:
    """Unpacks compiler, libraries and sources of one Debian version into `work/prefix`."""
    for options in debian.apt_options(work):
        try:
            version, packages = _choose(options)
            debian.unpack(options, packages, work)
        except (subprocess.CalledProcessError, LookupError) as error:
            print(f"Debian packages: {error}", file=sys.stderr)
            continue
        return version
    raise Unavailable(
        f"A standard library for {TARGET} is missing: neither `rustup target add {TARGET}` nor "
        "Debian's `rustc-web` packages can be fetched here, so run this again with a network that "
        "reaches one of them."
    )


def _choose(options: list[str]) -> tuple[str, list[str]]:
    """The version to take, and every package to fetch as `name=version` or `name`.

    Compiler and sources must be of one version, and security updates move it: so the candidate is
    asked for, never assumed.
    """
    policy = _output(["apt-cache", *options, "policy", "rustc-web"], _plain_words())
    candidate = re.search(r"Candidate: (\S+)", policy)
    if candidate is None or not candidate[1][0].isdigit():
        raise LookupError("there is no candidate for rustc-web in the package lists")
    version = candidate[1]
    if _numbers(version.split(":")[-1])[:2] < OLDEST_RUST:
        raise LookupError(f"rustc-web {version} is older than the workspace accepts")
    library = _depends(options, f"libstd-rust-web-dev={version}", "libstd-rust-web-")[0]
    packages = [
        f"{name}={version}"
        for name in ("rustc-web", library, "libstd-rust-web-dev", "rust-web-src")
    ]
    # The libraries behind the compiler (LLVM, and what LLVM needs), except those on the machine.
    seen: set[str] = set()
    queue = [f"{library}={version}"]
    while queue:
        for name in _depends(options, queue.pop()):
            if name not in seen and not _installed(name):
                queue.append(name)
            seen.add(name)
    missing = sorted(name for name in seen if not _installed(name))
    return version, packages + [name for name in missing if name != library]


def _plain_words() -> dict[str, str]:
    """apt translates its output; we read it, so ask for the untranslated words."""
    return {**os.environ, "LC_ALL": "C"}


def _depends(options: list[str], package: str, beginning: str = "") -> list[str]:
    text = _output(["apt-cache", *options, "depends", "-i", package], _plain_words())
    names = re.findall(r"^ +(?:Pre)?Depends: ([a-z0-9][^\s:]*)", text, re.MULTILINE)
    names = [name for name in names if name.startswith(beginning)]
    if beginning and not names:
        raise LookupError(f"{package} names no package `{beginning}…`")
    return names


def _installed(name: str) -> bool:
    status = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return "installed" in status.stdout.split()


def _build_std(prefix: Path, crate: Path) -> None:
    """Builds std for wasm with an empty crate and files it where the compiler looks for it.

    Afterwards the compiler is an ordinary one for this target: no nightly flags for anyone.
    """
    (crate / "src").mkdir(parents=True)
    (crate / "src" / "lib.rs").write_text("")
    (crate / "Cargo.toml").write_text(
        '[package]\nname = "only-for-std"\nversion = "0.0.0"\nedition = "2021"\n\n'
        # How the official library is built: one unit a crate.
        '[profile.release]\nopt-level = 3\npanic = "abort"\ncodegen-units = 1\n\n[workspace]\n'
    )
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CARGO_BUILD")},
        **_prefix_env(prefix),
        "RUSTC_BOOTSTRAP": "1",
        "CARGO_TARGET_DIR": str(crate / "target"),
        # Link-time optimisation of the guest reads this part of the library.
        "RUSTFLAGS": "-C embed-bitcode=yes",
    }
    subprocess.run(
        ["cargo", "build", "--release", "--target", TARGET]
        + ["--config", 'unstable.build-std=["std","panic_abort"]'],
        cwd=crate,
        env=env,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    library = prefix / "usr" / "lib" / "rustlib" / TARGET / "lib"
    library.mkdir(parents=True)
    for built in (crate / "target" / TARGET / "release" / "deps").glob("*.rlib"):
        if not built.name.startswith("libonly_for_std"):
            shutil.copy2(built, library)
    shutil.rmtree(crate)


def main() -> int:
    try:
        way, env = _find_or_make()
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"the command failed, its words are above: {error}", file=sys.stderr)
        return 1
    print(f"wasm standard library: {way}")
    for name, value in env.items():
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
