"""What a batch says is held against what was observed, at training and at scoring."""

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
from clv.operations.run import ALL, accepted_cutoffs
from clv.prediction.btyd import PurchaseModel, SpendModel
from clv.prediction.candidates import PopulationMean, Rule
from clv.prediction.champion import Champion
from clv.prediction.encoder import ANCHOR, REPEATS, Encoder
from clv.prediction.intervals import Intervals
from clv.prediction.naive import WINDOW_RATE
from clv.prediction.plausible import Batch, ClosedWindow, Past, caveats
from clv.training.deploy import Deployed, Winner, first_plausible

WINDOW = Window(dt.date(2023, 6, 30), 9, 3)


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return features_and_labels(purchases(500, 720, 3), WINDOW)


@pytest.fixture(scope="module")
def champion(shop: pd.DataFrame) -> Champion:
    encoder = Encoder.fit(shop, DATA_FROM, ("bg_nbd", "mbg_nbd"))
    intervals = Intervals.fit(
        [column(shop, "revenue")], [column(shop, "actual_clv")], [column(shop, "pred_days")], False
    )
    spent = column(shop, "actual_clv")
    largest, total = float(spent.max()), float(spent.sum())
    past = Past((ClosedWindow(str(WINDOW), len(shop), total, WINDOW.days, largest),))
    return Champion(encoder, Rule(ANCHOR), None, intervals, past)


def doubt(champion: Champion, features: pd.DataFrame, accepted: list[float] | None = None) -> str:
    spend = column(champion.predict(features), "predicted_clv")
    return champion.doubt(features, spend, accepted or []) or ""


def test_what_the_past_made_is_not_doubted(champion: Champion, shop: pd.DataFrame) -> None:
    assert doubt(champion, shop) == ""
    assert doubt(Champion.from_dict(champion.to_dict()), shop) == ""


MONEY = ["revenue", "refunds", "monetary_value", "average_order_value"] + [
    f"revenue_{days}d" for days in (30, 90, 180, 365)
]


def test_a_total_beyond_all_past_windows_is_doubted_with_its_figures(
    champion: Champion, shop: pd.DataFrame
) -> None:
    cents = shop.assign(**{name: shop[name] * 100 for name in MONEY})
    said = doubt(champion, cents)
    assert "a customer; customers of the 1 closed windows" in said and "the limits" in said
    total = float(column(champion.predict(cents), "predicted_clv").sum())
    # what a person accepted is part of the past
    assert doubt(champion, cents, [total / len(shop) / WINDOW.days]) == ""


def test_one_order_of_more_than_all_others_is_doubted(
    champion: Champion, shop: pd.DataFrame
) -> None:
    amount = 50 * float(column(shop, "revenue").sum())
    mistyped = {name: shop[name].where(shop.index > 0, amount) for name in MONEY}
    said = doubt(champion, shop.assign(**mistyped))
    assert "the limits" in said and "is an order mistyped?" in said


def test_a_spend_model_whose_mean_hardly_exists_is_doubted(
    champion: Champion, shop: pd.DataFrame
) -> None:
    spend = champion.encoder.spend
    assert isinstance(spend, SpendModel)
    # fitted on repeats, who bought once is worth the population's mean
    near_one = replace(champion.encoder, spend=replace(spend, q=1.002), spend_of=REPEATS)
    assert "in total" in doubt(replace(champion, encoder=near_one), shop)


def test_a_log_that_stops_before_the_cutoff_is_doubted(
    champion: Champion, shop: pd.DataFrame
) -> None:
    stopped = shop.assign(revenue_30d=0.0, orders_30d=0)
    assert "the 30 days up to the cutoff hold no order" in doubt(champion, stopped)
    # too few orders before it to miss any
    assert "hold no order" not in doubt(champion, stopped.assign(orders_90d=0))


def test_one_prediction_for_all_is_doubted_but_of_the_mean(
    champion: Champion, shop: pd.DataFrame
) -> None:
    mean = float(column(shop, "actual_clv").mean())
    same = np.full(len(shop), mean)
    assert "of each of" in (champion.doubt(shop, same) or "")
    by_mean = replace(champion, candidate=PopulationMean(mean / WINDOW.days))
    assert by_mean.doubt(shop, same) is None
    assert "in total" in (champion.doubt(shop, 0 * same) or "")


def test_customers_who_fade_may_go_on_as_they_did_lately() -> None:
    past = Past((ClosedWindow("one", 100, 9000.0, 90, 900.0),))
    batch = Batch(100, 90, total=900.0, largest=9.0, recent=100.0)
    assert past.doubt(batch) is not None
    assert past.doubt(replace(batch, recent=10.0)) is None
    # nobody bought in a window that is known: then nothing is too little
    empty = Past((*past.windows, ClosedWindow("two", 100, -5.0, 90, 0.0)))
    assert empty.doubt(replace(batch, total=0.0)) is None
    assert Past().doubt(replace(batch, total=1e9)) is None


def test_one_customer_with_most_of_the_money_is_doubted_where_none_ever_had_half_as_much() -> None:
    batch = Batch(100, 90, total=9000.0, largest=8000.0, recent=100.0)
    assert "89% of the total" in (
        Past((ClosedWindow("one", 100, 9000.0, 90, 900.0),)).whale(batch) or ""
    )
    assert Past((ClosedWindow("one", 100, 9000.0, 90, 4500.0),)).whale(batch) is None
    assert Past().whale(batch) is None


@pytest.mark.parametrize(
    ("kind", "parameters", "tells"),
    [
        ("mbg_nbd", {"r": 1.0, "alpha": 9.0, "a": 1e-14, "b": 1e-4}, False),
        ("bg_nbd", {"r": 1.0, "alpha": 9.0, "a": 500.0, "b": 1e-4}, False),
        ("bg_nbd", {"r": 0.2, "alpha": 4.4, "a": 0.8, "b": 2.4}, True),
        ("pareto_nbd", {"r": 1.0, "alpha": 9.0, "s": 1e-9, "beta": 9.0}, False),
        ("pareto_nbd", {"r": 0.6, "alpha": 10.6, "s": 0.6, "beta": 11.7}, True),
    ],
)
def test_parameters_at_their_bounds_do_not_tell_who_left(
    kind: str, parameters: dict[str, float], tells: bool
) -> None:
    assert PurchaseModel(kind, 7.0, 0.0, parameters).tells_who_left == tells


def test_being_alive_is_left_empty_where_no_model_tells_it(
    champion: Champion, shop: pd.DataFrame
) -> None:
    models = champion.encoder.purchases
    bounds = {"a": 1e-14, "b": 1e-4}
    silent = {k: replace(m, parameters=m.parameters | bounds) for k, m in models.items()}
    one = replace(champion.encoder, purchases=models | {"bg_nbd": silent["bg_nbd"]})
    alive = one.encode(shop).probability_alive
    only = replace(champion.encoder, purchases={"mbg_nbd": models["mbg_nbd"]})
    np.testing.assert_array_equal(alive, only.encode(shop).probability_alive)
    none = replace(champion.encoder, purchases=silent)
    predicted = replace(champion, encoder=none).predict(shop)
    assert predicted["probability_alive"].isna().all() and (predicted["predicted_clv"] > 0).any()
    assert ["is that of mbg_nbd" in line for line in caveats(one, True)] == [True]
    assert ["probability_alive is empty" in line for line in caveats(none, True)] == [True]
    failed = replace(champion.encoder, failures={ANCHOR: "no luck"})
    assert "(no luck)" in caveats(failed, judged=True)[0] and caveats(failed, judged=False) == []


def test_what_is_not_plausible_falls_back_to_the_next_and_says_so(champion: Champion) -> None:
    mean = replace(champion, candidate=PopulationMean(1.0))
    rate = replace(champion, candidate=Rule(WINDOW_RATE))
    deployed = {
        ANCHOR: Deployed(champion, "it says too much"),
        WINDOW_RATE: Deployed(rate, None),
        mean.kind: Deployed(mean, "it says too little"),
    }

    def make(winner: Winner) -> Deployed:
        return deployed[winner.kind]

    winner, made, fallen = first_plausible([ANCHOR, WINDOW_RATE, mean.kind], make, [])
    assert (winner.kind, made, fallen) == (WINDOW_RATE, rate, {ANCHOR: "it says too much"})
    # where none is plausible the first stays, and its batches are held
    winner, made, fallen = first_plausible([ANCHOR, ANCHOR, mean.kind], make, [])
    assert (winner.kind, made, list(fallen)) == (ANCHOR, champion, [ANCHOR, mean.kind])


def test_a_person_accepts_what_the_run_scores_and_nothing_else() -> None:
    due = [dt.date(2023, 6, 30), dt.date(2023, 7, 14)]
    assert accepted_cutoffs(ALL, due) == ["2023-06-30", "2023-07-14"]
    assert accepted_cutoffs("2023-07-14", due) == ["2023-07-14"]
    with pytest.raises(
        ClvError, match=r"it scores 2023-06-30, 2023-07-14\. Give --cutoff 2023-08-01"
    ):
        accepted_cutoffs("2023-08-01", due)
    with pytest.raises(ClvError, match="it scores nothing"):
        accepted_cutoffs("2023-08-01", [])
