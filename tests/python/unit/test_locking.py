"""One command at a time changes a home."""

import signal
import subprocess
import sys

import pytest

from clv.errors import ClvError
from clv.project.home import Home
from clv.project.lock import exclusive

HOLD = """
import sys, time
from pathlib import Path
from clv.project.home import Home
from clv.project.lock import exclusive
with exclusive(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def holder(home):
    """Another process that is at work in the home."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_holder_is_refused_and_told_who_is_at_work(holder, home):
    refused = pytest.raises(ClvError, match=rf"process {holder.pid}: clv .*{home.root.name}")
    with refused as refusal, exclusive(home):
        pytest.fail("two commands held one home")
    assert "Wait until it has ended" in str(refusal.value)


def test_a_refused_second_holder_does_not_let_a_third_in(holder, home):
    for _ in range(2):
        with pytest.raises(ClvError, match="another command"), exclusive(home):
            pytest.fail("two commands held one home")


def test_two_homes_do_not_wait_for_each_other(holder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    with exclusive(Home(other)):
        assert holder.poll() is None


def test_the_lock_of_a_killed_holder_is_free(holder, home):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with exclusive(home):
        assert f"process {holder.pid}:" not in (home.root / ".clv.lock.holder").read_text()


def test_the_lock_is_free_after_the_block_also_when_it_failed(home):
    with pytest.raises(ZeroDivisionError), exclusive(home):
        raise ZeroDivisionError
    with exclusive(home):
        pass
    assert not (home.root / ".clv.lock.holder").exists()


def test_a_home_that_cannot_be_written_is_one_clear_message(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ClvError, match="CLV_HOME"), exclusive(Home(tmp_path / "file" / "home")):
        pytest.fail("held a lock in a place that cannot be")
