"""What a champion keeps of the customers that its baseline was measured on.

A later batch is compared with them, customer by customer resampled, so the figures of the baseline
alone are not enough. Kept are plain numbers and bytes (little-endian 32-bit floats), beside the
champion in its model file.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from clv.core.arrays import Vector, column, draw_rows
from clv.prediction.naive import SPEND_RATE, history_days, rule
from clv.prediction.resampling import Customers

LARGEST_SAMPLE = 100_000
SEED = 19970930
BINS = 10
# What is held against training by its distribution while a batch is still open.
WATCHED = (
    "frequency", "recency", "T", "monetary_value", "days_since_last", "average_order_value",
    "revenue",
)  # fmt: skip
PREDICTED = "predicted_clv"
STORED = "<f4"


def baseline_sample(
    training_set: pd.DataFrame, predicted: Vector, champion: pd.DataFrame, data_from: dt.date
) -> dict[str, Any]:
    """Return what the champion's model file keeps for monitoring, under the key `baseline`.

    Parameters
    ----------
    training_set : DataFrame of shape (customers, features + labels)
        The customers that the baseline was measured on, with cutoff, history_months, pred_days,
        actual_clv and actual_purchases.
    predicted : array of shape (customers,)
        The winner's out-of-sample predictions of the same rows.
    champion : DataFrame of shape (customers, predictions)
        What the deployed champion, which was fitted again since, says of the same rows: its
        predicted_purchases and predicted_clv are those that later batches are compared with.
    data_from : date
        The first day of the log.

    Notes
    -----
    Of more than LARGEST_SAMPLE customers that many are drawn, seeded.
    """
    values = {
        "predicted": predicted,
        "naive": rule(SPEND_RATE, training_set, history_days(training_set, data_from)),
        "actual": column(training_set, "actual_clv"),
    }
    n = len(training_set)
    rows = np.arange(n)
    if n > LARGEST_SAMPLE:
        rows = draw_rows(n, LARGEST_SAMPLE, np.random.default_rng(SEED))
    ratio, error = purchase_ratio(
        column(training_set, "actual_purchases"), column(champion, "predicted_purchases")
    )
    watched = {name: column(training_set, name) for name in WATCHED if name in training_set}
    watched[PREDICTED] = column(champion, PREDICTED)
    return {
        "customers": n,
        **{name: value[rows].astype(STORED).tobytes() for name, value in values.items()},
        "purchase_ratio": ratio,
        "purchase_ratio_error": error,
        "bins": {name: _bins(value) for name, value in watched.items()},
    }


def baseline_customers(stored: dict[str, Any] | None) -> Customers | None:
    """Return the customers of a loaded model's baseline; None where an older version kept none."""
    if stored is None:
        return None
    return Customers(
        *(
            np.frombuffer(stored[name], dtype=STORED).astype(np.float64)
            for name in ("predicted", "naive", "actual")
        )
    )


def purchase_ratio(actual: Vector, expected: Vector) -> tuple[float | None, float | None]:
    """Return actual purchases / expected ones over all customers, and its standard error."""
    total = float(np.sum(expected))
    if not np.isfinite(total) or total <= 0:
        return None, None
    ratio = float(np.sum(actual)) / total
    return ratio, float(np.sqrt(np.sum((actual - ratio * expected) ** 2))) / total


def stability(bins: dict[str, list[float]], values: Vector) -> float:
    """Return the population stability index (PSI) of values against the bins of training.

    Below 0.1 the distribution is taken as unchanged, above 0.25 as another one (Siddiqi 2006,
    Credit Risk Scorecards). Shares are kept above 0.0001, so that an empty bin counts, finitely.
    """
    before = np.maximum(np.array(bins["shares"]), 1e-4)
    counts = _counts(np.array(bins["edges"]), values)
    after = np.maximum(counts / max(counts.sum(), 1), 1e-4)
    return float(np.sum((after - before) * np.log(after / before)))


def _bins(values: Vector) -> dict[str, list[float]]:
    """Return the inner edges of up to ten bins of equal size, and the share of each."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {"edges": [], "shares": [1.0]}
    edges = np.unique(np.quantile(finite, np.arange(1, BINS) / BINS))
    counts = _counts(edges, finite)
    return {"edges": edges.tolist(), "shares": (counts / counts.sum()).tolist()}


def _counts(edges: Vector, values: Vector) -> Vector:
    finite = values[np.isfinite(values)]
    bins = np.searchsorted(edges, finite, side="left")
    return np.bincount(bins, minlength=len(edges) + 1).astype(np.float64)
