"""The models' own unit tests, on a home of the CDNOW 1/10 sample; and accuracy in SQL and Python."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.datasets import lifetimes_file
from clv.home import PROJECT
from clv.metrics import Accuracy, measure

MODELS_WITH_UNIT_TESTS = {
    "customer_days",
    "scoring_features",
    "scoring_windows",
    "clv_predictions",
    "clv_ranked_predictions",
    "clv_cluster_ranking",
    "clv_predictions_actual",
    "clv_accuracy",
    "clv_drift",
}


def run(home: Path, *command: str) -> subprocess.CompletedProcess:
    environment = {
        **os.environ,
        "CLV_HOME": str(home),
        "CLV_TRANSACTIONS": str(home / "log.csv"),
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
        "PYTHONPATH": str(PROJECT / "python"),
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def dbt(home: Path, *arguments: str) -> subprocess.CompletedProcess:
    start = "import sys; from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"
    return run(home, "-c", start, "--no-use-colors", *arguments)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with a champion and one scored and judged batch."""
    folder = tmp_path_factory.mktemp("home")
    names = ["master_id", "customer_id", "ordered_at", "cds", "amount"]
    sample = lifetimes_file("CDNOW_sample.txt")
    log = pd.read_csv(sample, sep=r"\s+", names=names, dtype=str)
    log[["customer_id", "ordered_at", "amount"]].to_csv(folder / "log.csv", index=False)
    window = ("--history-months", "9", "--pred-months", "3")
    trained = run(folder, "-m", "clv", "train", "--cutoff", "1997-09-30", *window)
    assert trained.returncode == 0, trained.stderr
    scored = run(folder, "-m", "clv", "run", "--cutoff", "1997-12-31")
    assert scored.returncode in (0, 3), scored.stderr
    return folder


def test_every_unit_test_of_the_models_ran_and_passed(home):
    tested = dbt(home, "test", "--select", "test_type:unit")
    assert tested.returncode == 0, tested.stdout
    results = json.loads((home / "target" / "run_results.json").read_text())["results"]
    assert {result["status"] for result in results} == {"pass"}
    assert {result["unique_id"].split(".")[2] for result in results} == MODELS_WITH_UNIT_TESTS
    assert len(results) >= 19


def test_features_in_sql_are_the_published_summary(home):
    """Check 2,357 customers at 30 September 1997, in days; the summaries round to .01 week or dollar."""
    published = pd.read_csv(lifetimes_file("cdnow_customers_summary_with_transactions.csv"))
    with duckdb.connect(str(home / "clv.duckdb"), read_only=True) as connection:
        ours = connection.execute(
            'select cast(customer_id as integer) as "ID", frequency as x, recency / 7 as t_x, '
            'T / 7 as "T", monetary_value as zbar from training_set order by 1'
        ).df()
    assert len(ours) == 2357
    assert (ours[["ID", "x"]] == published[["ID", "x"]]).all(axis=None)
    apart = (ours - published)[["t_x", "T", "zbar"]].abs().max()
    assert (apart <= 0.00501).all(), apart


def test_production_runs_no_unit_test(home):
    listed = dbt(home, "--quiet", "ls", "--output", "json", "--output-keys", "resource_type")
    assert listed.returncode == 0, listed.stdout
    kinds = {json.loads(line)["resource_type"] for line in listed.stdout.splitlines()}
    assert "model" in kinds
    assert "test" in kinds
    assert "unit_test" not in kinds


@pytest.fixture(scope="module")
def accuracy_in_sql(home):
    """Run the compiled model `clv_accuracy` on predictions and actuals."""
    compiled = home / "target" / "compiled" / "clv" / "models" / "monitoring" / "clv_accuracy.sql"
    query = compiled.read_text()
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as clv")

        def measured(predicted, actual_cents, customer_ids) -> dict[str, float]:
            frame = pd.DataFrame(
                {"predicted_clv": predicted, "id": customer_ids, "c": actual_cents}
            )
            connection.register("frame", frame)
            connection.execute(
                "create or replace table clv.main.clv_predictions_actual as select "
                "date '2021-03-31' as cutoff, 3 as pred_months, id as customer_id, 'm' as model_id, "
                "false as in_sample, predicted_clv, "
                "cast(cast(c as decimal(18, 4)) / 100 as decimal(18, 4)) as actual_clv from frame"
            )
            (row,) = connection.execute(query).df().to_dict("records")
            return row

        yield measured


MONEY = st.one_of(st.integers(-300, 300), st.integers(-(10**8), 10**8), st.just(0))
ROWS = st.lists(st.tuples(MONEY, MONEY), min_size=1, max_size=45)


@given(rows=ROWS, seed=st.integers(0, 99))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_accuracy_in_sql_is_accuracy_in_python(accuracy_in_sql, rows, seed):
    predicted = np.array([p / 100 for p, _ in rows])
    cents = np.array([a for _, a in rows])
    customer_ids = [f"{number:04d}" for number in range(len(rows))]
    in_python = measure(predicted, cents / 100)
    order = np.random.default_rng(seed).permutation(len(rows))  # rows are read in any order
    in_sql = accuracy_in_sql(predicted[order], cents[order], np.array(customer_ids)[order])
    for field in fields(Accuracy):
        expected, found = getattr(in_python, field.name), in_sql[field.name]
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), field.name
    # Shares and ranks see through to single customers: they must agree to the last digits.
    assert in_sql["normalized_gini"] == pytest.approx(
        in_python.normalized_gini, rel=1e-9, abs=1e-9, nan_ok=True
    )


def test_the_judged_batch_has_the_accuracy_that_python_finds(home):
    with duckdb.connect(str(home / "clv.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select predicted_clv, cast(actual_clv as double) as actual "
            "from clv_predictions_actual order by customer_id"
        ).df()
        (in_sql,) = connection.execute("select * from clv_accuracy").df().to_dict("records")
    assert len(rows) > 500
    assert (rows["actual"] == 0).mean() > 0.5
    in_python = measure(rows["predicted_clv"].to_numpy(), rows["actual"].to_numpy())
    for field in fields(Accuracy):
        assert in_sql[field.name] == pytest.approx(getattr(in_python, field.name), rel=1e-9)
