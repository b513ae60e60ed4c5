"""A shop to test with: a home, its log, and the commands that a user has.

Commands run in this process where nothing is killed: starting dbt costs seconds, a further
invocation much less.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from clv.cli.exits import guarded
from clv.cli.main import cli
from clv.project.home import PROJECT
from clv.project.lock import let_go
from clv.registry.gate import open_champion
from clv.registry.store import Registry

# Tables and files are compared without the times at which a run happened to be.
CLOCKS = {"scored_at", "labelled_at"}
NO_DATA_TESTS = {"DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test", "DBT_LOG_LEVEL_FILE": "none"}
LEDGERS = [
    "clv_features",
    "clv_predictions",
    "clv_ranked_predictions",
    "clv_clusters",
    "clv_cluster_ranking",
    "clv_batch_totals",
    "clv_predictions_actual",
    "clv_accuracy",
    "clv_calibration",
    "clv_gains",
    "clv_segment_accuracy",
    "int_clv__drift_noise",
    "clv_drift",
    "clv_drift_measures",
    "clv_early_warning",
    "clv_nowcast",
    "customer_segments",
    "clv_segment_movements",
]


@dataclass
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass
class Shop:
    """A home and its log, with the commands a user has."""

    home: Path
    log: Path | str | None = None
    data_tests: bool = False  # without them `dbt build` and `clv` take half as long

    def clv(self, *arguments: str) -> Result:
        out, err = io.StringIO(), io.StringIO()
        with self._environment(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = guarded(
                lambda: cli.main(list(arguments), prog_name="clv", standalone_mode=False)
            )
        return Result(code, out.getvalue(), err.getvalue())

    def dbt(self, *arguments: str) -> Result:
        from dbt.cli.main import dbtRunner

        out = io.StringIO()
        before = Path.cwd()
        with self._environment(), contextlib.redirect_stdout(out):
            where = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
            result = dbtRunner().invoke(["--no-use-colors", *arguments, *where])
        os.chdir(before)
        let_go()  # a dbt of its own would have ended
        return Result(0 if result.success else 1, out.getvalue(), str(result.exception or ""))

    def score(self, variables: str = "{}") -> Result:
        """Build everything but the tests, which the fixtures and `clv run` build."""
        no_tests = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        return self.dbt("build", *no_tests, "--vars", variables)

    def query(self, sql: str) -> pd.DataFrame:
        with duckdb.connect(str(self.home / "clv.duckdb"), read_only=True) as connection:
            return connection.execute(sql).df()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every published table, sorted, without the clocks."""
        found = {}
        for name in LEDGERS:
            frame = self.query(f"select * from {name} order by all")
            found[name] = frame.drop(columns=[c for c in frame if c in CLOCKS])
        return found

    def files(self) -> dict[str, bytes]:
        """Return the files of outputs but for the marts, which hold clocks."""
        outputs = self.home / "outputs"
        return {
            path.name: path.read_bytes()
            for path in outputs.iterdir()
            if path.is_file() and path.suffix != ".duckdb"
        }

    def challenger(self) -> str:
        """Save the champion's model once more under another id, as `clv train --no-promote` would."""
        registry = Registry(self.home / "registry")
        champion = registry.champion().model_id
        name = re.sub(r"_[^_]+$", "_20200101T000000Z", champion)
        model = replace(open_champion(registry, champion), model_id=name)
        registry.save(model, {**registry.card(champion).content, "model_id": name})
        return name

    def with_data_tests(self) -> Shop:
        """Return the same shop with the data tests that its user has."""
        return replace(self, data_tests=True)

    def copy(self, to: Path) -> Shop:
        """Return the same shop in another home."""
        shutil.copytree(self.home, to)
        return replace(self, home=to)

    @contextlib.contextmanager
    def _environment(self) -> Iterator[None]:
        kept = dict(os.environ)
        os.environ["CLV_HOME"] = str(self.home)
        os.environ["CLV_TRANSACTIONS"] = str(self.log or "")
        if not self.data_tests:
            os.environ |= NO_DATA_TESTS
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)


def same(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> None:
    """Assert that two states of the tables are equal to the last bit."""
    assert left.keys() == right.keys()
    for name in left:
        pd.testing.assert_frame_equal(
            left[name].sort_values(list(left[name].columns)).reset_index(drop=True),
            right[name].sort_values(list(right[name].columns)).reset_index(drop=True),
            check_exact=True,
            obj=name,
        )
