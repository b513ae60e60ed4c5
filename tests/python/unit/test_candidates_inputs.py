"""Rules, encoding, learners, purchases and intervals of the contest."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from accuracy_world import DATA_FROM, features_and_labels, purchases

from clv.core.arrays import column
from clv.core.window import Window
from clv.errors import ClvError
from clv.prediction.candidates import (
    POOLED,
    REACH,
    Blend,
    PopulationMean,
    candidate_from_dict,
    level_of,
)
from clv.prediction.encoder import ANCHOR, BTYD, Encoder, stacked
from clv.prediction.intervals import Intervals
from clv.prediction.learners import LEARNERS, LINEAR, TREES, Learner, Targets, fit_learner
from clv.prediction.naive import LAST_WINDOW, RULES, SPEND_RATE, WINDOW_RATE, rule
from clv.prediction.purchases import PurchaseOutlook, next_purchase
from clv.training.plan import plan_training, window_weights

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return features_and_labels(purchases(900, 700, 1), Window(dt.date(2023, 6, 30), 12, 3))


@pytest.fixture(scope="module")
def encoder(frame: pd.DataFrame) -> Encoder:
    return Encoder.fit(frame, DATA_FROM)


@pytest.fixture(scope="module", params=LEARNERS)
def fitted(request: pytest.FixtureRequest, frame: pd.DataFrame, encoder: Encoder) -> Learner:
    """Return a learner of each kind, fitted once."""
    actual = column(frame, "actual_clv")
    targets = Targets(actual, np.ones(len(actual)))
    return fit_learner(request.param, encoder.encode(frame), targets, seed=3)


def one_customer(**changes: float) -> pd.DataFrame:
    values = {
        "cutoff": pd.Timestamp("2023-06-30"), "history_months": 12, "pred_months": 3,
        "pred_days": 92, "frequency": 3, "recency": 90, "T": 200, "monetary_value": 20.0,
        "orders": 4, "revenue": 80.0, "refunds": 0.0, "average_order_value": 20.0,
        "largest_order_value": 20.0, "last_order_value": 20.0, "first_order_value": 20.0,
        "spread_order_value": 0.0, "days_since_last": 10, "mean_gap": 30.0, "spread_gap": 3.0,
        "revenue_30d": 20.0, "revenue_90d": 60.0, "revenue_180d": 80.0, "revenue_365d": 80.0,
        "orders_30d": 1, "orders_90d": 3, "orders_180d": 4, "orders_365d": 4,
        "days_since_first_ever": 200,
    }  # fmt: skip
    return pd.DataFrame([values | changes])


def test_rules_are_the_arithmetic_they_say() -> None:
    customer, depth = one_customer(T=300), np.array([365.0])
    assert rule(SPEND_RATE, customer, depth)[0] == pytest.approx(80 * 92 / 300)
    assert rule(WINDOW_RATE, customer, depth)[0] == pytest.approx(80 * 92 / 365)
    assert rule(LAST_WINDOW, customer, depth)[0] == pytest.approx(60 * 92 / 90)


def test_a_purchase_on_the_cutoff_is_no_daily_habit() -> None:
    newcomer = one_customer(T=0, revenue=50.0)
    expected = 50 * 92 / ((92 + 365) / 2)
    assert rule(SPEND_RATE, newcomer, np.array([365.0]))[0] == pytest.approx(expected)


def test_refunds_above_sales_never_predict_below_zero(encoder: Encoder) -> None:
    encoded = encoder.encode(one_customer(revenue=-40.0, refunds=-120.0, revenue_90d=-40.0))
    assert all(values[0] >= 0 for values in encoded.expectations.values())
    assert np.isfinite(encoded.features).all()


def test_what_candidates_see_is_finite_for_whoever_there_is(
    frame: pd.DataFrame, encoder: Encoder
) -> None:
    encoded = encoder.encode(frame)
    assert set(encoded.expectations) == {*RULES, *BTYD}
    assert np.isfinite(encoded.features).all()
    assert (encoded.offset > 0).all() and (encoded.purchases_offset > 0).all()
    assert ((encoded.probability_alive >= 0) & (encoded.probability_alive <= 1)).all()


def test_what_candidates_see_does_not_depend_on_the_other_rows(
    frame: pd.DataFrame, encoder: Encoder
) -> None:
    whole, alone = encoder.encode(frame), encoder.encode(frame.iloc[[7]])
    np.testing.assert_allclose(whole.features[7], alone.features[0], rtol=1e-12)
    np.testing.assert_allclose(whole.offset[7], alone.offset[0], rtol=1e-12)


def test_what_candidates_see_does_not_depend_on_the_currency(
    frame: pd.DataFrame, encoder: Encoder
) -> None:
    money = [c for c in frame if "value" in c or "revenue" in c] + ["refunds"]
    dearer = frame.assign(**{name: frame[name] * 100 for name in money})
    again = Encoder.fit(dearer, DATA_FROM).encode(dearer)
    np.testing.assert_allclose(again.features, encoder.encode(frame).features, atol=0.02)


def test_a_log_without_repeats_still_has_naive_rules() -> None:
    lonely = pd.concat([one_customer(frequency=0, recency=0, mean_gap=np.nan)] * 60)
    encoder = Encoder.fit(lonely, DATA_FROM)
    assert set(encoder.failures) == set(BTYD)
    encoded = encoder.encode(lonely)
    assert set(encoded.expectations) == set(RULES)
    assert np.isnan(encoded.probability_alive).all()


def test_learners_predict_and_survive_storage(
    fitted: Learner, frame: pd.DataFrame, encoder: Encoder
) -> None:
    encoded, actual = encoder.encode(frame), column(frame, "actual_clv")
    predicted = fitted.expect(encoded)
    assert np.isfinite(predicted).all() and (predicted >= 0).all()
    assert predicted.mean() == pytest.approx(actual.mean(), rel=0.35)
    again = Learner.from_dict(fitted.to_dict())
    np.testing.assert_array_equal(again.expect(encoded), predicted)


def test_learners_are_deterministic(fitted: Learner, frame: pd.DataFrame, encoder: Encoder) -> None:
    encoded, actual = encoder.encode(frame), column(frame, "actual_clv")
    again = fit_learner(fitted.kind, encoded, Targets(actual, np.ones(len(actual))), 3)
    np.testing.assert_array_equal(fitted.expect(encoded), again.expect(encoded))


@pytest.mark.parametrize("kind", [LINEAR, TREES, "poisson_boosting"])
def test_shuffled_labels_teach_nothing(kind: str, frame: pd.DataFrame, encoder: Encoder) -> None:
    encoded, actual = encoder.encode(frame), column(frame, "actual_clv")
    rng = np.random.default_rng(5)
    shuffled, held_out = rng.permutation(actual), rng.permutation(actual)
    learner = fit_learner(kind, encoded, Targets(shuffled, np.ones(len(actual))), 3)
    predicted = learner.expect(encoded)
    assert abs(np.corrcoef(predicted, held_out)[0, 1]) < 0.15


def test_an_unknown_kind_is_refused_with_the_fix() -> None:
    with pytest.raises(ClvError, match="run `clv train`"):
        candidate_from_dict({"kind": "oracle"})


def blend_of(*rates: float) -> Blend:
    members = {kind: PopulationMean(rate) for kind, rate in zip(POOLED, rates, strict=False)}
    return Blend(dict(members), 1.0)


def test_a_blend_is_each_customers_median_and_survives_storage(
    frame: pd.DataFrame, encoder: Encoder
) -> None:
    encoded = encoder.encode(frame)
    model, rate = encoded.expectations[ANCHOR], encoded.expectations[WINDOW_RATE]
    learnt = [rate_a_day * encoded.pred_days for rate_a_day in (0.5, 4.0)]
    median = np.median([np.sqrt(model * rate), *learnt], axis=0)
    expected = 1.5 * np.minimum(median, REACH * np.maximum(model, rate) + encoded.floor)
    assert (expected < 1.5 * median).any() and (expected == 1.5 * median).any()
    blend = replace(blend_of(0.5, 4.0), level=1.5)
    np.testing.assert_allclose(blend.expect(encoded), expected)
    again = candidate_from_dict(blend.to_dict())
    np.testing.assert_array_equal(again.expect(encoded), blend.expect(encoded))


def test_one_learner_that_runs_away_moves_a_blend_little(
    frame: pd.DataFrame, encoder: Encoder
) -> None:
    encoded = encoder.encode(frame)
    calm, wild = blend_of(1.0, 1.0), blend_of(1.0, 1e6)
    assert wild.expect(encoded).sum() < 3 * calm.expect(encoded).sum()


def test_the_level_of_a_blend_goes_halfway_to_the_model_and_within_bounds(
    frame: pd.DataFrame, encoder: Encoder
) -> None:
    encoded = encoder.encode(frame)
    model = encoded.expectations[ANCHOR]
    assert level_of(encoded, 4 * model) == pytest.approx(0.5)
    assert level_of(encoded, model / 2) == pytest.approx(np.sqrt(2))
    assert level_of(encoded, 1e6 * model) == 0.5
    assert level_of(encoded, 0 * model) == 1.0


def test_the_outlook_finds_the_purchases(frame: pd.DataFrame, encoder: Encoder) -> None:
    encoded, bought = encoder.encode(frame), column(frame, "actual_purchases")
    outlook = PurchaseOutlook.fit(encoded, bought, np.ones(len(bought)), 3)
    assert outlook is not None
    predicted, probability = PurchaseOutlook.from_dict(outlook.to_dict()).predict(encoded)
    assert (predicted >= 0).all() and ((probability >= 0) & (probability <= 1)).all()
    assert predicted.mean() == pytest.approx(bought.mean(), rel=0.1)
    assert probability.mean() == pytest.approx((bought > 0).mean(), abs=0.02)


def test_nobody_bought_leaves_the_plain_expectation(frame: pd.DataFrame, encoder: Encoder) -> None:
    assert (
        PurchaseOutlook.fit(encoder.encode(frame), np.zeros(len(frame)), np.ones(len(frame)), 3)
        is None
    )


def test_next_purchase_follows_the_rhythm_and_is_empty_where_unlikely() -> None:
    def date(customer: pd.DataFrame, probability: float, purchases: float) -> pd.Timestamp:
        return next_purchase(customer, np.array([probability]), np.array([purchases]))[0]

    regular = one_customer(mean_gap=30.0, spread_gap=2.0, days_since_last=10)
    assert date(regular, 0.95, 3.0) == pd.Timestamp("2023-07-20")
    overdue = one_customer(mean_gap=30.0, spread_gap=2.0, days_since_last=40)
    assert date(overdue, 0.95, 3.0) == pd.Timestamp("2023-07-01")
    assert pd.isna(date(regular, 0.2, 0.3))
    irregular = one_customer(mean_gap=30.0, spread_gap=40.0)
    # one purchase at a time spread evenly over 92 days comes a little before their middle
    assert date(irregular, 0.6, 0.6) == pd.Timestamp("2023-08-08")


def test_who_buys_every_three_days_is_expected_within_days_however_sure_it_is() -> None:
    often = one_customer(mean_gap=4.0, spread_gap=6.0)
    for probability in (0.9, 0.97, 1.0):
        (date,) = next_purchase(often, np.array([probability]), np.array([31.0]))
        assert pd.Timestamp("2023-07-01") <= date <= pd.Timestamp("2023-07-03"), probability


def test_intervals_hold_one_in_ten_on_either_side() -> None:
    rng = np.random.default_rng(2)

    def world(n: int) -> tuple[np.ndarray, np.ndarray]:
        predicted = rng.gamma(1, 30, n)
        buys = rng.random(n) < np.clip(predicted / 60, 0.02, 0.97)
        return predicted, np.where(buys, predicted * rng.gamma(2, 1, n), 0)

    days = np.full(6000, 91.0)
    first, second = world(6000), world(6000)
    intervals = Intervals.from_dict(
        Intervals.fit([first[0]], [first[1]], [days], relevels=False).to_dict()
    )
    lower, upper = intervals.customers(second[0], days)
    buyers = upper > 0
    assert np.mean(second[1] > upper) <= 0.13 and np.mean(second[1] < lower) <= 0.13
    assert 0.07 <= np.mean(second[1][buyers] > upper[buyers]) <= 0.13
    low, high = intervals.total(second[0])
    assert 0 < low < second[0].sum() < high


@pytest.mark.parametrize("relevels", [True, False])
def test_intervals_follow_the_level_of_a_judged_window_only_where_the_model_keeps_it(
    relevels,
) -> None:
    rng = np.random.default_rng(8)

    def world(level: float) -> tuple[np.ndarray, np.ndarray]:
        expected = rng.gamma(0.7, 60, 8000) + 1
        return expected, np.where(rng.random(8000) < 0.6, level * rng.gamma(1, expected / 0.6), 0)

    judged, days = [world(1.4), world(1.6)], np.full(8000, 91.0)
    expected, spent = (list(arrays) for arrays in zip(*judged, strict=True))
    intervals = Intervals.fit(expected, spent, [days, days], relevels=relevels)
    predicted, actual = world(1.0)
    upper = intervals.customers(predicted, days)[1]
    outside = np.mean(actual > upper)
    assert (abs(outside - 0.10) < 0.01) == relevels


def test_intervals_of_nothing_are_nothing() -> None:
    intervals = Intervals.fit([np.zeros(50)], [np.zeros(50)], [np.full(50, 91.0)], relevels=True)
    lower, upper = intervals.customers(np.zeros(3), np.full(3, 91.0))
    assert not lower.any() and not upper.any() and intervals.total(np.zeros(3)) == (0.0, 0.0)


def test_no_label_ends_after_what_is_known() -> None:
    for months in (1, 2, 3, 6, 12):
        chosen = Window(dt.date(2023, 6, 30), 12, months)
        plan = plan_training(chosen, dt.date(2021, 1, 1))
        assert all(o.labels_end <= plan.known_through for o in plan.deployed)
        for fold in plan.folds:
            assert fold.judged.labels_end <= plan.known_through
            assert all(o.labels_end <= fold.judged.cutoff for o in fold.learnt_from)


def test_a_long_log_has_the_origin_of_a_year_before() -> None:
    plan = plan_training(Window(dt.date(2023, 6, 30), 12, 3), dt.date(2020, 1, 1))
    assert Window(dt.date(2022, 9, 30), 12, 3) in plan.deployed
    season = Window(dt.date(2022, 9, 30), 12, 3)
    weights = dict(
        zip(plan.deployed, window_weights(plan.deployed, plan.known_through), strict=True)
    )
    recent = [weight for origin, weight in weights.items() if origin != season]
    assert weights[season] == pytest.approx(sum(recent)) and max(recent) == 1.0


def test_without_closed_labels_shorter_ones_are_judged_and_said() -> None:
    plan = plan_training(Window(dt.date(2022, 1, 9), 6, 6), DATA_FROM)
    assert plan.folds[0].judged.pred_months < 6
    assert "shorter labels" in plan.notes[0]


def test_customers_of_windows_stack(frame: pd.DataFrame, encoder: Encoder) -> None:
    encoded = encoder.encode(frame)
    both = stacked([encoded, encoded])
    assert len(both.offset) == 2 * len(frame) == len(both.features)
