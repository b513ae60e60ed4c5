"""Our SQL features are the published ones."""

import pandas as pd
import pytest

from clv.core.arrays import column
from clv.prediction.btyd import fit_purchases, fit_spend
from clv.project.cdnow import lifetimes_file

# Training learns from earlier windows too; the published figures are those of this one.
NEWEST = "select * from int_clv__training_set where cutoff = date '1997-09-30'"


@pytest.fixture(scope="module")
def features(trained):
    return trained.query(NEWEST + " order by customer_id")


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(lifetimes_file("cdnow_customers_summary.csv")).sort_values("ID")


def test_frequency_recency_and_t_of_the_cdnow_sample_equal_the_published_summary(
    features, published
):
    assert len(features) == len(published) == 2357
    assert features["customer_id"].astype(int).tolist() == published["ID"].tolist()
    assert features["frequency"].tolist() == published["frequency"].tolist()
    assert (features["recency"] / 7).round(2).tolist() == pytest.approx(
        published["recency"].tolist(), abs=0.0051
    )
    assert (features["T"] / 7).round(2).tolist() == pytest.approx(
        published["T"].tolist(), abs=0.0051
    )


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("bg_nbd", {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}),
        ("pareto_nbd", {"r": 0.5533, "alpha": 10.5780, "s": 0.6062, "beta": 11.6660}),
    ],
)
def test_models_fitted_on_our_features_have_the_published_parameters(features, kind, parameters):
    model = fit_purchases(kind, *(column(features, c) for c in ("frequency", "recency", "T")))
    assert model.penalizer == 0
    assert model.days_per_unit == 7
    assert model.parameters == pytest.approx(parameters, rel=0.005)


def test_gamma_gamma_fitted_on_our_features_has_the_published_parameters(features):
    model = fit_spend(column(features, "frequency"), column(features, "monetary_value"))
    assert (features["frequency"] > 0).sum() == 946
    assert features.loc[features["frequency"] > 0, "monetary_value"].mean() == pytest.approx(
        35.08, abs=0.005
    )
    assert (model.p, model.q, model.v) == pytest.approx((6.25, 3.74, 15.44), rel=0.005)


def test_free_orders_are_purchase_days(trained):
    free = trained.query("select count(*) as n from int_clv__customer_days where net_amount = 0").n[
        0
    ]
    assert free > 0
    counted = trained.query(
        "select count(*) as n from int_clv__customer_days where net_amount = 0 and is_purchase_day"
    )
    assert counted.n[0] == free


def test_features_equal_those_of_lifetimes_computed_from_the_log(trained, sample_log):
    from lifetimes.utils import summary_data_from_transaction_data

    log = pd.read_csv(sample_log, dtype={"customer_id": str, "ordered_at": str})
    log["ordered_at"] = pd.to_datetime(log["ordered_at"], format="%Y%m%d")
    log = log[log["ordered_at"] <= "1997-09-30"]
    theirs = summary_data_from_transaction_data(
        log, "customer_id", "ordered_at", "amount", observation_period_end="1997-09-30"
    ).sort_index()
    ours = trained.query(NEWEST).set_index("customer_id").sort_index()
    assert ours.index.tolist() == theirs.index.tolist()
    for name in ("frequency", "recency", "T", "monetary_value"):
        assert ours[name].tolist() == pytest.approx(theirs[name].tolist(), abs=1e-9), name
