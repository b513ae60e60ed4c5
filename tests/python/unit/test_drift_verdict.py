"""The verdict's SQL, case by case."""

from functools import lru_cache

import duckdb
import jinja2
import pandas as pd
import pyarrow as pa
import pytest
from registry_world import model_of, named

from clv.monitoring.noise import NOISE, batch_noise
from clv.project.home import PROJECT

CALM = {
    "in_sample": False, "customers": 4_000, "baseline_customers": 4_000,
    "buyers": 1_000, "expected_buyers": 1_000.0, "baseline_buyers": 1_000, "baseline_r2": 0.4,
    "predicted_total": 905.0, "actual_total": 1_000.0, "naive_total": 1_000.0, "naive_total_bias": 0.0,
    "naive_bias_a_year_ago": None,
    "normalized_gini": 0.6, "r2": 0.4,
    "drift_threshold_rmse": 0.20, "drift_threshold_r2": 0.15,
    "rmse_change": 0.05, "log_rmse_change": 0.05, "log_rmse_error": 0.02,
    "naive_log_rmse_change": 0.0, "r2_change": 0.02, "r2_error": 0.01,
    "baseline_bias": -0.1, "total_bias": -0.1,
    "bias_change": 0.0, "bias_error": 0.03, "naive_bias_change": 0.0, "naive_bias_error": 0.03,
    "paired_bias_change": 0.0, "paired_bias_error": 0.02,
    "gini_change": 0.0, "gini_error": 0.01, "paired_gini_change": 0.0, "paired_gini_error": 0.01,
}  # fmt: skip


@lru_cache
def macro(name):
    text = (PROJECT / "macros" / "drift.sql").read_text("utf-8")
    return getattr(jinja2.Template(text).module, name)()


def judged(**changed):
    """Return the verdict on a batch, and its reason."""
    frame = pd.DataFrame([{**CALM, **changed}]).convert_dtypes()
    query = f"""
        with changes as (select *, {macro("clv_drift_intervals")} from frame),
        signs as (select *, {macro("clv_drift_signs")} from changes),
        reasons as (select *, {macro("clv_drift_reason")} as verdict_reason from signs)
        select {macro("clv_drift_verdict")} as verdict, verdict_reason from reasons
    """
    with duckdb.connect() as connection:
        return connection.register("frame", frame).execute(query).fetchone()


RMSE_UP = {"rmse_change": 0.5, "log_rmse_change": 0.405}
TOO_HIGH = {"total_bias": 0.16, "bias_change": 0.26, "paired_bias_change": 0.26}
TOO_LOW = {"predicted_total": 500.0, "total_bias": -0.69}
COLLAPSED = {"buyers": 0, "actual_total": 0.0, "total_bias": None, "r2_change": None, "bias_change": None,
             "paired_bias_change": None, "gini_change": None, "paired_gini_change": None}  # fmt: skip
ORDER_LOST = {"paired_gini_change": -0.10, "gini_change": -0.12}
UNDEFINED = {"bias_change": None, "paired_bias_change": None, "log_rmse_error": None}
SPEND_LESS = {"bias_change": 0.40, "naive_bias_change": 0.40, "total_bias": 0.2}
AS_A_YEAR_AGO = {"naive_total_bias": -0.3, "naive_bias_a_year_ago": -0.25}
SPEND_MOVED = {"bias_change": -0.40, "naive_bias_change": -0.40, "total_bias": -0.2}


@pytest.mark.parametrize(
    ("changed", "expected", "reason"),
    [
        ({}, "ok", None),
        ({"in_sample": True, **RMSE_UP}, "in_sample", "in_sample"),
        ({"rmse_change": None, "r2_change": None}, "no_baseline", "no_baseline"),
        ({"rmse_change": 0.25, "log_rmse_error": 0.10}, "watch", "inside_noise"),
        ({"r2_change": 0.30, "r2_error": 0.10}, "watch", "inside_noise"),
        ({**RMSE_UP, "buyers": 29, "expected_buyers": 29}, "watch", "few_buyers"),
        ({**RMSE_UP, "buyers": None, "baseline_buyers": None}, "watch", "few_buyers"),
        # few buyers are held against those expected: their absence is evidence
        (COLLAPSED, "population_shift", "buying_collapsed"),
        ({**RMSE_UP, **COLLAPSED}, "population_shift", "buying_collapsed"),
        ({**COLLAPSED, "rmse_change": None}, "population_shift", "buying_collapsed"),
        ({**COLLAPSED, "expected_buyers": 25.0}, "ok", None),
        ({**COLLAPSED, "buyers": 700}, "population_shift", "total_far_off_alike"),  # all given back
        ({"buyers": 450}, "ok", None),  # fewer than half, but so close that chance may do it
        ({"buyers": 400}, "population_shift", "buying_collapsed"),
        ({"buyers": 400, "baseline_buyers": 700}, "ok", None),  # no less than half of those at training
        # far from what was spent, whatever training said
        (TOO_LOW, "model_decay", "total_far_off"),
        ({**TOO_LOW, "baseline_bias": -1.5}, "model_decay", "total_far_off"),
        ({**TOO_LOW, "naive_total_bias": -0.5}, "population_shift", "total_far_off_alike"),
        ({**TOO_LOW, "naive_total_bias": 0.5}, "model_decay", "total_far_off"),
        ({**TOO_LOW, "rmse_change": None, "r2_change": None}, "model_decay", "total_far_off"),
        ({**TOO_LOW, "expected_buyers": 150.0, "baseline_bias": -1.5}, "ok", None),  # better, few
        ({**TOO_LOW, "expected_buyers": 150.0}, "model_decay", "total_far_off"),  # beyond noise
        ({**TOO_LOW, "expected_buyers": 150.0, "bias_error": 0.3}, "ok", None),
        ({**TOO_HIGH, "baseline_buyers": 29}, "ok", None),
        (TOO_HIGH, "model_decay", "level_lost"),
        ({**TOO_HIGH, **ORDER_LOST}, "model_decay", "level_and_order_lost"),
        ({**TOO_HIGH, "paired_bias_error": 0.10}, "ok", None),
        # a model that moved surely, while the rule stayed, is told of from 5 % on
        ({**TOO_HIGH, "total_bias": 0.08, "baseline_bias": -0.09}, "model_decay", "level_lost"),
        ({**TOO_HIGH, "total_bias": 0.08, "naive_bias_change": 0.1}, "ok", None),
        # closer to what was spent than at training, or close enough for anybody
        ({**TOO_HIGH, "total_bias": -0.3, "baseline_bias": -0.56}, "ok", None),
        ({**TOO_HIGH, "total_bias": 0.04}, "ok", None),
        ({**TOO_HIGH, "total_bias": None, "baseline_bias": None}, "ok", None),
        # the rule moved, the model stayed: no fault of the model
        ({"paired_bias_change": -0.26, "bias_change": 0.02, "naive_bias_change": 0.28}, "ok", None),
        (ORDER_LOST, "model_decay", "order_lost"),
        ({"paired_gini_change": -0.10, "gini_change": 0.01}, "ok", None),
        ({"paired_gini_change": -0.03, "gini_change": -0.03}, "ok", None),
        # order that moved within its own noise is not lost
        ({"paired_gini_change": -0.10, "gini_change": -0.015}, "ok", None),
        (SPEND_MOVED, "population_shift", "spend_rose"),
        # the rule moved alike, towards the truth
        ({**SPEND_MOVED, "total_bias": 0.02, "baseline_bias": 0.42}, "ok", None),
        (SPEND_LESS, "population_shift", "spend_fell"),
        ({"rmse_change": 0.05, "r2_change": None, "buyers": 29, "expected_buyers": 29}, "ok", None),
        ({**SPEND_MOVED, "naive_bias_change": -0.10}, "ok", None),
        # better than before, by the other measure of error
        ({**RMSE_UP, "r2_change": -0.02}, "watch", "better_otherwise"),
        ({"rmse_change": -0.41, "r2_change": 0.50, "r2_error": 0.05}, "watch", "better_otherwise"),
        ({**RMSE_UP, "naive_log_rmse_change": 0.30}, "population_shift", "error_rose_alike"),
        ({**RMSE_UP, "naive_log_rmse_change": 0.10}, "model_decay", "error_rose"),
        ({"r2_change": 0.50, "r2_error": 0.05}, "model_decay", "error_rose"),
        # the rule is off as it was in the same season a year ago: that is no news
        ({**SPEND_MOVED, **AS_A_YEAR_AGO}, "watch", "season_as_known"),
        ({**SPEND_LESS, "naive_total_bias": 0.2, "naive_bias_a_year_ago": 0.25}, "watch", "season_as_known"),
        ({**SPEND_MOVED, **AS_A_YEAR_AGO, "naive_bias_a_year_ago": 0.1}, "population_shift", "spend_rose"),
        ({**SPEND_MOVED, **AS_A_YEAR_AGO, "naive_bias_error": 0.01}, "population_shift", "spend_rose"),
        ({**RMSE_UP, "naive_log_rmse_change": 0.30, **AS_A_YEAR_AGO, "naive_bias_change": -0.2},
         "watch", "season_as_known"),
        # but what is far off the truth stays an alert, and so does a model that moved against the rule
        ({**TOO_LOW, "naive_total_bias": -0.5, "naive_bias_a_year_ago": -0.5}, "population_shift",
         "total_far_off_alike"),
        ({**TOO_HIGH, **AS_A_YEAR_AGO}, "model_decay", "level_lost"),
        # measures that are undefined say nothing, the thresholds still do
        ({**RMSE_UP, **UNDEFINED}, "watch", "inside_noise"),
    ],
)  # fmt: skip
def test_verdict_and_its_reason(changed, expected, reason):
    assert judged(**changed) == (expected, reason)


@pytest.mark.parametrize(
    ("ratio", "error", "psi", "sign"),
    [
        (0.6, 0.05, 0.0, "fewer purchases than expected"),
        (0.6, 0.10, 0.0, None),
        (1.5, 0.05, 0.0, "more purchases than expected"),
        (1.0, 0.05, 0.3, "predictions are spread unlike those of training"),
        (None, None, 0.1, None),
    ],
)
def test_early_sign(ratio, error, psi, sign):
    frame = pd.DataFrame(
        [{"purchase_ratio": ratio, "purchase_ratio_error": error, "psi_predicted_clv": psi}]
    ).astype("Float64")
    with duckdb.connect() as connection:
        asked = connection.register("frame", frame).execute(
            f"select {macro('clv_early_flag')} from frame"
        )
        assert asked.fetchone()[0] == sign


def test_a_model_that_keeps_no_baseline_customers_leaves_its_noise_unknown(monkeypatch):
    monkeypatch.setattr(
        "clv.monitoring.noise.open_champion", lambda _, model_id: model_of(model_id)
    )
    customers = pa.table(
        {
            "cutoff": pd.Series(pd.to_datetime(["2020-01-31"] * 2)),
            "pred_months": [3, 3],
            "customer_id": ["a", "b"],
            "model_id": [named(), named()],
            "predicted_clv": [1.0, 2.0],
            "naive_clv": [1.0, 2.0],
            "actual_clv": [0.0, 5.0],
        }
    )
    found = batch_noise(customers)
    assert found.schema == NOISE
    assert found["buyers"].to_pylist() == [1]
    assert found["bias_change"].to_pylist() == [None]
    assert batch_noise(customers.slice(0, 0)).num_rows == 0
