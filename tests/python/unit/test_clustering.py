"""Behaviour clusters: fixed at training time, the same for every batch."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from clv.errors import ClvError
from clv.prediction.clusters import BEHAVIOUR, ClusterOptions, Clusters, behaviour, fit_clusters


@pytest.fixture(scope="module")
def clusters(shop):
    return fit_clusters(shop, ClusterOptions(3, 6, 0.02), seed=1)


def customers(**columns) -> pd.DataFrame:
    """Customers who are alike but for `columns`."""
    n = max(len(values) for values in columns.values())
    alike = {
        "frequency": 3,
        "days_since_last": 30,
        "T": 200,
        "average_order_value": 50.0,
        "mean_gap": 40.0,
        "spread_gap": 10.0,
    }
    return pd.DataFrame({**{name: [value] * n for name, value in alike.items()}, **columns})


def test_every_customer_is_assigned_to_a_cluster_that_exists(shop, clusters):
    assigned = clusters.assign(shop)
    assert len(assigned) == len(shop)
    assert set(assigned) == set(range(1, len(clusters.centres) + 1))


def test_customers_unlike_any_seen_in_training_are_assigned_too(clusters):
    strange = customers(
        frequency=[0, 10**6, 0],
        T=[0, 10**5, 1],
        average_order_value=[0.0, 1e12, -50.0],
        mean_gap=[None, 0.0, np.nan],
        spread_gap=[None, 0.0, np.nan],
    )
    assert set(clusters.assign(strange)) <= set(range(1, len(clusters.centres) + 1))


def test_who_goes_beyond_the_range_of_training_counts_as_at_its_edge(shop, clusters):
    for name, column in (("average_order_value", 3), ("T", 2), ("days_since_last", 1)):
        at_the_edge = shop.assign(**{name: np.expm1(clusters.scaler.high[column])})
        beyond = shop.assign(**{name: 1e30})
        assert (clusters.assign(beyond) == clusters.assign(at_the_edge)).all()


def test_a_customer_is_in_the_same_cluster_whatever_batch_surrounds_it(shop, clusters):
    together = clusters.assign(shop)
    order = np.random.default_rng(3).permutation(len(shop))
    assert (clusters.assign(shop.iloc[order]) == together[order]).all()
    alone = [clusters.assign(shop.iloc[[i]])[0] for i in range(len(shop))]
    assert alone == together.tolist()
    richer = shop.assign(average_order_value=shop["average_order_value"] * 1000)
    assert (clusters.assign(pd.concat([shop, richer]))[: len(shop)] == together).all()


def test_fitting_twice_gives_the_same_clusters(shop, clusters):
    again = fit_clusters(shop, ClusterOptions(3, 6, 0.02), seed=1)
    assert again.to_dict() == clusters.to_dict()


def test_cluster_1_buys_most_often(shop, clusters):
    means = shop.groupby(clusters.assign(shop))["frequency"].mean()
    assert means.idxmax() == 1
    assert (np.diff(clusters.centres[:, 0]) <= 0).all()


def test_skewed_customers_do_not_all_fall_into_one_cluster():
    rng = np.random.default_rng(5)
    n = 2000
    skewed = customers(
        frequency=np.floor(rng.pareto(0.9, n)).tolist(),
        days_since_last=rng.integers(0, 200, n).tolist(),
        average_order_value=rng.lognormal(3, 2.5, n).tolist(),
    )
    raw = skewed[["frequency", "days_since_last", "T", "average_order_value"]]
    naive = KMeans(3, n_init=3, random_state=1).fit(raw)
    assert np.bincount(naive.labels_).max() / n > 0.97  # what is to be avoided
    fitted = fit_clusters(skewed, ClusterOptions(3, 6, 0.02), seed=1)
    shares = np.bincount(fitted.assign(skewed))[1:] / n
    assert shares.max() < 0.7
    assert shares.min() >= 0.02


def test_a_number_of_clusters_with_one_that_is_too_small_is_passed_over():
    rng = np.random.default_rng(2)
    centres = np.repeat([1.0, 20, 400, 8000], [990, 500, 480, 30])  # the last hold 1.5 %
    data = customers(average_order_value=(centres * rng.lognormal(0, 0.05, 2000)).tolist())
    free = fit_clusters(data, ClusterOptions(3, 5, 0.0), seed=1)
    bound = fit_clusters(data, ClusterOptions(3, 5, 0.02), seed=1)
    assert len(free.centres) == 4
    assert min(free.shares) == pytest.approx(0.015)
    assert len(bound.centres) == 3
    assert min(bound.shares) >= 0.02
    assert bound.silhouette[4] is None


def test_where_every_number_has_a_small_cluster_the_fewest_are_taken(shop):
    fitted = fit_clusters(shop, ClusterOptions(3, 5, 0.49), seed=1)
    assert len(fitted.centres) == 3
    assert fitted.silhouette == {3: None, 4: None, 5: None}


def test_the_number_with_the_best_silhouette_is_taken(clusters):
    best = max(clusters.silhouette, key=lambda k: clusters.silhouette[k])
    assert len(clusters.centres) == best
    assert sorted(clusters.silhouette) == [3, 4, 5, 6]


def test_shares_are_those_of_the_assignment(shop, clusters):
    assigned = np.bincount(clusters.assign(shop))[1:] / len(shop)
    assert clusters.shares == pytest.approx(assigned.tolist(), abs=0.01)


def test_fitting_on_a_sample_assigns_everybody(shop, monkeypatch):
    monkeypatch.setattr("clv.prediction.clusters.SAMPLE", 200)
    sampled = fit_clusters(shop, ClusterOptions(3, 4, 0.02), seed=1)
    assert fit_clusters(shop, ClusterOptions(3, 4, 0.02), seed=1).to_dict() == sampled.to_dict()
    assert fit_clusters(shop, ClusterOptions(3, 4, 0.02), seed=2).to_dict() != sampled.to_dict()
    assert sum(sampled.shares) == pytest.approx(1)
    assert len(sampled.assign(shop)) == len(shop)


def test_clusters_come_back_exactly_from_json(shop, clusters):
    rebuilt = Clusters.from_dict(json.loads(json.dumps(clusters.to_dict(), allow_nan=False)))
    assert (rebuilt.assign(shop) == clusters.assign(shop)).all()
    assert rebuilt.to_dict() == clusters.to_dict()


def test_clusters_of_other_behaviour_features_are_refused(clusters):
    stored = {**clusters.to_dict(), "behaviour": list(reversed(BEHAVIOUR))}
    with pytest.raises(ClvError, match="other behaviour features"):
        Clusters.from_dict(stored)


def test_too_few_different_customers_are_one_clear_message():
    with pytest.raises(ClvError, match="only 3 customers differ in behaviour"):
        fit_clusters(customers(frequency=[1, 2, 3] * 50), ClusterOptions(3, 8, 0.02), seed=1)


def test_behaviour_never_sees_the_prediction_or_the_labels(shop):
    blind = shop.drop(columns=["actual_clv", "actual_purchases", "pred_days"])
    assert (behaviour(blind) == behaviour(shop)).all()


def test_regularity_of_customers_without_two_gaps_is_that_of_random_times():
    points = behaviour(customers(mean_gap=[None, 40.0, 40.0], spread_gap=[None, None, 10.0]))
    assert points[:, BEHAVIOUR.index("regularity")].tolist() == [1.0, 1.0, 0.25]
