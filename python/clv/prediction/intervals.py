"""How far off a prediction may be: bounds per customer, and for the total of a batch.

Bounds per customer are split-conformal quantiles within groups of similar prediction (Mondrian
conformal prediction: Vovk, Gammerman & Shafer 2005): what share of its prediction did a customer of
the group come to spend, out-of-time, in the 10th and in the 90th percentile? They are percentiles
of the outcome, so where nine in ten buy nothing both are 0 although the prediction is above it.

How far the level of spend (actual total / predicted total) was off in a judged window says nothing
about the next for a model that learns its level anew with every fit, so for such a model the shares
are taken relative to the window's own level. A rule that learns no level is off again as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from clv.core.arrays import Vector

LOWER, UPPER = 0.1, 0.9
GROUPS, SMALLEST_GROUP = 20, 40
# Where value is concentrated, groups are finer.
FINER = (0.975, 0.99, 0.995)
NORMAL_90 = 1.2816
# The least that windows are taken to differ by, as a standard deviation of the log of their totals,
# and what is assumed where one window alone was judged.
SMALLEST_WINDOW_SPREAD, ONE_WINDOW_SPREAD = 0.05, 0.15


@dataclass(frozen=True)
class Intervals:
    """Shares of the prediction, per group of predicted spend per day, and of the batch total.

    Attributes
    ----------
    edges : array of shape (groups - 1,)
        Predicted spend per day between one group and the next, rising.
    low, high : arrays of shape (groups,)
        The 10th and 90th percentile of actual / predicted.
    window_spread : float
        Standard deviation of log(actual total / predicted total) from window to window.
    noise : float
        Mean of squared error / mean of prediction, which gives the total's sampling variance.
    """

    edges: Vector
    low: Vector
    high: Vector
    window_spread: float
    noise: float
    calibrated_on: int

    @classmethod
    def fit(
        cls, predicted: list[Vector], actual: list[Vector], days: list[Vector], relevels: bool
    ) -> Intervals:
        """Calibrate on judged windows.

        Parameters
        ----------
        predicted, actual, days : lists of arrays of shape (n,), one a window
            Predicted and actual spend, and the days of the window.
        relevels : bool
            Whether the model learns the level of spend anew with every fit.
        """
        windows = list(zip(predicted, actual, days, strict=True))
        levels = [_level(p, a) if relevels else 1.0 for p, a, _ in windows]
        every = np.concatenate([p * by for (p, _, _), by in zip(windows, levels, strict=True)])
        rate = every / np.concatenate(days)
        real = np.concatenate(actual)
        share = np.maximum(real, 0) / np.maximum(every, 1e-9)
        groups = int(np.clip(len(rate) // SMALLEST_GROUP, 1, GROUPS))
        cuts = [*np.linspace(0, 1, groups + 1)[1:-1]]
        cuts += FINER if len(rate) >= 100 * SMALLEST_GROUP else ()
        edges = np.unique(np.quantile(rate, cuts))
        group = np.searchsorted(edges, rate, side="right")
        low: list[float] = []
        high: list[float] = []
        for one in range(len(edges) + 1):
            values = share[group == one]
            if not len(values):
                low.append(0.0)
                high.append(high[-1] if high else 0.0)
                continue
            # n + 1 as conformal prediction wants it: a small group gets wider bounds
            rank = min(UPPER * (len(values) + 1) / len(values), 1.0)
            low.append(float(np.quantile(values, LOWER, method="lower")))
            high.append(float(np.quantile(values, rank, method="higher")))
        logs = [np.log(_level(p, a)) for p, a, _ in windows if p.sum() > 0 and a.sum() > 0]
        spread = float(np.sqrt(np.mean(np.square(logs)))) if logs else ONE_WINDOW_SPREAD
        least = SMALLEST_WINDOW_SPREAD if len(logs) > 1 else ONE_WINDOW_SPREAD
        noise = float(np.sum((real - every) ** 2) / max(float(every.sum()), 1e-9))
        return cls(edges, np.array(low), np.array(high), max(spread, least), noise, len(rate))

    def customers(self, predicted: Vector, days: Vector) -> tuple[Vector, Vector]:
        """Return lower and upper bound, arrays of shape (n,)."""
        group = np.searchsorted(self.edges, predicted / days, side="right")
        return predicted * self.low[group], predicted * self.high[group]

    def total(self, predicted: Vector) -> tuple[float, float]:
        """Return the 80 % interval of the batch's total."""
        total = float(predicted.sum())
        if total <= 0:
            return 0.0, 0.0
        sampling = np.sqrt(self.noise * total) / total
        width = NORMAL_90 * float(np.hypot(self.window_spread, sampling))
        return total * float(np.exp(-width)), total * float(np.exp(width))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        arrays = {k: getattr(self, k).tolist() for k in ("edges", "low", "high")}
        return arrays | {
            "window_spread": self.window_spread,
            "noise": self.noise,
            "calibrated_on": self.calibrated_on,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Intervals:
        """Rebuild intervals from what `to_dict` gave."""
        arrays = {k: np.array(stored[k], dtype=float) for k in ("edges", "low", "high")}
        return cls(
            **arrays,
            window_spread=stored["window_spread"],
            noise=stored["noise"],
            calibrated_on=stored["calibrated_on"],
        )


def _level(predicted: Vector, actual: Vector) -> float:
    """Return actual total / predicted total; 1 where either is nothing."""
    ours, theirs = float(predicted.sum()), float(actual.sum())
    return theirs / ours if ours > 0 and theirs > 0 else 1.0
