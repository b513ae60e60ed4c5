"""A customer beyond all that were learnt from is predicted at least as much as one at the edge."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from accuracy_world import DATA_FROM, features_and_labels, purchases

from clv.core.arrays import column
from clv.core.window import Window
from clv.prediction.candidates import BLEND, POOLED, Blend, Candidate, PopulationMean, Rule
from clv.prediction.champion import Champion
from clv.prediction.encoder import BTYD, Encoder
from clv.prediction.extrapolation import COUNTS, GAPS, TOTALS, VALUES, Edges
from clv.prediction.intervals import Intervals
from clv.prediction.learners import LEARNERS, LINEAR, Learner, RidgeRatio, Targets, fit_learner
from clv.prediction.naive import MEAN, RULES

pytestmark = pytest.mark.slow

WINDOW = Window(dt.date(2023, 6, 30), 9, 3)


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return features_and_labels(purchases(500, 720, 3), WINDOW)


@pytest.fixture(scope="module")
def candidates(shop: pd.DataFrame, champion: Champion) -> dict[str, Candidate]:
    encoded, actual = champion.encoder.encode(shop), column(shop, "actual_clv")
    targets = Targets(actual, np.ones(len(shop)))
    fitted: dict[str, Candidate] = {k: fit_learner(k, encoded, targets, 1) for k in LEARNERS}
    fitted |= {kind: Rule(kind) for kind in (*RULES, *BTYD)}
    fitted[MEAN] = PopulationMean(float(actual.mean()) / WINDOW.days)
    fitted[BLEND] = Blend({kind: fitted[kind] for kind in POOLED}, 1.1)
    return fitted


@pytest.fixture(scope="module")
def champion(shop: pd.DataFrame) -> Champion:
    spent, days = column(shop, "actual_clv"), column(shop, "pred_days")
    intervals = Intervals.fit([spent], [spent], [days], relevels=False)
    encoder = Encoder.fit(shop, DATA_FROM)
    return Champion(encoder, Rule(RULES[0]), None, intervals, edges=Edges.of([shop]))


def larger(rows: pd.DataFrame, orders: float, money: float) -> pd.DataFrame:
    """Return customers with so many times the orders, each of so many times the money."""
    return rows.assign(
        **{name: column(rows, name) * orders for name in COUNTS},
        **{name: column(rows, name) * money for name in VALUES},
        **{name: column(rows, name) * orders * money for name in (*TOTALS, "refunds")},
        **{name: column(rows, name) / orders for name in GAPS},
    )


def spend(champion: Champion, rows: pd.DataFrame) -> np.ndarray:
    return column(champion.predict(rows), "predicted_clv")


@pytest.mark.parametrize("kind", [*RULES, MEAN, *BTYD, *LEARNERS, BLEND])
def test_more_orders_or_more_money_than_anyone_had_is_never_worth_less(
    kind: str, champion: Champion, shop: pd.DataFrame, candidates: dict[str, Candidate]
) -> None:
    one = Champion.from_dict(replace(champion, candidate=candidates[kind]).to_dict())
    for by, orders, money in [
        ("orders", 4, 1),
        ("revenue", 1, 2),
        ("revenue", 1, 1024),
        ("orders", 64, 1),
    ]:
        edge = shop.loc[[column(shop, by).argmax()]]
        beyond = spend(one, larger(edge, orders, money))
        assert beyond[0] >= spend(one, edge)[0] and beyond[0] > 0, (by, orders, money)


def test_a_ridge_whose_ratio_falls_below_0_does_not_rank_the_largest_last(
    champion: Champion, shop: pd.DataFrame, candidates: dict[str, Candidate]
) -> None:
    ridge = candidates[LINEAR]
    assert isinstance(ridge, Learner) and isinstance(ridge.model, RidgeRatio)
    falling = replace(ridge.model, slope=-np.abs(ridge.model.slope) - 1)
    one = replace(champion, candidate=replace(ridge, model=falling))
    whale = larger(shop.loc[[column(shop, "revenue").argmax()]], 1, 1024)
    assert spend(replace(one, edges=Edges({}, {}, {})), whale)[0] == 0  # else this proves nothing
    assert spend(one, whale)[0] > np.median(spend(one, shop))


def test_who_is_within_what_was_seen_is_predicted_as_before(
    champion: Champion, shop: pd.DataFrame
) -> None:
    beyond, _ = champion.edges.at_edge(shop)
    assert len(beyond) == 0
    half = Edges.of([shop[column(shop, "revenue") < np.median(column(shop, "revenue"))]])
    beyond, at_edge = half.at_edge(shop)
    again, _ = half.at_edge(larger(at_edge, 0.999, 0.999))
    assert 0 < len(beyond) < len(shop) and len(again) == 0
    assert Edges.of([shop.iloc[:0]]) == Edges({}, {}, {})
