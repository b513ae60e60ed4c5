"""Who holds the title: order, level and error together, compared by a paired bootstrap over customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Vector
from clv.core.window import Window
from clv.prediction.candidates import ATTRIBUTE_LEVEL, LEVELS
from clv.prediction.gini import in_order, normalized_gini, resampled_gini_area

RESAMPLES = 200
CONFIDENCE = 0.9
# The loss that a title is held by: log of RMSE, less normalized Gini, plus this share of the
# absolute log of predicted total / actual total. The level moves most from window to window and
# least between candidates that learn it from the same labels, so it counts least.
LEVEL_SHARE = 0.1
# A total that is further off than e times is as bad as one that is.
LARGEST_LEVEL = 1.0
MEASURES = ("RMSE", "order", "level", "loss")


@dataclass(frozen=True)
class PairedComparison:
    """A challenger against the holder of the title; changes are challenger minus holder.

    Attributes
    ----------
    rmse_change, gini_change, level_change : float
        Mean over the judged windows, each by its buyers, of log(RMSE of challenger / of holder), of
        the difference of normalized Gini, and of that of |log(predicted / actual total)|.
    loss_change : float
        The three together: see LEVEL_SHARE.
    rmse_interval, gini_interval, loss_interval : tuples of float
        90 % intervals over resampled customers.
    share_better : float
        Share of the resamples in which the challenger's loss was lower.
    """

    challenger: str
    holder: str
    rmse_change: float
    rmse_interval: tuple[float, float]
    gini_change: float
    gini_interval: tuple[float, float]
    level_change: float
    loss_change: float
    loss_interval: tuple[float, float]
    share_better: float = 0.0

    @property
    def won(self) -> bool:
        """Whether the loss is lower beyond chance."""
        return self.loss_interval[1] < 0

    @property
    def verdict(self) -> str:
        """What was found, in a sentence."""
        low, high = (f"{np.expm1(x):+.1%}" for x in self.rmse_interval)
        found = (
            f"RMSE {np.expm1(self.rmse_change):+.1%} (90 % interval {low} to {high}), normalized Gini "
            f"{self.gini_change:+.3f}, total {abs(self.level_change):.0%} "
            f"{'further off' if self.level_change > 0 else 'nearer'}"
        )
        if self.won:
            return f"{self.challenger} beats {self.holder} by order, level and error: {found}"
        chance = "is worse" if self.loss_interval[0] > 0 else "is not better beyond chance"
        return f"{self.holder} keeps the title: {self.challenger} {chance}: {found}"

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

    @property
    def buyers(self) -> float:
        """How much the window can tell: a year in which hardly anybody bought tells nothing."""
        return float(np.sum(self.actual > 0)) + 1e-9


@dataclass(frozen=True)
class _Pair:
    """Challenger and holder on one window: what a resample of the customers needs of them.

    `place` is where each row's customer stands in the counts of a resample, `errors` are squared,
    `sums` are spend by challenger, holder and in truth, and `ranked` holds place and actual spend in
    the order of each of the three.
    """

    place: NDArray[np.int64]
    errors: tuple[Vector, Vector]
    sums: tuple[Vector, Vector, Vector]
    ranked: list[tuple[NDArray[np.int64], Vector]]

    @classmethod
    def of(cls, window: JudgedWindow, kinds: tuple[str, str], customers: pd.Index) -> _Pair:
        place = customers.get_indexer(pd.Index(window.customers))
        one, other = (window.predictions[kind] for kind in kinds)
        actual = window.actual
        ordered = [in_order(by, actual) for by in (one, other, actual)]
        ranked = [(place[order], money) for order, money in ordered]
        return cls(
            place, ((one - actual) ** 2, (other - actual) ** 2), (one, other, actual), ranked
        )

    def changes(self, counts: Vector) -> tuple[float, float, float, float]:
        """Return the changes of MEASURES where customers stand `counts` times."""
        times = counts[self.place]
        squares = [max(float(np.dot(times, e)), 1e-12) for e in self.errors]
        areas = [float(resampled_gini_area(value, counts[at])) for at, value in self.ranked]
        gini = (areas[0] - areas[1]) / areas[2] if areas[2] > 0 else 0.0
        rmse = 0.5 * float(np.log(squares[0] / squares[1]))
        one, other, actual = (float(np.dot(times, values)) for values in self.sums)
        level = _off(one, actual) - _off(other, actual)
        return rmse, gini, level, rmse - gini + LEVEL_SHARE * level


def loss(window: JudgedWindow, kind: str) -> float:
    """Return the loss of a candidate on a window, up to what all its candidates share."""
    predicted, actual = window.predictions[kind], window.actual
    gini = np.nan_to_num(normalized_gini(predicted, actual))
    error = max(float(np.mean((predicted - actual) ** 2)), 1e-12)
    off = _off(float(predicted.sum()), float(actual.sum()))
    return 0.5 * float(np.log(error)) - float(gini) + LEVEL_SHARE * off


def by_loss(windows: list[JudgedWindow]) -> list[str]:
    """Return the kinds that every window could judge, the best by order, level and error first."""
    weights = [window.buyers for window in windows]
    lost = {
        kind: float(np.average([loss(w, kind) for w in windows], weights=weights))
        for kind in shared_kinds(windows)
    }
    return sorted(lost, key=lambda kind: lost[kind])


def shared_kinds(windows: list[JudgedWindow]) -> list[str]:
    """Return the kinds that every window could judge, from the simplest on."""
    known = [kind for _, kinds in (*LEVELS, ATTRIBUTE_LEVEL) for kind in kinds]
    return [kind for kind in known if all(kind in w.predictions for w in windows)]


def compare(
    challenger: str, holder: str, windows: Sequence[JudgedWindow], seed: int
) -> PairedComparison:
    """Compare two candidates on the same customers of the same windows.

    Customers are resampled with all their windows, by independent Poisson(1) counts, which for
    more than a handful of customers is the bootstrap (Hanley & MacGibbon 2006).
    """
    known = pd.Index(pd.unique(pd.concat([w.customers for w in windows], ignore_index=True)))
    pairs = [_Pair.of(window, (challenger, holder), known) for window in windows]
    weights = [window.buyers for window in windows]
    rng = np.random.default_rng(seed)
    changes = np.empty((RESAMPLES + 1, len(MEASURES)))
    for resample in range(RESAMPLES + 1):
        counts = rng.poisson(1.0, len(known)).astype(float) if resample else np.ones(len(known))
        found = [pair.changes(counts) for pair in pairs]
        changes[resample] = np.average(found, axis=0, weights=weights)
    tails = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(changes[1:], tails, axis=0)
    rmse, gini, level, lost = changes[0].tolist()
    return PairedComparison(
        challenger,
        holder,
        rmse,
        (float(low[0]), float(high[0])),
        gini,
        (float(low[1]), float(high[1])),
        level,
        lost,
        (float(low[3]), float(high[3])),
        float(np.mean(changes[1:, 3] < 0)),
    )


def _off(predicted: float, actual: float) -> float:
    """Return how far a total is off, as an absolute log that is cut at LARGEST_LEVEL."""
    if predicted <= 0 or actual <= 0:
        return 0.0 if predicted == actual else LARGEST_LEVEL
    return min(abs(float(np.log(predicted / actual))), LARGEST_LEVEL)
