"""A real php-fpm, and a client of FastCGI that asks it for pages."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from php_support import environment

BEGIN, PARAMS, STDIN, STDOUT, STDERR, END = 1, 4, 5, 6, 7, 3
RESPONDER = 1
USER = "nobody"


class Fpm:
    """A master with some workers, at a socket in `folder`.

    With `root` the workers are of another user; else the master is so, too, where root starts it.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        settings: Mapping[str, str],
        workers: int,
        requests: int,
        root: bool,
    ) -> None:
        self.socket = folder / "fpm.sock"
        self.log = folder / "fpm.log"
        folder.chmod(0o755)
        other = USER if os.geteuid() == 0 and not root else None
        if other:
            shutil.chown(folder, other)
        pool = {
            "listen": str(self.socket),
            "pm": "static",
            "pm.max_children": str(workers),
            "pm.max_requests": str(requests),
            "catch_workers_output": "yes",
            "decorate_workers_output": "no",
            **({"user": USER, "listen.mode": "0666"} if root else {}),
        }
        config = folder / "fpm.conf"
        lines = ["[global]", f"error_log = {self.log}", "daemonize = no", "[www]"]
        config.write_text("\n".join([*lines, *(f"{k} = {v}" for k, v in pool.items())]) + "\n")
        defined = [word for name, value in settings.items() for word in ("-d", f"{name}={value}")]
        self.output = (folder / "fpm.out").open("w")
        self.process = subprocess.Popen(
            [program, "-F", "-y", str(config), *defined],
            env=environment(),
            user=other,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
        )
        end = time.monotonic() + 20
        while not self.socket.exists():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def said(self) -> str:
        """What it logged, for a test that fails."""
        self.output.flush()
        texts = (Path(self.output.name), self.log)
        return "\n".join(path.read_text("utf-8") for path in texts if path.exists())

    def ask(self, script: Path, query: str, more: Mapping[str, str]) -> str:
        """The body of a page, as soon as the answer is complete."""
        names = {
            "SCRIPT_FILENAME": str(script),
            "REQUEST_METHOD": "GET",
            "QUERY_STRING": query,
            **more,
        }
        params = b"".join(_pair(name.encode(), value.encode()) for name, value in names.items())
        begin = struct.pack(">HB5x", RESPONDER, 0)
        sent = [(BEGIN, begin), (PARAMS, params), (PARAMS, b""), (STDIN, b"")]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(self.socket))
            connection.sendall(b"".join(_record(kind, data) for kind, data in sent))
            body = _answer(connection)
        return body.partition(b"\r\n\r\n")[2].decode()

    def close(self) -> None:
        """Ends it as an administrator does: each worker completes its request."""
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.output.close()


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack(">BBHHBx", 1, kind, 1, len(data), 0) + data


def _pair(name: bytes, value: bytes) -> bytes:
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


def _answer(connection: socket.socket) -> bytes:
    stream = connection.makefile("rb")
    body = b""
    while header := stream.read(8):
        _, kind, _, length, padding = struct.unpack(">BBHHBx", header)
        data = stream.read(length + padding)[:length]
        if kind == STDOUT:
            body += data
        if kind == END:
            break
    return body
