"""The PHP package: its tests in PHP, the ends of programs, and programs without the library."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from php_support import BINDING, HERE, LIBRARY, environment, missing, php, sending_to, spans
from receiver import Answer, Receiver, free_port

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
ENDS = HERE / "programs" / "ends.php"
REGISTERED = ["shutdown, registered before", "shutdown, registered after"]


@pytest.fixture
def receiver():
    found = Receiver()
    yield found
    found.close()


@pytest.mark.parametrize("case", sorted((HERE / "cases").glob("*.php")), ids=lambda path: path.stem)
def test_the_tests_in_php(case: Path) -> None:
    done = php(case)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert "FAIL" not in done.stdout
    assert done.stdout.count("ok ") >= 4


@pytest.mark.parametrize("file", sorted(BINDING.rglob("*.php")), ids=lambda path: path.name)
def test_every_file_is_php(file: Path) -> None:
    assert php("-l", file).returncode == 0
    assert file.read_text("utf-8").startswith("<?php\n// "), "the first line says the one idea"


@pytest.mark.parametrize(
    ("end", "status", "more"),
    [
        ("end", 0, []),
        ("exit", 3, ["outer", "inner"]),
        ("uncaught", 255, ["inner"]),
        ("fatal", 255, ["inner"]),
    ],
)
def test_the_end_of_a_program_delivers(receiver, end: str, status: int, more: list[str]) -> None:
    done = php(ENDS, end, env=sending_to(receiver))
    assert done.returncode == status, done.stderr
    found = {span["name"]: span for span in spans(receiver)}
    # What runs after the end is not delivered, and harms nothing.
    assert list(found) == ["done", *more, *REGISTERED]
    if end == "exit":
        assert found["inner"]["meta"]["output"]["value"] == "so far"
        assert found["outer"]["status"] == found["inner"]["status"] == "ok"
        assert found["inner"]["parent_id"] == found["outer"]["span_id"]
    if end == "uncaught":
        assert found["inner"]["meta"]["error"]["type"] == "DomainException"
    if end == "fatal":
        assert found["inner"]["meta"]["error"]["type"] == "FatalError"
        assert "memory size" in found["inner"]["meta"]["error"]["message"]


def test_sigterm_delivers(receiver) -> None:
    assert killed(receiver, signal.SIGTERM) == -signal.SIGTERM
    assert [span["name"] for span in spans(receiver)] == ["done"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        # The application's own handler, set before or after; and none where the settings say so.
        ({"HANDLER": "before"}, 7),
        ({"HANDLER": "after"}, 7),
        ({"WITSPAN_SIGNALS": "0"}, -signal.SIGTERM),
    ],
)
def test_sigterm_is_the_applications_if_it_wants_it(receiver, more, status: int) -> None:
    assert killed(receiver, signal.SIGTERM, more) == status
    names = [span["name"] for span in spans(receiver)]
    assert names == (["done", *REGISTERED] if status == 7 else [])


def test_a_signal_that_was_ignored_stays_so(receiver) -> None:
    # As `nohup` starts programs. The process goes on, and is ended by another.
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert killed(receiver, signal.SIGHUP, then=signal.SIGTERM) == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGHUP, before)


def killed(
    receiver: Receiver,
    number: signal.Signals,
    more: dict[str, str] | None = None,
    then: signal.Signals | None = None,
) -> int:
    """The status of a program that gets a signal after its first span."""
    env = environment(sending_to(receiver) | (more or {}))
    with subprocess.Popen(["php", str(ENDS), "killed"], env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        if then is not None:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(then)
        return process.wait(10)


def test_a_fork_sends_nothing_twice(receiver) -> None:
    assert php(ENDS, "forked", env=sending_to(receiver)).returncode == 0
    names = sorted(span["name"] for span in spans(receiver))
    child = ["in the child", *REGISTERED]
    assert names == sorted([*child, "done", "parent", "in the parent", *REGISTERED])


def test_many_children(receiver) -> None:
    assert php(ENDS, "forked early", env=sending_to(receiver)).returncode == 0
    names = [span["name"] for span in spans(receiver)]
    assert [names.count(f"child {number}") for number in (1, 2, 3)] == [50, 50, 50]
    assert names.count("done") == 1


def test_a_receiver_that_is_away_holds_up_the_end_for_a_bounded_time() -> None:
    env = {"DD_LLMOBS_OVERRIDE_ORIGIN": f"http://127.0.0.1:{free_port()}"}
    done = php(ENDS, "end", env=env | {"WITSPAN_EXIT_TIMEOUT": "0.3"}, timeout=10)
    assert done.returncode == 0
    assert done.stderr.count("witspan: ") >= 1


def test_diagnostics_go_to_a_logger(receiver) -> None:
    receiver.otherwise = Answer(403)
    program = """
        require $argv[1];
        class Logger {
            public function error($text) { echo "error: $text\n"; }
            public function warning($text) { echo "warning: $text\n"; }
        }
        Witspan\\LLMObs::start(['logger' => new Logger, 'sample_rate' => 'often']);
        Witspan\\LLMObs::task('a', fn () => null);
        Witspan\\LLMObs::flush(5);
    """
    done = php("-r", program, "--", BINDING / "autoload.php", env=sending_to(receiver))
    assert "warning: witspan: " in done.stdout
    assert "sample_rate" in done.stdout
    assert "403" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("library", ["/nowhere/libwitspan.so", "/etc/hostname", str(BINDING)])
def test_without_the_library_nothing_is_traced_and_the_program_runs(library: str) -> None:
    program = """
        require $argv[1];
        use Witspan\\LLMObs;
        LLMObs::start(['ml_app' => 'x']);
        echo LLMObs::task('a', fn ($span) => $span->annotate(input: 1) === $span ? 'ran' : '');
    """
    env = {"WITSPAN_LIBRARY": library}
    done = php("-r", program, "--", BINDING / "autoload.php", env=env)
    assert (done.stdout, done.returncode) == ("ran", 0)
    assert "nothing is traced" in done.stderr
    assert LIBRARY.exists()


def test_variables_of_a_dotenv_file_count(receiver) -> None:
    # Laravel's and Symfony's put them into $_ENV and $_SERVER, not into the environment.
    program = """
        require $argv[1];
        $_ENV['DD_LLMOBS_ML_APP'] = 'dotted';
        $_SERVER['DD_LLMOBS_OVERRIDE_ORIGIN'] = $argv[2];
        $_SERVER['HTTP_DD_ENV'] = 'no';
        Witspan\\LLMObs::start();
        Witspan\\LLMObs::task('a', fn () => null);
    """
    done = php("-r", program, "--", BINDING / "autoload.php", receiver.url)
    assert done.returncode == 0, done.stderr
    assert "ml_app:dotted" in spans(receiver)[0]["tags"]


def test_turned_off_by_the_environment(receiver) -> None:
    assert php(ENDS, "end", env=sending_to(receiver) | {"DD_LLMOBS_ENABLED": "0"}).returncode == 0
    assert receiver.got == []
