"""What the dbt Python models hand over to SQL."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from clv.candidates import NaiveSpendRate, PurchasesTimesSpend, fit_candidate
from clv.clustering import fit_clusters
from clv.errors import ClvError
from clv.home import Home
from clv.registry import Registry
from clv.scoring import ASSIGNMENTS, SCORES, assign_clusters, score

PARETO = "pareto_nbd_gamma_gamma"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CLV_HOME", str(tmp_path))
    return Home.current()


def promote(home, model_id, champion, clusters=None):
    registry = Registry(home.registry)
    card = {
        "model_id": model_id,
        "champion": champion.to_dict(),
        "baseline": {"rmse": 1.0, "r2": 0.5, "method": "out-of-time"},
        "trained_at": "2021-01-01",
        "training_cutoff": "2020-12-31",
        "history_months": 9,
        "pred_months": 3,
        "code_dirty": False,
        "data": {"fingerprint": "0"},
    }
    model = {"champion": champion.to_dict(), "clusters": clusters and clusters.to_dict()}
    registry.append(registry.save(model, card), "2021-01-01", "test")


def table(shop, **changes) -> pa.Table:
    return pa.Table.from_pandas(shop.assign(**changes), preserve_index=False)


@pytest.fixture(scope="session")
def pareto(shop):
    return fit_candidate(PARETO, shop)


def test_every_row_gets_the_champions_prediction_in_its_place(home, shop, pareto):
    promote(home, "a", pareto)
    scores = score(table(shop))
    assert scores.schema == SCORES
    assert scores["customer_id"].to_pylist() == shop["customer_id"].tolist()
    assert set(scores["cutoff"].to_pylist()) == {dt.date(2021, 9, 30)}
    expected = pareto.predict(shop)
    for name in expected.columns:
        assert scores[name].to_pylist() == pytest.approx(expected[name].tolist(), rel=1e-12)


def test_where_the_formula_overflows_the_customers_own_rate_stands(home, shop, pareto, capsys):
    frequent = shop.copy()
    frequent.loc[[0, 7], ["frequency", "recency", "T"]] = [250, 272, 272]
    overflowed = ~np.isfinite(pareto.predict(frequent)["predicted_clv"])
    assert overflowed[overflowed].index.tolist() == [0, 7]  # else this test would prove nothing
    promote(home, "a", pareto)
    scores = score(table(frequent)).to_pandas()
    assert np.isfinite(scores["predicted_clv"]).all()
    assert (scores["predicted_clv"] >= 0).all()
    own_rate = NaiveSpendRate().predict(frequent)
    for name in ("predicted_clv", "predicted_purchases"):
        assert scores.loc[[0, 7], name].tolist() == own_rate.loc[[0, 7], name].tolist()
    assert scores["probability_alive"].isna().tolist() == overflowed.tolist()
    assert "2 customers: pareto_nbd_gamma_gamma overflowed" in capsys.readouterr().err


def test_no_number_is_nan_nor_outside_of_what_it_means(home, shop, monkeypatch, pareto):
    promote(home, "a", pareto)
    predict = PurchasesTimesSpend.predict

    def a_hair_outside(self, features):
        predictions = predict(self, features)
        predictions.iloc[0] = [-1e-12, -1e-12, -1e-12]
        predictions.iloc[1] = [5.0, 1.0, 1 + 1e-12]
        return predictions

    monkeypatch.setattr(PurchasesTimesSpend, "predict", a_hair_outside)
    scores = score(table(shop)).to_pandas()
    assert scores.loc[0, ["predicted_clv", "predicted_purchases", "probability_alive"]].tolist() == [
        0, 0, 0,
    ]  # fmt: skip
    assert scores.loc[1, "probability_alive"] == 1


def test_what_the_champion_does_not_know_is_null_not_nan(home, shop):
    promote(home, "a", NaiveSpendRate())
    assert score(table(shop))["probability_alive"].null_count == len(shop)


def test_rows_are_scored_by_the_model_that_they_name(home, shop, pareto):
    promote(home, "a", pareto)
    promote(home, "b", NaiveSpendRate())
    half = len(shop) // 2
    mixed = shop.assign(model_id=["b"] * half + ["a"] * (len(shop) - half))
    scores = score(table(mixed)).to_pandas().set_index("customer_id")
    expected = np.append(
        NaiveSpendRate().predict(shop[:half])["predicted_clv"],
        pareto.predict(shop[half:])["predicted_clv"],
    )
    assert scores.loc[shop["customer_id"], "predicted_clv"].tolist() == pytest.approx(
        expected.tolist()
    )


def test_no_customers_give_an_empty_table_with_the_schema(home, shop):
    nobody = table(shop).slice(0, 0)
    assert score(nobody).schema == SCORES
    assert score(nobody).num_rows == 0
    assert assign_clusters(nobody).schema == ASSIGNMENTS
    assert assign_clusters(nobody).num_rows == 0


def test_every_row_gets_its_cluster_in_its_place(home, shop):
    clusters = fit_clusters(shop, 3, 4, 0.02, seed=1)
    promote(home, "a", NaiveSpendRate(), clusters)
    assigned = assign_clusters(table(shop))
    assert assigned.schema == ASSIGNMENTS
    assert assigned["customer_id"].to_pylist() == shop["customer_id"].tolist()
    assert assigned["cluster_id"].to_pylist() == clusters.assign(shop).tolist()


def test_rows_of_a_model_without_its_file_are_refused(home, shop):
    promote(home, "a", NaiveSpendRate())
    Registry(home.registry).model_path("a").unlink()
    with pytest.raises(ClvError, match="is missing"):
        score(table(shop))
