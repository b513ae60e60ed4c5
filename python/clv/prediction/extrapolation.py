"""Customers beyond all that a champion learnt from: at least what one at the edge is predicted.

A fitted ratio says nothing where no customer was, and may fall below 0 there: the one customer with an
order of 100,000 was ranked last. So a customer with more orders or more money than anyone in training
is also predicted as the same customer scaled down to the edge of what was seen, and gets the larger
of the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Vector, column
from clv.prediction.naive import RECENT

COUNTS = ("frequency", "orders", *(f"orders_{n}d" for n in RECENT))
VALUES = (
    "monetary_value", "average_order_value", "largest_order_value", "last_order_value",
    "first_order_value", "spread_order_value",
)  # fmt: skip
TOTALS = ("revenue", *(f"revenue_{n}d" for n in RECENT))
GAPS = ("mean_gap", "spread_gap")


@dataclass(frozen=True)
class Edges:
    """The largest counts, order values and totals of the customers that were learnt from, by column."""

    counts: dict[str, float]
    values: dict[str, float]
    totals: dict[str, float]

    @classmethod
    def of(cls, windows: Iterable[pd.DataFrame]) -> Edges:
        """Find the edges of the customers of several windows, each of shape (n, features)."""
        frames = [rows for rows in windows if len(rows)]

        def largest(names: Sequence[str]) -> dict[str, float]:
            found = {
                n: max(
                    (float(np.fmax.reduce(column(f, n), initial=0.0)) for f in frames), default=0.0
                )
                for n in names
            }
            return {name: value for name, value in found.items() if value > 0}

        return cls(largest(COUNTS), largest(VALUES), largest(TOTALS))

    def at_edge(self, features: pd.DataFrame) -> tuple[NDArray[np.int64], pd.DataFrame]:
        """Return the places of customers beyond the edges, and these customers scaled down to them.

        Counts are divided by how many times the largest count they are, values of an order by how many
        times the largest value is exceeded beyond that, totals by both; gaps grow as counts fall.
        """
        by_count = _exceeded(self.counts, features)
        by_value = np.maximum(
            _exceeded(self.values, features), _exceeded(self.totals, features) / by_count
        )
        beyond = np.flatnonzero((by_count > 1) | (by_value > 1))
        rows, fewer = features.iloc[beyond], by_count[beyond]
        smaller = np.maximum(by_value[beyond], 1)
        return beyond, rows.assign(
            **{name: column(rows, name) / fewer for name in COUNTS},
            **{name: column(rows, name) / smaller for name in VALUES},
            **{name: column(rows, name) / (fewer * smaller) for name in (*TOTALS, "refunds")},
            **{name: column(rows, name) * fewer for name in GAPS},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the edges as plain numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Edges:
        """Rebuild edges from what `to_dict` gave."""
        return cls(**stored)


NO_EDGES = Edges({}, {}, {})
# A customer beyond the edges is predicted at least this share of the plain expectation of one at the edge.
LEAST = 0.1


def _exceeded(largest: dict[str, float], features: pd.DataFrame) -> Vector:
    """Return how many times the largest each customer is in any of the columns, at least 1, shape (n,)."""
    times = np.ones(len(features))
    for name, value in largest.items():
        times = np.fmax(times, column(features, name) / value)
    return times
