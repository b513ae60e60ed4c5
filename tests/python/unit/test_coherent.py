"""The columns of one customer's prediction do not contradict each other, whatever the models say."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from accuracy_world import DATA_FROM, features_and_labels, purchases
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clv.core.arrays import column
from clv.core.window import Window
from clv.prediction.candidates import PopulationMean, Rule
from clv.prediction.champion import Champion
from clv.prediction.coherent import (
    LIKELY,
    coherent_alive,
    coherent_bounds,
    coherent_purchases,
)
from clv.prediction.encoder import ANCHOR, Encoder, without_labels
from clv.prediction.intervals import Intervals
from clv.prediction.learners import LINEAR, TREES, Targets, fit_learner
from clv.prediction.naive import LAST_WINDOW, SPEND_RATE
from clv.prediction.purchases import PurchaseOutlook

pytestmark = pytest.mark.slow

WINDOW = Window(dt.date(2023, 6, 30), 9, 3)
N = 6
SHARES = arrays(float, N, elements=st.floats(0, 1))
AMOUNTS = arrays(float, N, elements=st.sampled_from([0.0, 1e-12, 0.3, 2.0, 1e6]))


def contradictions(rows: pd.DataFrame, end: pd.Timestamp) -> pd.Series:
    """Return which rows break a rule of tests/dbt/rows_are_coherent.sql."""
    value, chance = rows["predicted_clv"], rows["probability_purchase"]
    upper, date = rows["predicted_clv_upper"], rows["expected_next_purchase"]
    return (
        ((value > 0) != (rows["predicted_purchases"] > 0))
        | ((value > 0) != (chance > 0))
        | (chance > rows["predicted_purchases"])
        | (chance > rows["probability_alive"])
        | (rows["predicted_clv_lower"] > value)
        | ((upper < value) & ((upper > 0) | (chance >= LIKELY)))
        | (date.notna() != (chance >= LIKELY))
        | (date > end)
    )


@settings(deadline=None)  # a busy machine is no contradiction
@given(AMOUNTS, AMOUNTS, SHARES, SHARES, AMOUNTS, AMOUNTS)
def test_whatever_the_models_say_no_row_contradicts_itself(value, bought, chance, alive, low, high):
    # A chance of nothing but 0 comes from no regression; it would be spend without purchases.
    purchases_of, probability = coherent_purchases(value, bought, np.maximum(chance, 1e-9))
    living = coherent_alive(alive, probability)
    lower, upper = coherent_bounds(value, (np.minimum(low, high), high), probability)
    rows = pd.DataFrame(
        {
            "predicted_clv": value, "predicted_purchases": purchases_of,
            "probability_purchase": probability, "probability_alive": living,
            "predicted_clv_lower": lower, "predicted_clv_upper": upper,
            "expected_next_purchase": np.where(probability >= LIKELY, 1.0, np.nan),
        }
    )  # fmt: skip
    assert not contradictions(rows, 1.0).any()
    assert (lower <= upper).all()


def test_what_is_coherent_is_left_alone():
    value, bought, chance = np.array([10.0]), np.array([0.8]), np.array([0.6])
    assert coherent_purchases(value, bought, chance) == (bought, chance)
    assert coherent_alive(np.array([0.9]), chance) == 0.9
    assert np.isnan(coherent_alive(np.array([np.nan]), chance))
    assert coherent_bounds(value, (np.array([2.0]), np.array([30.0])), chance) == (2.0, 30.0)
    nothing = (np.array([0.0]), np.array([0.0]))
    assert coherent_bounds(value, nothing, np.array([0.05])) == nothing


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return features_and_labels(purchases(400, 720, 5), WINDOW)


@pytest.fixture(scope="module")
def encoder(shop: pd.DataFrame) -> Encoder:
    return Encoder.fit(without_labels(shop), DATA_FROM)


@pytest.mark.parametrize("returned", [True, False], ids=["labels", "nobody_returned"])
@pytest.mark.parametrize("kind", [SPEND_RATE, LAST_WINDOW, "naive_mean", ANCHOR, LINEAR, TREES])
def test_every_kind_of_champion_scores_coherently_also_where_nobody_returned(
    shop, encoder, kind, returned
):
    encoded = encoder.encode(without_labels(shop))
    actual, bought = column(shop, "actual_clv") * returned, column(shop, "actual_purchases")
    ones = np.ones(len(shop))
    if kind == "naive_mean":
        candidate = PopulationMean(float(actual.mean() / encoded.pred_days.mean()))
    elif kind in (LINEAR, TREES):
        candidate = fit_learner(kind, encoded, Targets(actual, ones), 7)
    else:
        candidate = Rule(kind)
    champion = Champion(
        encoder,
        candidate,
        PurchaseOutlook.fit(encoded, bought * returned, ones, 7),
        Intervals.fit([candidate.expect(encoded)], [actual], [encoded.pred_days], relevels=False),
    )
    rows = champion.predict(without_labels(shop))
    end = pd.Timestamp(WINDOW.cutoff) + pd.Timedelta(days=float(encoded.pred_days.max()))
    assert not contradictions(rows, end).any(), rows[contradictions(rows, end)].head()
    if kind in ("naive_mean", LINEAR, TREES) and not returned:
        assert not rows[["predicted_clv", "predicted_purchases"]].to_numpy().any()
        assert rows["expected_next_purchase"].isna().all()
