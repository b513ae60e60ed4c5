"""A home that is not there is made, or refused at once, before dbt opens its database."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbt_common.exceptions import DbtRuntimeError

from clv.project.dbt_plugin import Plugin, make_home
from clv.project.home import Home
from clv.project.lock import exclusive, let_go


def test_a_home_that_is_not_there_is_made_with_its_parents(tmp_path):
    make_home(tmp_path / "new" / "home" / "clv.duckdb")
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "home"]
    make_home(tmp_path / "new" / "home" / "clv.duckdb")


@pytest.mark.parametrize("home", ["file", "file/home"])
def test_a_file_in_the_way_is_named(tmp_path, home):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DbtRuntimeError, match=r"clv: cannot use the home .*a file is in its place"):
        make_home(tmp_path / home / "clv.duckdb")


def test_a_home_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(DbtRuntimeError, match=r"Permission denied.*point CLV_HOME"):
        make_home(tmp_path / "new" / "clv.duckdb")


@pytest.mark.parametrize("read_only", ["home", "home/clv.duckdb"])
def test_a_home_or_database_that_is_read_only_is_refused(tmp_path, monkeypatch, read_only):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "clv.duckdb").touch()
    locked = tmp_path / read_only
    monkeypatch.setattr(os, "access", lambda path, _: path != locked)  # root may write anywhere
    with pytest.raises(DbtRuntimeError, match="read-only for this user"):
        make_home(tmp_path / "home" / "clv.duckdb")


def test_a_home_that_begins_with_a_tilde_is_no_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DbtRuntimeError, match="write the whole path"):
        make_home(Path("~/clv/clv.duckdb"))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Return what opens the database of a new home as dbt-duckdb does."""
    home = Home(tmp_path / "home")
    home.ensure()
    monkeypatch.setenv("CLV_HOME", str(home.root))

    def opening() -> Plugin:
        plugin = Plugin("dbt_plugin", {})
        plugin.update_connection_config(SimpleNamespace(path=str(home.database)), {})
        return plugin

    yield home, opening
    let_go()


def at_work_elsewhere(home: Home) -> bool:
    """Say whether another process finds the home locked."""
    code = (
        "import sys; from pathlib import Path; from clv.project.home import Home\n"
        "from clv.project.lock import exclusive\n"
        "with exclusive(Home(Path(sys.argv[1]))): pass"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(home.root)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0 or "another command is at work" in done.stderr
    return done.returncode != 0


def test_dbt_holds_the_lock_of_the_home_until_it_ends(opened):
    home, opening = opened
    plugin = opening()
    plugin.update_connection_config(SimpleNamespace(path=str(home.database)), {})
    assert at_work_elsewhere(home)
    let_go()
    assert not at_work_elsewhere(home)
    with exclusive(home):  # clv runs dbt in its own process
        opening()
    assert not at_work_elsewhere(home)


def test_dbt_is_refused_while_another_process_is_at_work(opened):
    home, opening = opened
    hold = (
        "import sys, time; from pathlib import Path; from clv.project.home import Home\n"
        "from clv.project.lock import exclusive\n"
        "with exclusive(Home(Path(sys.argv[1]))):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(home.root)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DbtRuntimeError, match=r"clv: another command is at work .*process"):
            opening()
        holder.kill()


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"x" * 8 + b"DUCK" + b"x" * 5_000])
def test_a_database_that_is_none_is_told_at_once(opened, content):
    home, opening = opened
    home.database.write_bytes(content)
    began = time.monotonic()
    with pytest.raises(DbtRuntimeError, match=r"clv: the database .*clv\.duckdb is (not|damaged)"):
        opening()
    assert time.monotonic() - began < 5


def test_dbt_reads_the_config_by_the_rules_of_clv(opened):
    home, opening = opened
    text = home.config.read_text()
    home.config.write_text(text + "training: {history_months: 3, pred_months: 3}\n")
    with pytest.raises(DbtRuntimeError, match="the key 'training' stands a second time"):
        opening()
    home.config.unlink()
    opening()  # a new home has none
    (home.registry / "cards").mkdir(parents=True)
    with pytest.raises(DbtRuntimeError, match=r"is missing, although .* holds models\. Restore it"):
        opening()
