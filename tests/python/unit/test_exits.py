"""How a command ends where it is stopped, or nobody takes what it prints."""

import errno
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clv.cli.exits import REFUSED, guarded
from clv.cli.main import cli
from clv.errors import ClvError
from clv.project import events

pytestmark = pytest.mark.slow

CLV = (sys.executable, "-m", "clv")


def ended(*arguments: str, home, **streams) -> subprocess.CompletedProcess:
    environment = {**os.environ, "CLV_HOME": str(home)}
    return subprocess.run([*CLV, *arguments], env=environment, check=False, text=True, **streams)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RecursionError("maximum"), "nested too deeply"),
        (MemoryError(), "memory of this machine is used up"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "is not UTF-8"),
        (OSError(errno.ENOSPC, "No space left on device"), "could not be printed: No space left"),
        (
            OSError(errno.EIO, "Input/output error", "/srv/x"),
            "'/srv/x' cannot be used: Input/output",
        ),
        (KeyError("status"), "a defect of clv itself"),
    ],
)
def test_whatever_is_left_is_one_message_and_its_traceback_is_in_a_file(
    capsys, tmp_path, monkeypatch, error, words
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken():
        raise error

    assert guarded(broken) == REFUSED
    err = capsys.readouterr().err
    assert err.startswith("clv: ") and err.count("\n") == 1 and words in err
    assert "Traceback" not in err
    for file in tmp_path.iterdir():
        assert "in broken" in file.read_text() and str(file) in err


def test_an_argument_that_is_no_text_is_wrong_usage(capsys):
    def command():
        return cli.main(["card", "\udcff"], prog_name="clv", standalone_mode=False)

    assert guarded(command) == 2
    assert "'\\udcff' is not UTF-8 text" in capsys.readouterr().err


def test_a_stderr_that_is_gone_ends_nothing_and_the_log_has_every_line(tmp_path, monkeypatch):
    class Full:
        closed = False

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

        flush = write

        def isatty(self):
            return False

    def command():
        events.current().keep_in(tmp_path / "clv.log")
        events.say("one")
        for _ in events.progress(range(3), "bar"):
            pass
        raise ClvError("two")

    for stream in (None, Full()):
        monkeypatch.setattr(sys, "stderr", stream)
        assert guarded(command) == REFUSED
    text = (tmp_path / "clv.log").read_text()
    assert text.count('"one"') == 2 and text.count("clv: two") == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_stdout_that_is_full_is_said_and_ends_with_1(tmp_path):
    with open("/dev/full", "w") as full:
        done = ended("status", home=tmp_path, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith("clv: the output could not be printed: No space left on device")
    assert done.stderr.count("\n") == 1


def test_closed_streams_end_nothing(tmp_path):
    command = f"CLV_HOME={shlex.quote(str(tmp_path))} {shlex.join(CLV)} status 2>&- ; echo $?"
    done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)
    assert done.stdout.endswith("\n0\n") and "home: " in done.stdout
    assert not [path for path in tmp_path.iterdir() if path.name != "config"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_while_it_is_imported_says_so(tmp_path, number):
    code = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Stopping:
    def find_spec(self, name, *_):
        if name == "clv.cli.main":
            os.kill(os.getpid(), {int(number)})
sys.meta_path.insert(0, Stopping())
from clv.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "clv: stopped; nothing is half-written, run the command again\n"


def test_sigterm_ends_children_and_temporary_folders(tmp_path):
    code = """
import subprocess, sys, tempfile
from clv.cli.exits import guarded
from clv.cli.interrupts import stop_on_sigterm
stop_on_sigterm()
def command():
    with tempfile.TemporaryDirectory(dir=sys.argv[1]):
        child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
        subprocess.run([sys.executable, "-c", child])
sys.exit(guarded(command))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1 and err.startswith("clv: stopped") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
