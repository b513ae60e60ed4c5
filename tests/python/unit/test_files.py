"""Atomic writes: the old file or the new one, never a part of either."""

import hashlib
import os
import signal
import stat
import subprocess
import sys

import pytest

from clv.errors import ClvError
from clv.project.files import replacing, sha256, sweep, write_bytes, write_text, write_verified
from clv.project.stored import Kind, read_csv


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_write_arrives_and_leaves_nothing_else(tmp_path):
    write_text(tmp_path / "deep" / "a.csv", "größer\r\n")
    assert (tmp_path / "deep" / "a.csv").read_bytes() == "größer\r\n".encode()
    assert names(tmp_path / "deep") == ["a.csv"]


def test_a_file_is_readable_by_others(tmp_path):
    write_text(tmp_path / "a.csv", "x")
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o644


def test_an_exception_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "a.csv"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("ne")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_the_old_file_stands_until_the_block_has_ended(tmp_path):
    path = tmp_path / "a.csv"
    write_text(path, "old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path  # a rename is atomic only within one file system
    assert path.read_text() == "new"


def test_the_content_is_synced_before_the_name_and_the_folder_after(tmp_path, monkeypatch):
    path, synced = tmp_path / "a.csv", []
    fsync = os.fsync

    def spy(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        synced.append((kind, path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    write_bytes(path, b"new")
    assert synced == [("file", False), ("folder", True)]


def test_what_killed_writers_left_is_removed_and_other_files_stay(tmp_path):
    path = tmp_path / "marts.duckdb"
    killed = f"""
import os, signal
from pathlib import Path
from clv.project.files import replacing, sha256, sweep, write_bytes, write_text, write_verified
from clv.project.stored import Kind, read_csv
with replacing(Path({str(path)!r})) as temporary:
    temporary.write_text("half")
    temporary.with_name(temporary.name + ".wal").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", killed], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 2
    (tmp_path / ".other.csv.abc.tmp").write_text("of another writer")
    write_text(path, "whole")
    assert names(tmp_path) == [".other.csv.abc.tmp", "marts.duckdb"]


def test_a_place_that_cannot_be_written_is_one_clear_message(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ClvError, match=r"cannot write .*a\.csv.*CLV_HOME"):
        write_text(tmp_path / "file" / "a.csv", "x")


def test_a_disk_that_fills_up_is_one_clear_message_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    write_text(path, "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ClvError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_sha256_is_that_of_the_content(tmp_path):
    write_bytes(tmp_path / "a", b"abc")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_a_reader_that_has_the_old_file_open_goes_on_reading_it(tmp_path):
    path = tmp_path / "a.csv"
    write_text(path, "old")
    with path.open() as reader:
        write_text(path, "new")
        assert reader.read() == "old"


def test_two_writers_at_once_leave_each_others_temporary_file_alone(tmp_path):
    path = tmp_path / "a.yaml"
    other = tmp_path / f".a.yaml.{os.getppid()}-abc.tmp"
    other.write_text("being written")
    write_text(path, "x")
    assert names(tmp_path) == [other.name, "a.yaml"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_is_readable_for_nobody_beyond_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "a.csv", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == mode


def test_a_file_that_others_could_not_read_stays_so(tmp_path):
    path = tmp_path / "a.csv"
    write_text(path, "x")
    path.chmod(0o640)
    write_text(path, "y")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_does_not_read_back_is_not_written(tmp_path):
    path, kind = tmp_path / "a.csv", Kind("the decisions")
    write_verified(path, "a\n1\n", lambda file: read_csv(file, ["a"], kind))
    with pytest.raises(ClvError, match=r"a\.csv was not written.*has a fault in line 2"):
        write_verified(path, f"a\n{'x' * 1_000_001}\n", lambda file: read_csv(file, ["a"], kind))
    assert path.read_text() == "a\n1\n"
    assert names(tmp_path) == ["a.csv"]


def test_one_sweep_removes_what_dead_processes_left_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    (tmp_path / "registry" / "cards").mkdir(parents=True)
    left = [
        tmp_path / f".a.csv.{dead.pid}-12ab.tmp",
        tmp_path / "registry" / "cards" / f".m.json.{dead.pid}-x.tmp",
        tmp_path / "registry" / f".marts.duckdb.{dead.pid}-x.tmp.wal",
    ]
    kept = [
        tmp_path / f".a.csv.{os.getppid()}-12ab.tmp",
        tmp_path / ".vimrc.tmp",
        tmp_path / f"a.{dead.pid}-1.tmp",
        tmp_path / f".folder.{dead.pid}-1.tmp" / "x",
    ]
    kept[-1].parent.mkdir()
    for path in (*left, *kept):
        path.write_text("x")
    assert sorted(sweep(tmp_path, [tmp_path / "registry", tmp_path / "none"])) == sorted(left)
    assert all(path.exists() for path in kept)
