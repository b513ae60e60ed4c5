"""What moves a verdict's measures, what chance does to them, and what training keeps for them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from clv.errors import ClvError
from clv.monitoring.noise import judged_customers
from clv.prediction.accuracy import measure
from clv.prediction.baseline import baseline_customers, baseline_sample, purchase_ratio, stability
from clv.prediction.gini import gini_area, resampled_gini_area
from clv.prediction.resampling import MEASURES, Caps, Customers, changes, estimate

pytestmark = pytest.mark.slow

NO_CAPS = Caps(np.inf, np.inf, np.inf, np.inf)


def shop(n=2_000, seed=0):
    rng = np.random.default_rng(seed)
    worth = rng.lognormal(2, 1, n)
    bought = rng.random(n) < 0.4
    return Customers(
        worth * 0.4, worth * rng.lognormal(0, 0.3, n), worth * bought * rng.lognormal(0, 1, n)
    )


def test_measures_are_those_of_the_metrics_when_nothing_is_limited():
    group = shop()
    found = dict(zip(MEASURES, estimate(group, NO_CAPS, 1).values, strict=True))
    expected = measure(group.predicted, group.actual)
    assert np.exp(found["log_rmse"]) == pytest.approx(expected.rmse)
    assert found["r2"] == pytest.approx(expected.r2)
    assert found["gini"] == pytest.approx(expected.normalized_gini)
    assert found["bias"] == pytest.approx(np.log(group.predicted.sum() / group.actual.sum()))
    assert found["paired_bias"] == pytest.approx(found["bias"] - found["naive_bias"])
    assert found["paired_gini"] == pytest.approx(found["gini"] - found["naive_gini"])


def test_a_weight_is_a_customer_standing_as_often():
    group = shop(50)
    counts = np.random.default_rng(1).poisson(1.0, 50)
    order = np.argsort(-group.predicted, kind="stable")
    repeated = np.repeat(group.actual[order], counts[order])
    expected = gini_area(repeated, np.arange(len(repeated)))
    weights = counts[order].astype(float)
    for one in (weights, weights[:, None]):
        assert resampled_gini_area(group.actual[order], one) == pytest.approx(expected)


def test_errors_are_those_of_repeated_draws():
    rng = np.random.default_rng(3)
    whole = shop(50_000)
    draws = np.array(
        [
            estimate(whole.take(rng.integers(0, 50_000, 1_000)), whole.caps(), 1).values
            for _ in range(150)
        ]
    )
    errors = estimate(whole.take(np.arange(1_000)), whole.caps(), 1).errors
    steady = [MEASURES.index(m) for m in ("bias", "paired_bias", "gini", "paired_gini")]
    assert errors[steady] == pytest.approx(draws.std(axis=0)[steady], rel=0.3)


def test_errors_of_large_groups_come_from_fewer_customers_and_shrink_with_the_root(monkeypatch):
    whole = shop(40_000)
    full = estimate(whole, whole.caps(), 1).errors
    monkeypatch.setattr("clv.prediction.resampling.LARGEST_RESAMPLE", 5_000)
    fewer = estimate(whole, whole.caps(), 1).errors
    steady = [MEASURES.index(m) for m in ("bias", "paired_bias", "gini", "paired_gini")]
    assert fewer[steady] == pytest.approx(full[steady], rel=0.25)


def test_the_same_seed_gives_the_same_figures_whatever_the_order_of_rows():
    group = shop(300)
    batch = pd.DataFrame(
        {
            "customer_id": [f"{n:05}" for n in range(300)],
            "predicted_clv": group.predicted,
            "naive_clv": group.naive,
            "actual_clv": group.actual,
        }
    )
    mixed = batch.sample(frac=1, random_state=1)
    found = [estimate(judged_customers(b), group.caps(), 7).errors for b in (batch, mixed)]
    assert found[0].tolist() == found[1].tolist()


def test_scaled_predictions_move_the_model_and_not_the_rule():
    group = shop()
    before = estimate(group, group.caps(), 1)
    scaled = Customers(1.3 * group.predicted, group.naive, group.actual)
    moved = changes(before, estimate(scaled, group.caps(), 2))
    assert moved["paired_bias_change"] == pytest.approx(moved["bias_change"])
    assert 0.2 < moved["bias_change"] <= np.log(1.3)
    assert moved["naive_bias_change"] == 0
    assert moved["paired_gini_change"] == pytest.approx(0)


def test_spend_that_moves_is_no_fault_of_the_model():
    group = shop()
    before = estimate(group, group.caps(), 1)
    richer = Customers(group.predicted, group.naive, 1.5 * group.actual)
    moved = changes(before, estimate(richer, group.caps(), 2))
    assert moved["paired_bias_change"] == pytest.approx(0)
    assert moved["bias_change"] == pytest.approx(moved["naive_bias_change"])
    assert moved["bias_change"] < -0.25


def test_one_huge_customer_moves_rmse_and_hardly_the_level():
    group = shop()
    before = estimate(group, group.caps(), 1)
    actual = group.actual.copy()
    actual[actual.argmax()] = 100 * actual.sum()
    moved = changes(
        before, estimate(Customers(group.predicted, group.naive, actual), group.caps(), 2)
    )
    assert moved["log_rmse_change"] > 2
    assert abs(moved["bias_change"]) < 0.01


def test_a_batch_without_buyers_has_undefined_measures_and_no_exception():
    group = shop(100)
    empty = Customers(group.predicted, group.naive, np.zeros(100))
    moved = changes(estimate(group, group.caps(), 1), estimate(empty, group.caps(), 2))
    assert np.isnan(moved["bias_change"]) and np.isnan(moved["gini_change"])
    assert np.isfinite(moved["log_rmse_change"])
    assert empty.buyers == 0


def test_missing_values_are_refused_and_not_judged():
    with pytest.raises(ClvError, match="1 of 2 values of 'naive' are missing"):
        Customers(np.ones(2), np.array([1.0, np.nan]), np.ones(2))


@pytest.fixture
def training():
    group = shop(1_000)
    rng = np.random.default_rng(5)
    features = pd.DataFrame(
        {
            "frequency": rng.poisson(1, 1_000),
            "T": rng.integers(1, 300, 1_000),
            "revenue": group.naive,
            "pred_days": 90,
            "cutoff": dt.date(2021, 3, 31),
            "history_months": 9,
            "actual_clv": group.actual,
            "actual_purchases": (group.actual > 0).astype(int),
        }
    )
    predictions = pd.DataFrame(
        {"predicted_clv": group.predicted, "predicted_purchases": np.full(1_000, 0.5)}
    )
    return features, group.predicted, predictions, dt.date(2020, 9, 13)


def test_a_model_keeps_its_baseline_customers_as_plain_bytes(training):
    stored = baseline_sample(*training)
    kept = baseline_customers(stored)
    assert kept.predicted == pytest.approx(training[1], rel=1e-6)
    assert kept.actual == pytest.approx(training[0].actual_clv, rel=1e-6)
    # the log begins 200 days before: a rate is taken over (90 + 200) / 2 days at least
    naive = training[0].revenue * 90 / training[0]["T"].clip(lower=145)
    assert kept.naive == pytest.approx(naive, rel=1e-6)
    assert {type(stored[k]) for k in ("predicted", "naive", "actual")} == {bytes}
    assert set(stored["bins"]) == {"frequency", "T", "revenue", "predicted_clv"}
    assert baseline_customers(None) is None


def test_a_large_baseline_is_a_seeded_sample(training, monkeypatch):
    monkeypatch.setattr("clv.prediction.baseline.LARGEST_SAMPLE", 200)
    stored = baseline_sample(*training)
    assert len(baseline_customers(stored).actual) == 200
    assert stored == baseline_sample(*training)
    assert stored["customers"] == 1_000


def test_stability_is_0_for_the_same_population_and_large_for_another(training):
    bins = baseline_sample(*training)["bins"]
    values = training[1]
    assert stability(bins["predicted_clv"], values) == pytest.approx(0)
    assert stability(bins["predicted_clv"], 3 * values) > 0.25
    half = np.random.default_rng(2).choice(values, 500)
    assert stability(bins["predicted_clv"], half) < 0.1


def test_purchase_ratio_and_its_error():
    ratio, error = purchase_ratio(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    assert (ratio, error) == (1.0, pytest.approx(2**0.5 / 2))
    assert purchase_ratio(np.zeros(2), np.full(2, np.nan)) == (None, None)
