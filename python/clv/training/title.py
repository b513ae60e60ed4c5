"""Is a more complicated candidate better than a simpler one? A paired bootstrap over customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Vector
from clv.core.window import Window
from clv.prediction.gini import resampled_gini_area

RESAMPLES = 200
CONFIDENCE = 0.9
# Where RMSE cannot tell two candidates apart, the rank measure may, unless RMSE is this much worse
# or the order is hardly better.
TOLERATED_RMSE, SMALLEST_GINI = 0.005, 0.005


@dataclass(frozen=True)
class PairedComparison:
    """A challenger against the holder of the title; changes are challenger minus holder.

    Attributes
    ----------
    rmse_change, gini_change : float
        Mean over the judged windows of log(RMSE of challenger / of holder), and of the difference
        of normalized Gini.
    rmse_interval, gini_interval : tuple of float
        Their 90 % intervals over resampled customers.
    share_better : float
        Share of the resamples in which the challenger's RMSE was lower.
    """

    challenger: str
    holder: str
    rmse_change: float
    rmse_interval: tuple[float, float]
    gini_change: float
    gini_interval: tuple[float, float]
    share_better: float = 0.0

    @property
    def won(self) -> bool:
        """RMSE governs; where its interval contains 0, normalized Gini decides."""
        if self.rmse_interval[1] < 0:
            return True
        if self.rmse_interval[0] > 0 or self.rmse_change > TOLERATED_RMSE:
            return False
        return self.gini_interval[0] > 0 and self.gini_change >= SMALLEST_GINI

    @property
    def verdict(self) -> str:
        """What was found, in a sentence."""
        low, high = (f"{np.expm1(x):+.1%}" for x in self.rmse_interval)
        gini = f"{self.gini_interval[0]:+.3f} to {self.gini_interval[1]:+.3f}"
        rmse = f"RMSE {np.expm1(self.rmse_change):+.1%} (90 % interval {low} to {high})"
        if self.rmse_interval[1] < 0:
            return f"{self.challenger} beats {self.holder}: {rmse}"
        if self.won:
            return (
                f"{self.challenger} beats {self.holder}: {rmse} cannot tell them apart, "
                f"normalized Gini can ({gini})"
            )
        return f"{self.holder} keeps the title against {self.challenger}: {rmse}, Gini {gini}"

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison for the card."""
        return asdict(self) | {"won": self.won, "verdict": self.verdict}


@dataclass(frozen=True)
class JudgedWindow:
    """A judged window: its customers, what they spent in how many days, and each candidate's prediction.

    Arrays of shape (n,); `predictions` is by kind.
    """

    window: Window
    customers: pd.Series
    actual: Vector
    pred_days: Vector
    predictions: dict[str, Vector]


@dataclass(frozen=True)
class _Pair:
    """Challenger and holder on one window: what a resample of the customers needs of them.

    `place` is where each row's customer stands in the counts of a resample, `errors` are squared,
    and `ranked` holds place and actual spend in the order of challenger, holder and actual spend.
    """

    place: NDArray[np.int64]
    errors: tuple[Vector, Vector]
    ranked: list[tuple[NDArray[np.int64], Vector]]

    @classmethod
    def of(cls, window: JudgedWindow, kinds: tuple[str, str], customers: pd.Index) -> _Pair:
        place = customers.get_indexer(pd.Index(window.customers))
        one, other = (window.predictions[kind] for kind in kinds)
        actual = window.actual
        orders = [np.argsort(-by, kind="stable") for by in (one, other, actual)]
        return cls(
            place,
            ((one - actual) ** 2, (other - actual) ** 2),
            [(place[order], actual[order]) for order in orders],
        )

    def changes(self, counts: Vector) -> tuple[float, float]:
        """Return the change of log RMSE and of normalized Gini where customers stand `counts` times."""
        squares = [max(float(np.dot(counts[self.place], e)), 1e-12) for e in self.errors]
        areas = [float(resampled_gini_area(value, counts[at])) for at, value in self.ranked]
        gini = (areas[0] - areas[1]) / areas[2] if areas[2] > 0 else 0.0
        return 0.5 * float(np.log(squares[0] / squares[1])), gini


def compare(
    challenger: str, holder: str, windows: Sequence[JudgedWindow], seed: int
) -> PairedComparison:
    """Compare two candidates on the same customers of the same windows.

    Customers are resampled with all their windows, by independent Poisson(1) counts, which for
    more than a handful of customers is the bootstrap (Hanley & MacGibbon 2006).
    """
    known = pd.Index(pd.unique(pd.concat([w.customers for w in windows], ignore_index=True)))
    pairs = [_Pair.of(window, (challenger, holder), known) for window in windows]
    rng = np.random.default_rng(seed)
    changes = np.empty((RESAMPLES + 1, 2))
    for resample in range(RESAMPLES + 1):
        counts = rng.poisson(1.0, len(known)).astype(float) if resample else np.ones(len(known))
        changes[resample] = np.mean([pair.changes(counts) for pair in pairs], axis=0)
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    intervals = np.quantile(changes[1:], tails, axis=0)
    return PairedComparison(
        challenger,
        holder,
        float(changes[0, 0]),
        (float(intervals[0, 0]), float(intervals[1, 0])),
        float(changes[0, 1]),
        (float(intervals[0, 1]), float(intervals[1, 1])),
        float(np.mean(changes[1:, 0] < 0)),
    )
