"""An installed wheel is whole: it needs no clone, writes nothing into itself, and is known by its version."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from clv import __version__
from clv.project.home import PROJECT
from clv.registry.provenance import code_digest

PACKED = ("models", "macros", "seeds", "analyses", "tests/dbt")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds the wheel as pip would place it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--wheel-dir", folder, PROJECT],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("clv-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def clv(installed: Path, cwd: Path, *arguments: str, home: str = "") -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(installed), "CLV_HOME": home, "CLV_TRANSACTIONS": "",
                   "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "clv", *arguments], cwd=cwd, env=environment, text=True,
        capture_output=True, check=False,
    )  # fmt: skip


def files(folder: Path) -> set[str]:
    return {
        str(p.relative_to(folder))
        for p in folder.rglob("*")
        if p.is_file() and "pyc" not in p.suffix
    }


def test_the_dbt_project_is_in_the_wheel(installed):
    packed = installed / "clv" / "dbt_project"
    for folder in PACKED:
        assert files(packed / folder) == files(PROJECT / folder), folder
    assert (packed / "config" / "model_config.yaml").is_file()
    assert not files(installed) & {"clv/dbt_project/clv.duckdb"}


def test_from_an_empty_folder_a_log_becomes_a_home_and_nothing_is_written_into_the_wheel(
    installed, tmp_path, sample_log
):
    before = files(installed)
    done = clv(installed, tmp_path, "init", str(sample_log), "--yes")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "config" / "model_config.yaml").is_file()  # the home is the current folder
    inside = clv(installed, tmp_path, "--home", str(installed / "clv" / "dbt_project"), "status")
    assert inside.returncode == 1 and "within the installed package" in inside.stderr
    assert files(installed) == before
    code = (
        "from clv.registry.provenance import code_digest, code_version\n"
        "print(code_digest(), *code_version())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
    ).stdout  # fmt: skip
    assert said.split() == [code_digest(), f"v{__version__}", "False"]


@pytest.mark.exhaustive  # the same commands from a clone are run by other tests
def test_a_model_of_a_wheel_is_trained_scored_and_reproduced(installed, tmp_path, sample_log):
    windows = ("--cutoff", "1997-09-30", "--history-months", "9", "--pred-months", "3")
    for command in (("init", str(sample_log), "--yes"), ("train", *windows), ("run",), ("verify",)):
        done = clv(installed, tmp_path, *command)
        assert done.returncode in (0, 3), done.stderr
    assert list((tmp_path / "outputs").glob("customer_segments_*.csv"))
    done = clv(installed, tmp_path, "reproduce", "champion")
    assert done.returncode == 0 and f"from v{__version__}" in done.stdout + done.stderr
