"""A home that is not there is made, or refused at once, before dbt opens its database."""

import os
from pathlib import Path

import pytest
from dbt_common.exceptions import DbtRuntimeError

from clv.project.dbt_plugin import make_home


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
