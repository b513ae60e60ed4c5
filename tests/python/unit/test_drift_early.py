"""Purchases so far against those expected, for batches whose window is open."""

import numpy as np
import pandas as pd
import pytest

from clv.monitoring.early_warning import purchases_so_far, share_by_then
from clv.prediction.season import FLAT, SeasonClock

BG_NBD = {
    "kind": "bg_nbd", "days_per_unit": 7.0, "penalizer": 0.0,
    "parameters": {"r": 0.24, "alpha": 4.4, "a": 0.79, "b": 2.43},
}  # fmt: skip


def sums(purchases, predicted):
    return pd.DataFrame(
        {
            "predicted": predicted,
            "squared_predicted": predicted**2,
            "purchases": purchases,
            "squared_purchases": purchases**2,
            "purchases_predicted": purchases * predicted,
        }
    )


def test_a_share_of_days_where_the_champion_is_no_btyd_model():
    rows = pd.DataFrame({"horizon_days": [30.0, 45.0], "pred_days": [90.0, 90.0]})
    assert share_by_then({"kind": "other"}, rows) == pytest.approx([1 / 3, 1 / 2])


def test_customers_who_may_leave_buy_earlier_in_the_window():
    rows = pd.DataFrame(
        {
            "horizon_days": [90.0, 180.0],
            "pred_days": [180.0, 180.0],
            "frequency": [5, 5],
            "recency": [200, 200],
            "T": [210, 210],
        }
    )
    share = share_by_then({"reader": {"purchases": {"bg_nbd": BG_NBD}}}, rows)
    assert 0.5 < share[0] < 0.6
    assert share[1] == pytest.approx(1)


def test_more_purchases_are_expected_late_in_a_window_that_ends_in_the_season():
    clock = SeasonClock((0.0,) * 11 + (1.5,), (0.1,) * 12, 36)
    rows = pd.DataFrame(
        {
            "cutoff": [pd.Timestamp("2021-10-31")],
            "horizon_days": [30.0],
            "pred_days": [61.0],
            "frequency": [5],
            "recency": [200],
            "T": [210],
        }
    )
    reader = {"purchases": {"bg_nbd": BG_NBD}}
    plain, seasonal = (
        share_by_then({"reader": {**reader, "season": one.to_dict()}}, rows)[0]
        for one in (FLAT, clock)
    )
    assert 0.45 < plain < 0.6 and seasonal < 0.3


def test_the_ratio_is_relative_to_that_at_training():
    predicted = np.full(1_000, 1.0)
    found = purchases_so_far(
        {"purchase_ratio": 1.2, "purchase_ratio_error": 0.0},
        np.full(1_000, 0.25),
        sums(np.random.default_rng(1).poisson(0.3, 1_000), predicted),
    )
    assert found["expected_purchases"] == pytest.approx(300)
    assert found["purchase_ratio"] == pytest.approx(1, abs=0.15)
    assert found["purchase_ratio_error"] == pytest.approx(1 / 300**0.5, rel=0.15)


def test_sums_over_groups_give_what_customers_give():
    rng = np.random.default_rng(2)
    predicted = rng.choice([0.5, 1.0], 400)
    rows = sums(rng.poisson(predicted * 0.5), predicted)
    grouped = rows.groupby("predicted", as_index=False).sum()
    grouped["predicted"] = rows.groupby("predicted").predicted.sum().to_numpy()
    one = purchases_so_far({}, np.full(400, 0.5), rows)
    other = purchases_so_far({}, np.full(2, 0.5), grouped)
    assert one == pytest.approx(other)


def test_nothing_is_said_where_nothing_is_expected():
    assert purchases_so_far({}, np.zeros(2), sums(np.zeros(2), np.ones(2))) == {}
    assert purchases_so_far({}, np.ones(2), sums(np.zeros(2), np.full(2, np.nan))) == {}
