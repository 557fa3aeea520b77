"""Serves a worker as `wrangler dev` would: serve_worker.py dev --port PORT.

wrangler itself takes 500 MB. What it does here is little: esbuild bundles the worker as wrangler
has it do that, and workerd runs the bundle. Variables of this process's environment that configure
a tracer or a model are bindings too, as those in the file `.dev.vars` are.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tools"))

import npm  # noqa: E402
import runtime_packages  # noqa: E402

PACKAGE = "linux-arm64" if platform.machine() in ("aarch64", "arm64") else "linux-64"
WORKERD = f"@cloudflare/workerd-{PACKAGE}/bin/workerd"
ESBUILD = "esbuild/bin/esbuild"
OUT = Path(".wrangler")


def bundle(main: str) -> None:
    command = [npm.node(), runtime_packages.modules("toolchain") / ESBUILD, main, "--bundle"]
    options = ["--format=esm", f"--outfile={OUT / 'worker.js'}", "--loader:.wasm=copy"]
    options += ["--conditions=workerd,worker,browser", "--external:node:*"]
    # Else a function is called otherwise where another of its name is near.
    options += ["--external:cloudflare:*", "--keep-names", "--log-level=warning"]
    subprocess.run([*command, *options], check=True)


def config(settings: str, port: str) -> str:
    """What workerd reads, of what wrangler does."""
    date = re.search(r'^compatibility_date = (".*")$', settings, re.MULTILINE)
    flags = re.search(r"^compatibility_flags = \[(.*)\]$", settings, re.MULTILINE)
    assert date
    _, _, variables = settings.partition("[vars]\n")
    bound = dict(re.findall(r'^(\w+) = "(.*)"$', variables, re.MULTILINE))
    bound |= {name: v for name, v in os.environ.items() if name.startswith(("DD_", "OPENAI_"))}
    bindings = [f"(name = {json.dumps(k)}, text = {json.dumps(v)})" for k, v in bound.items()]
    modules = ['(name = "worker.js", esModule = embed "worker.js")']
    for file in sorted(OUT.glob("*.wasm")):
        modules.append(f'(name = "{file.name}", wasm = embed "{file.name}")')
    return f"""
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = (
          modules = [{", ".join(modules)}],
          bindings = [{", ".join(bindings)}],
          compatibilityDate = {date[1]},
          compatibilityFlags = [{flags[1] if flags else ""}],
        )),
        # By default a worker reaches public addresses alone.
        (name = "internet", network = (allow = ["local"], deny = [])),
      ],
      sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "main")],
    );
    """


def main() -> None:
    _, verb, option, port = sys.argv
    assert (verb, option) == ("dev", "--port"), sys.argv
    settings = Path("wrangler.toml").read_text(encoding="utf-8")
    worker = re.search(r'^main = "(.*)"$', settings, re.MULTILINE)
    assert worker
    OUT.mkdir(exist_ok=True)
    bundle(worker[1])
    (OUT / "config.capnp").write_text(config(settings, port), encoding="utf-8")
    workerd = str(runtime_packages.modules("engines") / WORKERD)
    os.execv(workerd, [workerd, "serve", str(OUT / "config.capnp")])


if __name__ == "__main__":
    main()
