"""What the dbt Python models hand over to SQL."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from accuracy_world import DATA_FROM, features_and_labels, purchases
from registry_world import card_of, moment, named

from clv.core.arrays import column
from clv.core.window import Window
from clv.errors import ClvError
from clv.prediction.candidates import Rule
from clv.prediction.champion import Champion
from clv.prediction.clusters import ClusterOptions, fit_clusters
from clv.prediction.encoder import Encoder
from clv.prediction.intervals import Intervals
from clv.prediction.naive import SPEND_RATE
from clv.prediction.plausible import ClosedWindow, Past
from clv.project.home import Home
from clv.registry.model_file import ModelFile
from clv.registry.store import Registry
from clv.scoring.score import SCORES, score

A, B = named(0), named(1)
PARETO = "pareto_nbd_gamma_gamma"
CUTOFF = dt.date(2023, 6, 30)


@pytest.fixture(scope="module")
def shop():
    frame = features_and_labels(purchases(500, 720, 3), Window(CUTOFF, 9, 3))
    return frame.assign(model_id=A, pred_months=3)


@pytest.fixture(scope="module")
def encoder(shop):
    return Encoder.fit(shop, DATA_FROM)


@pytest.fixture(scope="module")
def clusters(shop):
    return fit_clusters(shop, ClusterOptions(3, 4, 0.02), seed=1)


def champion(encoder, shop, kind):
    predicted = encoder.encode(shop).expectations[kind]
    actual, days = column(shop, "actual_clv"), column(shop, "pred_days")
    intervals = Intervals.fit([predicted], [actual], [days], relevels=False)
    return Champion(encoder, Rule(kind), None, intervals)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_HOME", str(tmp_path))
    return Home.current()


def promote(home, model_id, winner, clusters):
    registry = Registry(home.registry)
    card = card_of(model_id, champion=winner.to_dict())
    model = ModelFile(model_id, winner.to_dict(), clusters.to_dict())
    registry.append(registry.save(model, card), moment(), "test")


NOTHING_ACCEPTED = {
    "is_accepted": False,
    "accepted_total": None,
    "accepted_rate_least": None,
    "accepted_rate_most": None,
}


def table(shop, **changes) -> pa.Table:
    frame = shop.assign(**(NOTHING_ACCEPTED | changes)).astype({"pred_months": "int32"})
    return pa.Table.from_pandas(frame, preserve_index=False)


def test_every_row_gets_the_champions_prediction_and_cluster_in_its_place(
    home, shop, encoder, clusters
):
    pareto = champion(encoder, shop, PARETO)
    promote(home, A, pareto, clusters)
    scores = score(table(shop))
    assert scores.schema == SCORES
    assert scores["customer_id"].to_pylist() == shop["customer_id"].tolist()
    assert set(scores["cutoff"].to_pylist()) == {CUTOFF}
    expected = pareto.predict(shop)
    for name in ("predicted_clv", "predicted_purchases", "probability_alive"):
        assert scores[name].to_pylist() == pytest.approx(expected[name].tolist(), rel=1e-12)
    assert scores["cluster_id"].to_pylist() == clusters.assign(shop).tolist()


def test_where_the_formula_overflows_the_customers_own_rate_stands(home, shop, encoder, clusters):
    frequent = shop.copy()
    frequent.loc[[0, 7], ["frequency", "recency", "T"]] = [400, 270, 270]
    assert encoder.encode(frequent).overflowed[PARETO] == 2  # else this test would prove nothing
    promote(home, A, champion(encoder, shop, PARETO), clusters)
    scores = score(table(frequent)).to_pandas()
    assert np.isfinite(scores["predicted_clv"]).all()
    own = encoder.encode(frequent).expectations[SPEND_RATE]
    assert scores.loc[[0, 7], "predicted_clv"].tolist() == own[[0, 7]].tolist()


def test_no_number_is_nan_nor_outside_of_what_it_means(home, shop, encoder, clusters):
    promote(home, A, champion(encoder, shop, PARETO), clusters)
    scores = score(table(shop, revenue=-5.0)).to_pandas()
    for name in (
        "predicted_clv",
        "predicted_clv_lower",
        "predicted_clv_upper",
        "predicted_purchases",
    ):
        assert np.isfinite(scores[name]).all() and (scores[name] >= 0).all(), name
    for name in ("probability_alive", "probability_purchase"):
        assert scores[name].between(0, 1).all(), name
    assert (scores["predicted_clv_lower"] <= scores["predicted_clv_upper"]).all()


def test_rows_are_scored_by_the_model_that_they_name(home, shop, encoder, clusters):
    pareto, naive = champion(encoder, shop, PARETO), champion(encoder, shop, SPEND_RATE)
    promote(home, A, pareto, clusters)
    promote(home, B, naive, clusters)
    half = len(shop) // 2
    mixed = shop.assign(model_id=[B] * half + [A] * (len(shop) - half))
    scores = score(table(mixed)).to_pandas().set_index("customer_id")
    expected = np.append(
        naive.predict(shop[:half])["predicted_clv"], pareto.predict(shop[half:])["predicted_clv"]
    )
    assert scores.loc[shop["customer_id"], "predicted_clv"].tolist() == pytest.approx(
        expected.tolist()
    )


def test_no_customers_give_an_empty_table_with_the_schema(home, shop):
    nobody = table(shop).slice(0, 0)
    assert score(nobody).schema == SCORES
    assert score(nobody).num_rows == 0


def test_rows_of_a_model_without_its_file_are_refused(home, shop, encoder, clusters):
    promote(home, A, champion(encoder, shop, SPEND_RATE), clusters)
    Registry(home.registry).model_path(A).unlink()
    with pytest.raises(ClvError, match="is missing"):
        score(table(shop))


def test_a_batch_that_nothing_explains_is_held_until_a_person_accepts_it(
    home, shop, encoder, clusters
):
    spent = float(column(shop, "actual_clv").sum())
    past = Past((ClosedWindow("2023-06-30+3m", len(shop), spent / 100, 92, spent),))
    promote(home, A, replace(champion(encoder, shop, PARETO), past=past), clusters)
    with pytest.raises(ClvError, match=r"2023-06-30 for 3 months: it says .* --accept 2023-06-30"):
        score(table(shop))
    accepted = score(table(shop, is_accepted=True)).to_pandas()
    assert accepted["held_because"].str.startswith("it says").all()
    total = float(accepted["predicted_clv"].sum())
    # it stays accepted while it says the same, and no longer
    again = score(table(shop, accepted_total=total * 1.05)).to_pandas()
    pd.testing.assert_frame_equal(again, accepted)
    with pytest.raises(ClvError, match="is held"):
        score(table(shop, accepted_total=total / 2))
    # what was accepted of an earlier batch explains this one, which then is none that was held
    rate = total / len(shop) / 92
    later = score(table(shop, accepted_rate_least=rate, accepted_rate_most=2 * rate)).to_pandas()
    assert later["held_because"].isna().all()
