"""`witspan-run` and `python -m witspan run`: runs a program with tracing on.

    witspan-run [--as-ddtrace] app.py [arguments]
    witspan-run [--as-ddtrace] -m package.module [arguments]
    witspan-run [--as-ddtrace] command [arguments]

What is traced and where it goes is said by the environment, as for `LLMObs.enable`; a program that
calls that itself has the last word. With `--as-ddtrace` the program's imports of `ddtrace` get
witspan, whether ddtrace is installed or not.

The program runs in this very process and as it would without us: `sys.argv`, `__main__`,
`sys.path[0]`, exit codes and tracebacks are those of `python app.py`. What is a command instead
(`witspan-run gunicorn app:api`, or the path of one) is run in our place. Python programs that
either starts are run in the same way: PYTHONPATH leads them to `_startup/sitecustomize.py`.
"""

import builtins
import os
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType, TracebackType
from typing import Any, NoReturn, Optional

from ._llmobs import LLMObs
from ._log import say, shown

USAGE = """usage: witspan-run [--as-ddtrace] app.py [arguments]
       witspan-run [--as-ddtrace] -m module [arguments]
       witspan-run [--as-ddtrace] command [arguments]

Runs a Python program with tracing on, and sends what is left at its end.

  --as-ddtrace   `import ddtrace` in the program gets witspan
  -m module      run a module, as `python -m` does
  --version      the version of witspan

The environment says what is traced and where it goes: DD_LLMOBS_ML_APP, DD_API_KEY, DD_SITE,
DD_TRACE_AGENT_URL and the others of the documentation. DD_LLMOBS_ENABLED=0 turns tracing off."""

_STARTUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_startup")


def start() -> None:
    """Begins what `run` begins, in a process that a program under it has started."""
    # Said by `console` below, in this process or one above it; nothing need be loaded to read it.
    if os.environ.get("WITSPAN_AS_DDTRACE") == "1":
        from ._ddtrace import install

        install()
    LLMObs.enable(_auto=True)


def console(arguments: Optional[list[str]] = None) -> NoReturn:
    """The command `witspan-run`. Never returns: it ends as the program does."""
    given = sys.argv[1:] if arguments is None else arguments
    as_ddtrace = False
    while given and given[0].startswith("-") and given[0] != "-m":
        option = given.pop(0)
        if option == "--as-ddtrace":
            as_ddtrace = True
        elif option in ("-h", "--help"):
            say(USAGE, error=False)
            sys.exit(0)
        elif option == "--version":
            from . import __version__

            say(f"witspan {__version__}", error=False)
            sys.exit(0)
        else:
            _refuse(f"there is no option `{option}`")
    module = given[:1] == ["-m"]
    if module:
        del given[0]
    if not given:
        _refuse("the program is missing")
    os.environ["WITSPAN_AS_DDTRACE"] = "1" if as_ddtrace else "0"
    _for_children()
    if module:
        start()
        _run_module(given[0], given[1:])
    elif os.path.exists(given[0]) and not _is_command(given[0]):
        start()
        _run_file(given[0], given[1:])
    else:
        _run_command(given)
    sys.exit(0)


def _refuse(why: str) -> NoReturn:
    say(f"witspan-run: {shown(why)}\n\n{USAGE}")
    sys.exit(2)


def _for_children() -> None:
    before = os.environ.get("PYTHONPATH")
    paths = [_STARTUP] if not before else [_STARTUP, before]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def _run_file(path: str, arguments: list[str]) -> None:
    """Runs a file as `python path` does; a folder or an archive is run by its `__main__.py`."""
    sys.argv = [path, *arguments]
    if os.path.isdir(path) or _is_archive(path):
        _first_in_path(path)
        _main_module()
        _as_main("__main__", False)
        return
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        why = f"[Errno {error.errno}] {error.strerror}"
        say(shown(f"witspan-run: can't open file {os.path.abspath(path)!r}: {why}"))
        sys.exit(2)
    _first_in_path(os.path.dirname(os.path.realpath(path)))
    path = os.path.abspath(path)
    main = _main_module(
        __file__=path, __cached__=None, __loader__=SourceFileLoader("__main__", path)
    )
    with _Shown():
        exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)


def _run_module(name: str, arguments: list[str]) -> None:
    """Runs a module as `python -m name` does."""
    # The first becomes the path of what is found.
    sys.argv = ["-m", *arguments]
    _first_in_path(os.getcwd())
    _main_module()
    _as_main(name, True)


def _as_main(name: str, alter_argv: bool) -> None:
    import runpy

    # What Python itself calls for `-m` and for folders. `runpy.run_module`, which is public, takes
    # the module away when its last line is done, and threads may still run.
    functions: Any = runpy
    with _Shown():
        functions._run_module_as_main(name, alter_argv)


def _run_command(command: list[str]) -> None:
    """Runs a command of the system in our place; Python programs in it trace."""
    import shutil

    found = shutil.which(command[0])
    if found is None:
        path = os.path.abspath(command[0])
        say(shown(f"witspan-run: there is no file {path!r} and no such command"))
        sys.exit(2)
    if os.name == "nt":
        # There, a program that takes another's place ends before it, for those who wait.
        import subprocess

        sys.exit(subprocess.run([found, *command[1:]]).returncode)
    os.execv(found, command)


def _is_command(path: str) -> bool:
    """Whether a file is a program of the system, such as Python itself or a shell script."""
    if path.endswith((".py", ".pyw")) or not (os.path.isfile(path) and os.access(path, os.X_OK)):
        return False
    try:
        with open(path, "rb") as file:
            begin = file.read(1024)
    except OSError:
        return False
    if begin.startswith(b"#!"):
        return b"python" not in begin.splitlines()[0]
    return b"\0" in begin and not _is_archive(path)


def _is_archive(path: str) -> bool:
    if path.endswith((".py", ".pyw")):
        return False
    import zipfile

    return zipfile.is_zipfile(path)


def _first_in_path(folder: str) -> None:
    """Puts a folder where Python has put that of our own command."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = folder


def _main_module(**members: Any) -> ModuleType:
    """A `__main__` of its own for the program. What is pickled from it is found under that name."""
    main = ModuleType("__main__")
    main.__dict__.update(members, __builtins__=builtins)
    sys.modules["__main__"] = main
    return main


class _Shown:
    """Where the program runs: what ends it is shown without the frames around, which are ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: Optional[type[BaseException]],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        if exc_val is None or isinstance(exc_val, SystemExit):
            return
        # It may be the program's own.
        show = sys.excepthook

        def show_theirs(
            kind: type[BaseException], error: BaseException, frames: Optional[TracebackType]
        ) -> None:
            theirs = _theirs(frames)
            show(kind, error.with_traceback(theirs), theirs)

        sys.excepthook = show_theirs


def _theirs(frames: Optional[TracebackType]) -> Optional[TracebackType]:
    """The frames below the last one of this file."""
    theirs = frames
    while frames is not None:
        if frames.tb_frame.f_code.co_filename == __file__:
            theirs = frames.tb_next
        frames = frames.tb_next
    return theirs
