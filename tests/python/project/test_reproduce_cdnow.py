"""`clv reproduce` in a clone of the project, in folders with spaces, on a log of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from clv.project.cdnow import lifetimes_file
from clv.project.home import PROJECT

PARTS = ("macros", "models", "python", "seeds", "analyses", "tests/dbt", "config",
         "dbt_project.yml", "profiles.yml", "selectors.yml", "pyproject.toml",
         "requirements.lock", ".gitignore")  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(project: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    done = subprocess.run(
        ["git", *identity, "-C", str(project), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def clv(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "CLV_HOME": str(project.parent / "the home"),
        "CLV_TRANSACTIONS": "../the log.csv",  # relative to the project's folder
        "PYTHONPATH": str(project / "python"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "clv", *arguments], env=os.environ | settings, cwd=project,
        capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of the project's code with one commit, and CDNOW's sample as its log."""
    project = tmp_path_factory.mktemp("a folder") / "the project"
    project.mkdir()
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(
                source, project / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        elif source.exists():
            shutil.copy2(source, project / part)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "code")
    sample = pd.read_csv(
        lifetimes_file("CDNOW_sample.txt"), sep=r"\s+", header=None, dtype=str,
        names=["customer_id", "nth", "date", "cds", "amount"],
    )  # fmt: skip
    sample["ordered_at"] = pd.to_datetime(sample["date"], format="%Y%m%d").dt.date
    log = sample[["customer_id", "ordered_at", "amount"]]
    log.to_csv(project.parent / "the log.csv", index=False)
    return project


@pytest.mark.exhaustive  # `make demo` reproduces its champion
def test_a_model_is_reproduced_until_its_log_or_its_code_changes(project: Path) -> None:
    arguments = ["--cutoff", "1997-09-30", "--history-months", "9", "--pred-months", "3"]
    trained = clv(project, "train", *arguments)
    assert trained.returncode == 0, trained.stderr
    model_id = next((project.parent / "the home" / "registry" / "cards").glob("*.json")).stem
    log = project.parent / "the log.csv"
    original = log.read_text()

    # Later rows arrived and the code went on: the model is the same to the last digit.
    log.write_text(original + "00001,1998-05-05,99.99\n00001,1998-01-01,5.00\n")
    metrics = project / "python" / "clv" / "prediction" / "accuracy.py"
    before = metrics.read_text()
    metrics.write_text(
        before.replace("np.sqrt(np.mean(error**2))", "2 * np.sqrt(np.mean(error**2))")
    )
    assert metrics.read_text() != before
    git(project, "commit", "--quiet", "--all", "-m", "another measure")
    same = clv(project, "reproduce", model_id)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "reproduced to the last digit" in same.stdout and "| RMSE" in same.stdout
    assert len(git(project, "worktree", "list").splitlines()) == 1

    # A correction of a day within its window is a change of the data; the newer commit one of the code.
    log.write_text(original + "00001,1997-05-05,5.00\n")
    other = clv(project, "reproduce", model_id, "--commit", "HEAD")
    assert other.returncode == 1
    assert "data: the log up to 1997-12-30" in other.stderr and "code:" in other.stderr
    assert "environment:" not in other.stderr
    assert other.stdout.count("| NO") >= 3

    gone = clv(project, "reproduce", model_id, "--commit", "0" * 40)
    assert gone.returncode == 1 and "does not hold the commit" in gone.stderr


def test_an_id_that_no_model_has_is_one_message(project: Path) -> None:
    unknown = clv(project, "reproduce", "clv_no_such_model")
    assert (
        unknown.returncode == 1
        and "is no model id" in unknown.stderr
        and "Traceback" not in unknown.stderr
    )
