"""`clv tune` and `clv promote` on the real project and the CDNOW log."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shop import Shop

from clv.prediction import accuracy
from clv.project.cdnow import write_cdnow
from clv.project.config import read_config
from clv.project.dbt import DbtProject
from clv.project.home import PROJECT, Home
from clv.registry.store import Registry
from clv.tuning import evaluate
from clv.tuning import tune as tuning
from clv.tuning.evaluate import LEARNING_KINDS
from clv.tuning.grid import GridRequest
from clv.tuning.tune import tune


def clv(home: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clv", *arguments], env=environment(home), cwd=PROJECT,
        capture_output=True, text=True, **options,  # type: ignore[call-overload]
    )  # fmt: skip


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "CLV_HOME": str(home), "PYTHONPATH": str(PROJECT / "python")}


@pytest.fixture(scope="module", autouse=True)
def small_log(sample_log: Path) -> Iterator[None]:
    """Point the commands at the sample; the default grid alone is tried on the whole log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLV_TRANSACTIONS", str(sample_log))
        yield


@pytest.fixture
def invocations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The labels of the dbt invocations."""
    labels: list[str] = []
    invoke = DbtProject._invoke

    def counted(self: DbtProject, label: str, *rest: object) -> None:
        labels.append(label)
        invoke(self, label, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(DbtProject, "_invoke", counted)
    monkeypatch.delenv("CLV_TRANSACTIONS", raising=False)
    yield labels


@pytest.mark.exhaustive  # unit tests hold each of its parts; the demo tunes
def test_the_default_grid_is_comparable_and_one_sql_pass(
    tmp_path: Path, invocations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.ensure()
    monkeypatch.setenv("CLV_TRANSACTIONS", str(write_cdnow(tmp_path)))
    search = tune(DbtProject(home), GridRequest(sample=0.25))
    assert len(invocations) == 2
    rows = search.results
    assert len(rows) == len(search.grid.cells) * len(search.grid.cutoffs) == 48
    assert set(rows.groupby("cutoff")["customers"].nunique()) == {1}
    assert set(rows.groupby(["history_months", "pred_months"])["cutoff"].nunique()) == {4}
    assert (pd.to_datetime(rows["window_end"]) <= pd.Timestamp("1998-06-30")).all()
    assert rows["rmse_per_30_days"].equals(rows["rmse"] * 30 / rows["pred_days"])
    assert (
        rows.loc[rows["chosen"], ["history_months", "pred_months"]].drop_duplicates().shape[0] == 1
    )
    assert rows["rmse_ridge_regression"].notna().all()
    assert not rows["left_out_because"].str.contains("closed", na=False).any()
    learnt = rows[rows["kind"].isin(LEARNING_KINDS)]
    assert len(learnt) and (learnt["labels_through"] <= learnt["cutoff"]).all()
    results, rmse, r2 = search.files
    assert pd.read_csv(results)["cutoff"].nunique() == 4
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (rmse, r2))
    search.forget()

    # One more cell, one more origin: as many invocations. And a sample is a fixed set of customers.
    invocations.clear()
    small = GridRequest(histories=(3, 6), preds=(1,), origins=2, sample=0.1)
    first = tune(DbtProject(home), small)
    first.forget()
    again = tune(DbtProject(home), small)
    assert len(invocations) == 4
    assert first.results.equals(again.results)
    assert 0.3 < first.results["customers"].max() / rows["customers"].max() < 0.5
    assert "sample: 10.00% of the customers" in tuning.report(first)


@pytest.mark.exhaustive  # tests/python/unit/test_tune_learning.py
def test_no_row_of_the_log_after_the_cutoff_changes_a_prediction(
    tmp_path: Path, sample_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All amounts after the only cutoff are other ones; SQL, fits and predictions stay the same."""
    cutoff = "1998-03-31"
    log = pd.read_csv(sample_log, dtype=str)
    days = pd.to_datetime(log["ordered_at"])
    later = pd.to_numeric(log["amount"]) * 3 + 5
    changed = tmp_path / "changed.csv"
    log.assign(amount=later.round(2).astype(str).where(days > cutoff, log["amount"])).to_csv(
        changed, index=False
    )
    predictions: list[list[np.ndarray]] = []
    measure = accuracy.measure

    def spied(predicted: np.ndarray, actual: np.ndarray) -> object:
        predictions[-1].append(predicted)
        return measure(predicted, actual)

    monkeypatch.setattr(evaluate, "measure", spied)
    errors = []
    for number, one in enumerate((sample_log, changed)):
        monkeypatch.setenv("CLV_TRANSACTIONS", str(one))
        home = Home(tmp_path / str(number))
        home.ensure()
        predictions.append([])
        search = tune(DbtProject(home), GridRequest(histories=(6,), preds=(3,), origins=1))
        assert set(search.results["cutoff"]) == {cutoff}
        errors.append(search.results["rmse_ridge_regression"].item())
    assert errors[0] != errors[1]
    before, after = predictions
    assert len(before) >= len(evaluate.KINDS) - 2  # a BTYD model may not fit so small a log
    for one_kind, again in zip(before, after, strict=True):
        np.testing.assert_array_equal(one_kind, again)


@pytest.mark.exhaustive  # parts of a search: tests/python/unit/test_tune.py
def test_an_interrupted_search_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    arguments = [
        "tune",
        "--history-months",
        "3,6",
        "--pred-months",
        "1,2",
        "--origins",
        "2",
        "--yes",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "clv", *arguments], env=environment(tmp_path), cwd=PROJECT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    folder = tmp_path / "outputs" / "grid_search"
    deadline = time.monotonic() + 120
    while not list(folder.glob(".search_*/*.json")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(folder.glob("*.csv")) == []
    before = (tmp_path / "config" / "model_config.yaml").read_text()
    done = clv(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert "going on with an interrupted search" in done.stderr
    assert "| chosen" in done.stdout and "rule: Highest mean skill" in done.stdout
    assert list(folder.glob(".search_*")) == []
    after = (tmp_path / "config" / "model_config.yaml").read_text()
    changed = [
        (a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b
    ]
    assert {b.split(":")[0].strip() for _, b in changed} <= {"history_months", "pred_months"}
    assert all(a.split("#")[1] == b.split("#")[1] for a, b in changed)
    config = read_config(tmp_path / "config" / "model_config.yaml")
    assert f"{config.training.history_months} + {config.training.pred_months} months" in done.stderr


def test_promotion_shows_both_and_asks(
    fresh: Callable[[str], Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody is there to answer
    shop = fresh("a folder with spaces")
    registry = Registry(shop.home / "registry")
    champion, challenger = registry.champion().model_id, shop.challenger()
    asked = shop.clv("promote", challenger, "--reason", "trained anew")
    assert asked.code == 1 and "--yes" in asked.err
    assert challenger in asked.out and champion in asked.out and "RMSE" in asked.out
    assert "as of 1998-03-31" in asked.out
    assert len(registry.rows()) == 1
    done = shop.clv("promote", challenger, "--reason", "trained anew", "--yes")
    assert done.code == 0, done.err  # trained alike, so not worse
    assert registry.champion().model_id == challenger
    assert registry.champion().reason == "trained anew"
    assert shop.clv("verify").code == 0
    again = shop.clv("promote", challenger, "--reason", "again")
    assert again.code == 1 and "promoted once" in again.err


@pytest.mark.exhaustive  # commands at once: tests/python/attack/test_attack_processes.py
def test_two_trainings_at_once_leave_one_whole_model(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "clv", "train", "--cutoff", "1997-09-30", "--history-months", "9",
               "--pred-months", "3"]  # fmt: skip
    both = [
        subprocess.Popen(command, env=environment(tmp_path), cwd=PROJECT, stderr=subprocess.PIPE,
                         stdout=subprocess.DEVNULL, text=True)
        for _ in range(2)
    ]  # fmt: skip
    ended = [(process.communicate()[1], process.returncode) for process in both]
    refused = [error for error, code in ended if code]
    assert all("another command is at work" in error for error in refused) and len(refused) < 2
    rows = Registry(tmp_path / "registry").rows()
    assert len(rows) == 2 - len(refused)
    assert clv(tmp_path, "verify").returncode == 0
