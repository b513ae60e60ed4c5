"""A small shop to fit on."""

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pytest

from clv.prediction.btyd import PURCHASE_MODELS
from clv.prediction.encoder import Encoder
from clv.prediction.season import FLAT, SeasonClock


def simulated_shop(customers: int, seed: int) -> pd.DataFrame:
    """Simulate a training set: features over 39 weeks, labels over the 13 weeks after them.

    Customers buy at their own rate until they leave, and spend their own mean, as the BTYD models
    assume; rates, lifetimes and means are skewed.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        rate, mean = rng.gamma(0.6, 1 / 50), rng.lognormal(3, 0.8)
        leaves = rng.exponential(1 / rng.gamma(0.6, 1 / 80))
        first = int(rng.integers(0, 90))
        days = first + np.cumsum(rng.exponential(1 / rate, 400))
        days = np.unique([first, *days[days < first + leaves].astype(int)])
        money = np.round(mean * rng.gamma(6, 1 / 6, len(days)) + 0.01, 2)
        history, labels = days < 273, (days >= 273) & (days < 364)
        days_seen, spent = days[history], money[history]
        gaps = np.diff(days_seen)
        rows.append(
            {
                "cutoff": pd.Timestamp("2021-09-30").date(),
                "pred_months": 3,
                "model_id": "a",
                "customer_id": f"{number:06d}",
                "pred_days": 91,
                "frequency": len(days_seen) - 1,
                "recency": days_seen[-1] - days_seen[0],
                "T": 272 - first,
                "monetary_value": spent[1:].mean() if len(spent) > 1 else 0.0,
                "revenue": spent.sum(),
                "average_order_value": spent.mean(),
                "days_since_last": 272 - days_seen[-1],
                "mean_gap": gaps.mean() if len(gaps) else None,
                "spread_gap": gaps.std(ddof=1) if len(gaps) > 1 else None,
                "actual_clv": money[labels].sum(),
                "actual_purchases": int(labels.sum()),
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def shop() -> pd.DataFrame:
    return simulated_shop(600, seed=20210101)


@pytest.fixture(scope="module")
def encoders_fitted_once() -> Iterator[None]:
    """Fit the BTYD models of a table once, and again where any of its values is another one."""
    fit, known = Encoder.fit, {}

    def remembered(
        features: pd.DataFrame,
        data_from: dt.date,
        models: Sequence[str] = tuple(PURCHASE_MODELS),
        clock: SeasonClock = FLAT,
    ) -> Encoder:
        rows = pd.util.hash_pandas_object(features, index=False).to_numpy().tobytes()
        key = (rows, tuple(features.columns), data_from, tuple(models), clock)
        if key not in known:
            known[key] = fit(features, data_from, models, clock)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Encoder, "fit", remembered)
        yield
