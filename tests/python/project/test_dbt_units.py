"""The models' own unit tests, on a home of the CDNOW 1/10 sample; and accuracy in SQL and Python."""

import json
from dataclasses import fields

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv.prediction.accuracy import Accuracy, measure

MODELS_WITH_UNIT_TESTS = {
    "int_clv__customer_days",
    "int_clv__scoring_features",
    "int_clv__scoring_windows",
    "clv_predictions",
    "clv_ranked_predictions",
    "clv_champions",
    "clv_cluster_ranking",
    "clv_segment_movements",
    "int_clv__due_batches",
    "int_clv__new_labels",
    "clv_predictions_actual",
    "int_clv__matured_predictions",
    "clv_accuracy",
    "clv_segment_accuracy",
    "int_clv__drift_changes",
    "clv_drift",
    "clv_drift_measures",
    "int_clv__open_batches",
}


@pytest.fixture(scope="module")
def shop(scored, tmp_path_factory):
    """Return a copy of the scored shop: unit tests open its database for writing."""
    return scored.copy(tmp_path_factory.mktemp("units") / "home").with_data_tests()


def test_every_unit_test_of_the_models_ran_and_passed(shop):
    tested = shop.dbt(
        "test", "--select", "test_type:unit", "--target-path", str(shop.home / "target")
    )
    assert tested.code == 0, tested.out
    results = json.loads((shop.home / "target" / "run_results.json").read_text())["results"]
    results = [result for result in results if result["unique_id"].startswith("unit_test.")]
    assert {result["status"] for result in results} == {"pass"}
    assert {result["unique_id"].split(".")[2] for result in results} >= MODELS_WITH_UNIT_TESTS
    assert len(results) >= 19


def test_production_runs_no_unit_test(shop):
    keys = ("--output", "json", "--output-keys", "resource_type")
    listed = shop.dbt("--quiet", "ls", *keys, "--target-path", str(shop.home / "target"))
    assert listed.code == 0, listed.err
    kinds = {json.loads(line)["resource_type"] for line in listed.out.splitlines()}
    assert {"model", "test"} <= kinds
    assert "unit_test" not in kinds


@pytest.fixture(scope="module")
def accuracy_in_sql(scored):
    """Run the compiled `int_clv__matured_predictions` and `clv_accuracy` on given predictions."""
    models = scored.home / "target" / "compiled" / "clv" / "models"
    matured = (models / "actuals" / "int_clv__matured_predictions.sql").read_text()
    accuracy = (models / "accuracy" / "clv_accuracy.sql").read_text()
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
                "false as in_sample, timestamp '2021-07-01' as labelled_at, predicted_clv, "
                "predicted_clv / 2 as naive_clv, "
                "cast(cast(c as decimal(18, 4)) / 100 as decimal(18, 4)) as actual_clv from frame"
            )
            connection.execute(
                f"create or replace table clv.main.int_clv__matured_predictions as {matured}"
            )
            (row,) = connection.execute(accuracy).df().to_dict("records")
            return {str(name): value for name, value in row.items()}

        yield measured


MONEY = st.one_of(st.integers(-300, 300), st.integers(-(10**8), 10**8), st.just(0))
# Rank correlation is measured at training time alone.
MEASURED_BY_BOTH = [field for field in fields(Accuracy) if field.name != "spearman"]
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
    for field in MEASURED_BY_BOTH:
        expected, found = getattr(in_python, field.name), in_sql[field.name]
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), field.name
    # Shares and ranks see through to single customers: they must agree to the last digits.
    assert in_sql["normalized_gini"] == pytest.approx(
        in_python.normalized_gini, rel=1e-9, abs=1e-9, nan_ok=True
    )


def test_judged_batches_have_the_accuracy_that_python_finds(scored):
    rows = scored.query(
        "select cutoff, predicted_clv, cast(actual_clv as double) as actual "
        "from clv_predictions_actual order by cutoff, customer_id"
    )
    in_sql = scored.query("select * from clv_accuracy").set_index("cutoff")
    assert len(in_sql) > 3
    for cutoff, batch in rows.groupby("cutoff"):
        in_python = measure(batch["predicted_clv"].to_numpy(), batch["actual"].to_numpy())
        for field in MEASURED_BY_BOTH:
            expected = getattr(in_python, field.name)
            assert in_sql.loc[cutoff, field.name] == pytest.approx(expected, rel=1e-9, abs=1e-9), (
                field.name
            )


def test_tiers_and_clusters_each_add_up_to_the_batch(scored):
    sums = scored.query(
        "select cutoff, group_kind, sum(customers) as customers, sum(predicted_total) as predicted, "
        "sum(actual_total) as actual, sum(rmse * rmse * customers) as squared, "
        "bool_and(rmse is null = (buyers < 30)) as told, bool_or(rmse is null) as lacking "
        "from clv_segment_accuracy group by all"
    )
    batches = scored.query("select * from clv_accuracy").set_index("cutoff")
    assert set(sums["group_kind"]) == {"tier", "cluster"} and len(sums) == 2 * len(batches)
    assert sums["told"].all()
    for row in sums.to_dict("records"):
        batch = batches.loc[row["cutoff"]]
        assert row["customers"] == batch["customers"]
        assert row["predicted"] == pytest.approx(batch["predicted_total"], rel=1e-9)
        assert row["actual"] == pytest.approx(batch["actual_total"], rel=1e-9)
        if not row["lacking"]:
            error = np.sqrt(row["squared"] / row["customers"])
            assert error == pytest.approx(batch["rmse"], rel=1e-6)
