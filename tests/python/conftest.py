"""Shops for the tests of the whole project."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

# Two processes share the machine's cores: threads of their own would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pandas as pd
import pytest
from made_once import made_once
from shop import Shop

from clv.project.cdnow import lifetimes_file


@pytest.fixture(scope="session")
def sample_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the CDNOW 1/10 sample (2,357 customers, 6,919 orders) as a CSV file."""
    names = ["master_id", "customer_id", "ordered_at", "cds", "amount"]
    frame = pd.read_csv(
        lifetimes_file("CDNOW_sample.txt"), sep=r"\s+", names=names, dtype=str, header=None
    )
    path = tmp_path_factory.mktemp("log") / "sample log.csv"
    frame[["customer_id", "ordered_at", "amount"]].to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, sample_log: Path) -> Shop:
    """Return a shop on the sample whose champion was trained at 1997-09-30, 9 + 3 months.

    Session-wide: tests that change anything copy it.
    """

    def make(home: Path) -> None:
        done = Shop(home, sample_log).clv(
            "train", "--cutoff", "1997-09-30", "--history-months", "9", "--pred-months", "3"
        )
        assert done.code == 0, done.err

    return Shop(made_once(tmp_path_factory, "trained", make), sample_log)


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory, trained: Shop) -> Shop:
    """Return the trained shop after `clv run` to the end of the log. Not to be changed."""

    def make(home: Path) -> None:
        done = trained.copy(home).clv("run")
        assert done.code in (0, 3), done.err

    return Shop(made_once(tmp_path_factory, "scored", make), trained.log)


@pytest.fixture
def fresh(trained: Shop, tmp_path: Path) -> Callable[[str], Shop]:
    """Return a maker of copies of the trained shop."""
    return lambda name: trained.copy(tmp_path / name)
