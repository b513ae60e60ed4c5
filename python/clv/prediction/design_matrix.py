"""Customers as numbers for the learners: expectations, the BTYD models' outputs, own rhythm.

Money is measured in the log's mean order value, time in the depth of the history, so that the
customers of one window look like those of another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv.core.arrays import Matrix, Vector, column
from clv.prediction.naive import RULES, SPEND_RATE

MONTH = 30.44


@dataclass(frozen=True)
class WindowExpectations:
    """What rules and BTYD models expect of customers in the window, arrays of shape (n,).

    Attributes
    ----------
    rules : dict of arrays
        Predicted spend of the naive rules.
    btyd : list of arrays
        Predicted spend of the BTYD models that learners see.
    purchases, alive, value, floor : arrays
        Expected purchase days, probability alive, value of a purchase day, and a small amount of
        money.
    """

    rules: dict[str, Vector]
    btyd: list[Vector]
    purchases: Vector
    alive: Vector
    value: Vector
    floor: Vector


def covariates(features: pd.DataFrame, expected: WindowExpectations, unit: float) -> Matrix:
    """Return what the learners see, shape (n, covariates), every entry finite.

    A column is the same thing in every batch, and none is the same for all of a batch: what tells
    batches apart (the days of history, say) would be learnt from a handful of them.

    Parameters
    ----------
    features : DataFrame of shape (n, features)
        In seasonal days, with their history_days: see `clv.prediction.season.in_seasonal_days`.
    unit : float
        The log's mean order value.
    """
    month = column(features, "pred_days") / MONTH
    depth = column(features, "history_days")
    age, since = column(features, "T"), column(features, "days_since_last")
    frequency, revenue = column(features, "frequency"), column(features, "revenue")
    gap = column(features, "mean_gap")
    own = np.where(np.isfinite(gap), np.maximum(gap, 1.0), depth)
    refunds = -column(features, "refunds")
    order = np.maximum(column(features, "average_order_value"), 0.01 * unit)
    before = np.maximum(column(features, "days_since_first_ever") - age, 0)

    def money(amount: Vector) -> Vector:
        return np.log1p(np.maximum(amount, 0) / unit)

    rules, btyd = expected.rules, expected.btyd
    mixed = np.mean(btyd, axis=0) if btyd else rules[SPEND_RATE]
    columns = [money(rules[kind] / month) for kind in RULES]
    columns += [
        money(mixed / month),
        np.log1p(expected.purchases / month),
        np.nan_to_num(expected.alive, nan=0.5),
        money(expected.value),
        np.log1p(frequency),
        np.log1p(column(features, "orders")),
        age / depth,
        since / depth,
        np.log1p(since),
        np.minimum(since / own, 20.0) * (frequency > 0) - (frequency == 0),
        np.log1p(own),
        np.nan_to_num(column(features, "spread_gap") / own, nan=-1.0),
        np.nan_to_num(column(features, "spread_order_value") / order, nan=-1.0),
        np.clip(refunds / np.maximum(revenue + refunds, 0.01 * unit), 0, 2),
        np.log1p(before),
        (before == 0).astype(float),
        *(money(column(features, f"{name}_order_value"))
          for name in ("average", "largest", "last", "first")),
    ]  # fmt: skip
    for length in (30, 90, 180):
        span = column(features, f"recent_{length}d") / MONTH
        columns.append(np.log1p(column(features, f"orders_{length}d") / span))
        columns.append(money(column(features, f"revenue_{length}d") / span))
    # What each expectation is of the offset, and the constant: a straight line in these is a plain
    # weighted sum of the expectations.
    offset = (np.mean([rules[kind] for kind in RULES], axis=0) + mixed) / 2 + expected.floor
    columns += [rules[kind] / offset for kind in RULES]
    columns += [mixed / offset, unit * month / offset]
    return np.nan_to_num(np.column_stack(columns), nan=0.0, posinf=50.0, neginf=-50.0)
