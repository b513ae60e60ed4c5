"""Naive rules: what anybody can compute, and what every model has to beat."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Vector, column
from clv.core.window import Window

SPEND_RATE = "naive_spend_rate"
WINDOW_RATE = "naive_window_rate"
LAST_WINDOW = "naive_last_window"
MEAN = "naive_mean"
RULES = (SPEND_RATE, WINDOW_RATE, LAST_WINDOW)
RECENT = (30, 90, 180, 365)


def history_days(features: pd.DataFrame, data_from: dt.date) -> Vector:
    """Return the days of history that the log holds in the window of each row, shape (n,).

    The same as the macro `clv_history_days`.

    Parameters
    ----------
    features : DataFrame of shape (n, …)
        With cutoff and history_months.
    data_from : date
        The first day of the log.
    """
    months = column(features, "history_months").astype(int)
    cutoffs = pd.to_datetime(features["cutoff"])
    codes, distinct = pd.factorize(pd.MultiIndex.from_arrays([cutoffs, months]))
    # Only the history counts, so the months of prediction may be any.
    histories = [Window(cutoff.date(), int(length), pred_months=0) for cutoff, length in distinct]
    days = [float(max(1, history.history_days_since(data_from))) for history in histories]
    return np.array(days)[codes] if days else np.empty(0)


def known_days(features: pd.DataFrame, depth: Vector) -> Vector:
    """Return the days that a rate is taken over, shape (n,): T, but not less than a floor.

    One purchase yesterday is no daily habit. The floor lies halfway between the prediction window
    and the whole history: at the window alone newcomers are still expected too high, at the whole
    history too low. The macro `clv_naive_spend` has the same.
    """
    days = column(features, "pred_days")
    return np.maximum(column(features, "T"), (days + np.maximum(depth, days)) / 2)


def rule(kind: str, features: pd.DataFrame, depth: Vector) -> Vector:
    """Return the predicted spend of one of RULES, shape (n,), never negative.

    - `naive_spend_rate`: the customer goes on as since the first purchase, revenue per day of T,
      see `known_days`.
    - `naive_window_rate`: revenue per day of the whole history window.
    - `naive_last_window`: the latest stretch of history as long as the window comes again (of the
      stretches of 30, 90, 180 and 365 days the nearest in length, scaled).

    Parameters
    ----------
    features : DataFrame of shape (n, …)
        With recent_30d to recent_365d where the latest stretches have other lengths than those days,
        as they have in seasonal days.
    depth : array of shape (n,)
        Days of history that the log holds for the customer's batch, see `history_days`.
    """
    days = column(features, "pred_days")
    revenue = np.maximum(column(features, "revenue"), 0)
    if kind == SPEND_RATE:
        return revenue * days / known_days(features, depth)
    if kind == WINDOW_RATE:
        return revenue * days / np.maximum(depth, 1)
    if kind != LAST_WINDOW:
        raise ValueError(f"no rule {kind}")
    nearest = np.abs(np.log(np.array(RECENT)[:, None] / days)).argmin(axis=0)
    recent = np.stack([column(features, f"revenue_{n}d") for n in RECENT])
    latest = np.take_along_axis(recent, nearest[None, :], axis=0)[0]
    length = np.take_along_axis(_lengths(features, depth), nearest[None, :], axis=0)[0]
    expected: Vector = np.maximum(latest, 0) * days / length
    return expected


def _lengths(features: pd.DataFrame, depth: Vector) -> NDArray[np.float64]:
    """Return how many days the latest stretches have, shape (stretches, n)."""
    names = [f"recent_{n}d" for n in RECENT]
    if names[0] in features:
        return np.stack([column(features, name) for name in names])
    lengths: NDArray[np.float64] = np.minimum(
        np.array(RECENT, dtype=float)[:, None], np.maximum(depth, 1)
    )
    return lengths
