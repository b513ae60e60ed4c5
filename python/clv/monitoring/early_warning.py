"""What the dbt Python model `int_clv__early_estimates` calls: open batches before they mature.

Purchases come before the money is complete, so an open batch is held against the champion's
expected cumulative purchases, and its customers against those of training. All of it is an
estimate: it warns, and decides nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clv.core.arrays import Vector, column
from clv.monitoring.nowcast import expected_share, level_noise
from clv.prediction.baseline import PREDICTED, stability
from clv.prediction.btyd import PurchaseModel
from clv.prediction.season import FLAT, SeasonClock
from clv.project.home import Home
from clv.registry.gate import open_champion
from clv.registry.model_file import ModelFile
from clv.registry.store import Registry

EARLY = pa.schema(
    [
        ("cutoff", pa.date32()),
        ("pred_months", pa.int32()),
        ("horizon_end", pa.date32()),
        ("expected_purchases", pa.float64()),
        ("purchase_ratio", pa.float64()),
        ("purchase_ratio_error", pa.float64()),
        ("expected_share", pa.float64()),
        ("level_noise", pa.float64()),
        ("psi_predicted_clv", pa.float64()),
        ("psi_feature", pa.string()),
        ("psi_feature_value", pa.float64()),
    ]
)
BATCH = ["cutoff", "pred_months"]


def early_estimates(horizons: pa.Table, customers: pa.Table, daily: pa.Table) -> pa.Table:
    """Estimate how the open batches fare at each horizon that has passed.

    Parameters
    ----------
    horizons : pyarrow.Table
        `int_clv__open_horizons`: a row per batch, horizon and distinct (frequency, recency, T).
    customers : pyarrow.Table
        `int_clv__open_customers`: features and predictions of a sample of each open batch.
    daily : pyarrow.Table
        `int_clv__daily_totals`: spend on each day of the log.

    Returns
    -------
    pyarrow.Table
        With the schema EARLY, a row per batch and horizon.
    """
    combinations, sample, totals = (t.to_pandas() for t in (horizons, customers, daily))
    registry = Registry(Home.current().registry)
    models = {str(m): open_champion(registry, str(m)) for m in combinations["model_id"].unique()}
    drifted = {
        key: _populations(models[str(rows["model_id"].iloc[0])], rows)
        for key, rows in sample.groupby(BATCH, sort=True)
    }
    found = []
    for key, rows in combinations.groupby([*BATCH, "horizon_end"], sort=True):
        model = models[str(rows["model_id"].iloc[0])]
        share = share_by_then(model.champion, rows)
        found.append(
            {
                "cutoff": pd.Timestamp(key[0]).date(),
                "pred_months": int(key[1]),
                "horizon_end": pd.Timestamp(key[2]).date(),
                **purchases_so_far(model.baseline or {}, share, rows),
                "expected_share": expected_share(share, rows),
                "level_noise": _level_noise(model.champion, rows, totals),
                **drifted.get(key[:2], {}),
            }
        )
    return pa.Table.from_pylist(found, schema=EARLY)


def purchases_so_far(
    baseline: dict[str, Any], share: Vector, rows: pd.DataFrame
) -> dict[str, float]:
    """Compare purchases at one horizon of one batch with what the champion expects by then.

    The ratio is relative to the champion's own at training, so that a champion that always
    expects too few does not warn forever. Its error is that of both.

    Parameters
    ----------
    baseline : dict
        What the champion keeps of its baseline: the ratio at training and its error.
    share : array of shape (rows,)
        The share of each row's expected purchases that falls within the horizon.
    rows : DataFrame
        A row per distinct (frequency, recency, T), with sums over its customers: of
        predicted_purchases (predicted) and its square, of purchases and their square, and of the
        product of both.
    """
    expected = float(np.sum(share * column(rows, "predicted")))
    if not np.isfinite(expected) or expected <= 0:
        return {}
    reference = baseline.get("purchase_ratio") or 1.0
    reference_error = (baseline.get("purchase_ratio_error") or 0.0) / reference
    expected *= reference
    share = share * reference
    bought = float(column(rows, "purchases").sum())
    ratio = bought / expected
    # sum over customers of (purchases - ratio × expected)²: the variance of the total
    scaled = share * ratio
    variance = np.sum(
        column(rows, "squared_purchases")
        - 2 * scaled * column(rows, "purchases_predicted")
        + scaled**2 * column(rows, "squared_predicted")
    )
    error = np.hypot(np.sqrt(max(float(variance), 1.0)) / expected, ratio * reference_error)
    return {
        "expected_purchases": expected,
        "purchase_ratio": ratio,
        "purchase_ratio_error": float(error),
    }


def share_by_then(champion: dict[str, Any], rows: pd.DataFrame) -> Vector:
    """Return the share of a window's purchases that falls within the horizon, shape (rows,).

    The BTYD model of the champion knows (its own, or one of those that it reads): customers who
    may have left buy early or not at all. Without one, or where a formula overflows, it is the
    share of days. All days are those of the champion's season clock.
    """
    reader = champion.get("reader", {})
    days, window, *habits = _times(rows, _clock(champion))
    even: Vector = days / window
    stored = reader.get("purchases")
    if not stored:
        return even
    kinds = [str(champion.get("kind")).removesuffix("_gamma_gamma"), *sorted(stored)]
    purchases = PurchaseModel(**next(stored[kind] for kind in kinds if kind in stored))
    so_far, whole = (purchases.expected_purchases(d, *habits) for d in (days, window))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = so_far / whole
    return np.where(np.isfinite(share) & (share >= 0) & (share <= 1), share, even)


def _clock(champion: dict[str, Any]) -> SeasonClock:
    season = champion.get("reader", {}).get("season")
    return SeasonClock.from_dict(season) if season else FLAT


def _level_noise(champion: dict[str, Any], rows: pd.DataFrame, daily: pd.DataFrame) -> float | None:
    """Return how steady the log is at one horizon; None on the day of the cutoff."""
    first = rows.iloc[0]
    elapsed, window = int(first["horizon_days"]), int(first["pred_days"])
    if not 0 < elapsed < window:
        return None
    return level_noise(
        daily, _clock(champion), pd.Timestamp(first["horizon_end"]), elapsed, window - elapsed
    )


def _times(rows: pd.DataFrame, clock: SeasonClock) -> list[Vector]:
    """Return horizon, window, frequency, recency and T in seasonal days, where the rows have them."""
    names = ["horizon_days", "pred_days", "frequency", "recency", "T"]
    plain = [column(rows, name) for name in names if name in rows]
    if clock.is_flat:
        return plain
    cutoff = pd.to_datetime(rows["cutoff"]).to_numpy().astype("datetime64[D]")

    def moved(days: Vector) -> Vector:
        """Return the seasonal days from the cutoff to so many days after it, below 0 before it."""
        return clock.days_between(cutoff, cutoff + days.astype("timedelta64[D]"))

    days, window, frequency, recency, age = plain
    first, last = moved(-age), moved(recency - age)
    return [moved(days), moved(window), frequency, last - first, -first]


def _populations(model: ModelFile, customers: pd.DataFrame) -> dict[str, Any]:
    bins = (model.baseline or {}).get("bins", {})
    indexes = {
        name: stability(of_feature, column(customers, name))
        for name, of_feature in bins.items()
        if name in customers
    }
    if PREDICTED not in indexes:
        return {}
    predicted = indexes.pop(PREDICTED)
    worst = max(indexes, key=lambda name: indexes[name], default=None)
    return {
        "psi_predicted_clv": predicted,
        "psi_feature": worst,
        "psi_feature_value": indexes[worst] if worst else None,
    }
