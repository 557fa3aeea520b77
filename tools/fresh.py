#!/usr/bin/env python3
"""Runs continuous integration on a machine that has only what the README asks for: `just fresh`.

The machine is a folder: a bare Debian-like root made by debootstrap from this machine's own mirror,
with Python, a C compiler and this machine's Rust, an empty home, no cache, no font, and a clean
clone of what is committed here. `just fresh furnished` has a browser, a Node, fonts and tools of
the distribution's versions in it as well, and what this machine has compiled already, as a
developer's machine would.

It needs root, for chroot. Every mount is made in a namespace that ends with this program, however
that ends; its processes end with it, and the folder is deleted. Words after the mode are run in the
place of .ci/run: `just fresh bare ./bootstrap.sh setup`.

Settings of package registries (addresses, proxies, certificates) are those of this machine: they
say where packages come from, not what is there.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cache import cache_folder

ROOT = Path(__file__).resolve().parent.parent
#: What the README asks for, besides Rust; certificates are what rustup's installer needs itself.
ASKED = ["python3", "python3-venv", "gcc", "libc6-dev", "ca-certificates"]
#: What many machines have, in other versions than the project gets for itself.
FURNITURE = ["chromium", "golang-go", "nodejs", "npm", "curl", "git", "openssl", "procps"]
FURNITURE += [
    "tzdata",
    "fonts-inter",
    "fonts-jetbrains-mono",
    "fonts-noto-core",
    "fonts-liberation",
]
#: Where the clone is, in the new root.
CHECKOUT = "root/witspan"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Programs of rustup that are all one, and know by their name what they are.
PROXIES = "cargo cargo-clippy cargo-fmt clippy-driver rustc rustdoc rustfmt".split()
#: Variables that say where packages come from and whom to trust; none that brings packages along.
SETTINGS = re.compile(
    r"(?i)pip_(?!find_links)\w+|npm_config_\w+|cargo_(http|net|registr|source)\w*"
    r"|rustup_(dist_server|update_root)|go(proxy|sumdb|nosumdb|noproxy|private|insecure)"
    r"|\w+_proxy|ssl_cert_(file|dir)|\w*_ca_(bundle|certs?|info)\w*"
    r"|\w*(cainfo|ca_certs)\w*"
)
#: Files that say the same, where they are there; `~` is the home of whoever runs this.
SETTING_FILES = [
    *("~/.npmrc", "/etc/npmrc", "/usr/etc/npmrc", "/etc/pip.conf"),
    *("~/.pip/pip.conf", "~/.config/pip/pip.conf", "~/.cargo/config", "~/.cargo/config.toml"),
    *("/etc/resolv.conf", "/etc/hosts", "/etc/apt/auth.conf", "/etc/apt/auth.conf.d"),
    *("/etc/apt/trusted.gpg.d", "/etc/apt/keyrings", "/usr/share/keyrings"),
]
#: Certificates to trust, those included that somebody added to this machine.
CERTIFICATES = ["/etc/ssl/certs", "/usr/local/share/ca-certificates"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("mode", nargs="?", choices=["bare", "furnished"], default="bare")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="run in place of .ci/run")
    parser.add_argument("--inside", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        return inside(Path(arguments.inside), arguments.mode, arguments.command)
    check_machine()
    if run(["git", "-C", ROOT, "status", "--porcelain"], read=True):
        say("what is not committed is not tested")
    # A disk, not the memory that /tmp often is: it becomes 15 GB.
    folder = Path(
        tempfile.mkdtemp(prefix="witspan-fresh-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        command = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
        ]
        command += [sys.executable, __file__, "--inside", str(folder), arguments.mode]
        code = subprocess.run(command + arguments.command, preexec_fn=die_with_parent).returncode
    except KeyboardInterrupt:
        code = 130
    finally:
        remove(folder)
    took = f"{(time.monotonic() - began) / 60:.0f} min"
    say(f"{arguments.mode}: {'passed' if code == 0 else f'failed with {code}'} after {took}")
    return code


def check_machine() -> None:
    if sys.platform != "linux" or not shutil.which("apt-get"):
        sys.exit("fresh: this needs Debian, Ubuntu or another Linux of theirs")
    if os.geteuid() != 0:
        sys.exit("fresh: this makes a root of its own, so it needs root: run it with sudo")
    if not shutil.which("rustup"):
        sys.exit("fresh: rustup is missing: install it (https://rustup.rs), then run this again")
    if not shutil.which("debootstrap"):
        run(["apt-get", "update", "-q"])
        run(["apt-get", "install", "-yq", "--no-install-recommends", "debootstrap"])


def die_with_parent() -> None:
    """The namespaces end even if this program is killed."""
    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)


def remove(folder: Path) -> None:
    """Deletes the root; never through a mount, which only a living namespace could have."""
    if str(folder) in Path("/proc/self/mountinfo").read_text(encoding="utf-8"):
        say(f"something is mounted in {folder}, so it stays")
        return
    shutil.rmtree(folder, ignore_errors=True)


# --- In the namespace, as its first process -----------------------------------------------------


def inside(folder: Path, mode: str, command: list[str]) -> int:
    new = folder / "root"
    source = distribution()
    say(f"a bare {source.suite} in {new}")
    with quiet(folder / "debootstrap.log") as log:
        keyring = ["--keyring", source.keyring] if source.keyring else []
        words = [
            "debootstrap",
            "--variant=minbase",
            *keyring,
            source.suite,
            str(new),
            source.mirror,
        ]
        run(words, log=log)
    configure(new, source.text)
    mount(new)
    packages = ASKED + (FURNITURE if mode == "furnished" else [])
    say(f"installs {' '.join(packages)}")
    with quiet(folder / "apt.log") as log:
        env = {"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", **settings()}
        run(["chroot", new, "apt-get", "update", "-q"], env=env, log=log)
        install = ["apt-get", "install", "-yq", "--no-install-recommends", *packages]
        run(["chroot", new, *install], env=env, log=log)
        run(["chroot", new, "apt-get", "clean"], env=env, log=log)
        # Images of containers have no lists of packages either.
        for each in (new / "var" / "lib" / "apt" / "lists").iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    trust(new)
    give_rust(new)
    if mode == "furnished":
        give_cache(new)
    run(["git", "clone", "-q", "--no-hardlinks", ROOT, new / CHECKOUT])
    say(f"runs {' '.join(command) or '.ci/run'}")
    words = command or ["bash", ".ci/run"]
    env = {"HOME": "/root", "PATH": PATH, "TERM": "dumb", **settings()}
    if mode == "furnished":
        # Not the zone of whoever wrote the tests, and not whole hours from it.
        env["TZ"] = "Asia/Kathmandu"
    entered = ["chroot", str(new), "sh", "-c", f'cd /{CHECKOUT} && exec "$@"', "sh", *words]
    before = processor_minutes()
    code = as_first_process(subprocess.Popen(entered, env=env, stdin=subprocess.DEVNULL))
    say(f"it took {processor_minutes() - before:.1f} min of processor time")
    return code


def processor_minutes() -> float:
    """What all processes that have ended here used, in minutes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 60


def as_first_process(main: subprocess.Popen[bytes]) -> int:
    """Waits for a program, and buries the orphans that a first process gets."""
    while True:
        pid, status = os.wait()
        if pid == main.pid:
            return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1


class Source:
    """Where the distribution of this machine comes from."""

    def __init__(self, suite: str, mirror: str, keyring: str, text: str) -> None:
        self.suite = suite
        self.mirror = mirror
        self.keyring = keyring
        #: The entries of this suite alone, as apt reads them.
        self.text = text


def distribution() -> Source:
    """The system's own entries of apt's lists; those of other vendors bring what is by chance."""
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    named = re.search(r"^VERSION_CODENAME=(\S+)", release, re.MULTILINE)
    suite = named[1] if named else sys.exit("fresh: /etc/os-release names no release")
    found: list[tuple[str, str, str]] = []
    lists = Path("/etc/apt/sources.list.d")
    for path in [Path("/etc/apt/sources.list"), *sorted(lists.glob("*.list"))]:
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            entry = re.match(r"deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s", line)
            if entry and entry[3].split("-")[0] == suite:
                signed = re.search(r"signed-by=(\S+)", entry[1] or "")
                block = f"Types: deb\nURIs: {entry[2]}\nSuites: {entry[3]}\n"
                block += f"Components: {' '.join(line[entry.end() :].split())}\n"
                found.append((entry[2], signed[1] if signed else "", block))
    for path in sorted(lists.glob("*.sources")):
        for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
            lines = [line for line in block.splitlines() if not line.startswith("#")]
            fields = dict(re.findall(r"(?m)^([\w-]+):[ \t]*(.*)$", "\n".join(lines)))
            suites = fields.get("Suites", "").split()
            if "deb" in fields.get("Types", "") and suite in {
                each.split("-")[0] for each in suites
            }:
                mirror = fields["URIs"].split()[0]
                found.append((mirror, fields.get("Signed-By", ""), "\n".join(lines) + "\n"))
                # The one that has the release itself, not its updates, is what a root is made from.
                if suite in suites:
                    found.insert(0, found.pop())
    if not found:
        sys.exit(f"fresh: apt's lists name no mirror of {suite}")
    mirror, keyring, _ = found[0]
    keyring = keyring if keyring.startswith("/") else ""
    return Source(suite, mirror, keyring, "\n".join(text for _, _, text in found))


def configure(new: Path, sources: str) -> None:
    """Gives the root this machine's settings of registries and of the network, and nothing else."""
    apt = new / "etc" / "apt"
    (apt / "sources.list").unlink(missing_ok=True)
    (apt / "sources.list.d" / "system.sources").write_text(sources, encoding="utf-8")
    dumped = run(["apt-config", "dump"], read=True).splitlines()
    acquire = [line for line in dumped if re.match(r"Acquire::(http|https|Retries)", line)]
    (apt / "apt.conf.d" / "01machine").write_text("\n".join(acquire) + "\n", encoding="utf-8")
    for name in [*SETTING_FILES, *CERTIFICATES]:
        copy(Path(name).expanduser(), new, name.replace("~", "/root"))
    for value in settings().values():
        # A certificate, or a file of settings.
        if value.startswith("/"):
            copy(Path(value), new, value)
    hosts = new / "etc" / "hosts"
    text = hosts.read_text(encoding="utf-8") if hosts.exists() else ""
    if not re.search(r"(?m)^127\.0\.0\.1\s.*\blocalhost\b", text):
        hosts.write_text(text + "127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")


def give_cache(new: Path) -> None:
    """Brings along what the project has compiled on this machine, keyed by version."""
    cache = cache_folder()
    if cache.is_dir():
        unfinished = shutil.ignore_patterns("building-*")
        shutil.copytree(cache, new / "root/.cache/witspan", symlinks=True, ignore=unfinished)


def trust(new: Path) -> None:
    """The same certificates once more: the package of them has made its own bundle."""
    for name in CERTIFICATES:
        copy(Path(name), new, name)


def copy(old: Path, new: Path, name: str) -> None:
    """Copies a file or a folder of files, without links, to the place `name` of the new root."""
    place = new / name.lstrip("/")
    if old.is_dir():
        for each in old.iterdir():
            # Certificates that were taken away leave links behind.
            if each.is_file():
                copy(each, new, f"{name}/{each.name}")
    elif old.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        shutil.copyfile(old, place)


def settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if SETTINGS.fullmatch(name)}


def mount(new: Path) -> None:
    """What the kernel gives every machine: its own /proc, /sys, and devices without hardware."""
    run(["mount", "-t", "proc", "proc", new / "proc"])
    run(["mount", "-t", "sysfs", "-o", "ro", "sysfs", new / "sys"])
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", new / "dev"])
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (new / "dev" / name).touch()
        run(["mount", "--bind", f"/dev/{name}", new / "dev" / name])
    for name in ("pts", "shm"):
        (new / "dev" / name).mkdir()
    run(["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=666", "devpts", new / "dev" / "pts"])
    run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", new / "dev" / "shm"])
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd"}
    for at, name in enumerate(("stdin", "stdout", "stderr")):
        links[name] = f"/proc/self/fd/{at}"
    for name, target in links.items():
        (new / "dev" / name).symlink_to(target)


def give_rust(new: Path) -> None:
    """What rustup's installer leaves in a home, with this machine's toolchain in it, read-only."""
    toolchain = Path(run(["rustc", "--print", "sysroot"], read=True).strip())
    home = new / "root" / ".rustup"
    place = home / "toolchains" / toolchain.name
    place.mkdir(parents=True)
    run(["mount", "--bind", toolchain, place])
    run(["mount", "-o", "remount,bind,ro", place])
    for target in (place / "lib" / "rustlib").glob("wasm32-*"):
        # Installed here by chance: nobody has been asked for it.
        run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", target])
    chosen = f'version = "12"\ndefault_toolchain = "{toolchain.name}"\nprofile = "default"\n'
    (home / "settings.toml").write_text(chosen, encoding="utf-8")
    programs = new / "root" / ".cargo" / "bin"
    programs.mkdir(parents=True)
    shutil.copy2(shutil.which("rustup") or "rustup", programs / "rustup")
    for name in PROXIES:
        (programs / name).symlink_to("rustup")


# --- Small things -------------------------------------------------------------------------------


def say(text: str) -> None:
    print(f"fresh: {text}", flush=True)


@contextlib.contextmanager
def quiet(path: Path) -> Iterator[Path]:
    """Commands write to `path`, whose end is shown if one fails."""
    try:
        yield path
    except SystemExit:
        print("\n".join(path.read_text(errors="replace").splitlines()[-25:]), file=sys.stderr)
        raise


def run(
    command: Sequence[object],
    env: dict[str, str] | None = None,
    log: Path | None = None,
    read: bool = False,
) -> str:
    """Runs a command to its end, which has to be a good one; gives what it printed if asked to."""
    words = [str(word) for word in command]
    with open(log, "ab") if log else contextlib.nullcontext() as out:
        done = subprocess.run(
            words,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if read else out,
            stderr=out,
            text=True,
        )
    if done.returncode != 0:
        sys.exit(f"fresh: `{' '.join(words)}` failed")
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main())
