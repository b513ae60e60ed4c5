"""Is a more complicated candidate better than a simpler one? A paired bootstrap over customers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv.core.arrays import Vector

RESAMPLES = 200
CONFIDENCE = 0.9
# Where RMSE cannot tell two candidates apart, the rank measure may, unless RMSE is this much worse
# or the order is hardly better.
TOLERATED_RMSE, SMALLEST_GINI = 0.005, 0.005


@dataclass(frozen=True)
class Duel:
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
        """Return the duel for the card."""
        return asdict(self) | {"won": self.won, "verdict": self.verdict}


@dataclass(frozen=True)
class Judged:
    """One judged window: its customers, what they spent, and what each candidate predicted."""

    customers: pd.Series
    actual: Vector
    predictions: dict[str, Vector]


def fight(challenger: str, holder: str, windows: list[Judged], seed: int) -> Duel:
    """Compare two candidates on the same customers of the same windows.

    Customers are resampled with all their windows, by independent Poisson(1) counts, which for
    more than a handful of customers is the bootstrap (Hanley & MacGibbon 2006).
    """
    known = pd.Index(pd.unique(pd.concat([w.customers for w in windows], ignore_index=True)))
    windows_of = []
    for w in windows:
        place = known.get_indexer(pd.Index(w.customers))
        errors = [(w.predictions[kind] - w.actual) ** 2 for kind in (challenger, holder)]
        rankings = (w.predictions[challenger], w.predictions[holder], w.actual)
        orders = [np.argsort(-ranking, kind="stable") for ranking in rankings]
        windows_of.append((place, errors, [(place[o], w.actual[o]) for o in orders]))
    rng = np.random.default_rng(seed)
    changes = np.empty((RESAMPLES + 1, 2))
    for resample in range(RESAMPLES + 1):
        counts = rng.poisson(1.0, len(known)).astype(float) if resample else np.ones(len(known))
        rmse, gini = [], []
        for place, errors, ranked in windows_of:
            squares = [max(float(np.dot(counts[place], e)), 1e-12) for e in errors]
            rmse.append(0.5 * np.log(squares[0] / squares[1]))
            areas = [_area(counts[at] * value, counts[at]) for at, value in ranked]
            gini.append((areas[0] - areas[1]) / areas[2] if areas[2] > 0 else 0.0)
        changes[resample] = np.mean(rmse), np.mean(gini)
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    intervals = np.quantile(changes[1:], tails, axis=0)
    return Duel(
        challenger,
        holder,
        float(changes[0, 0]),
        (float(intervals[0, 0]), float(intervals[1, 0])),
        float(changes[0, 1]),
        (float(intervals[0, 1]), float(intervals[1, 1])),
        float(np.mean(changes[1:, 0] < 0)),
    )


def _area(value: Vector, weight: Vector) -> float:
    """Area between the share of value and the diagonal, customers in order, counted `weight` times."""
    total, people = float(value.sum()), float(weight.sum())
    if total <= 0 or people <= 0:
        return 0.0
    before = np.cumsum(value) - value / 2
    return float(np.dot(weight, before)) / (total * people) - 0.5
