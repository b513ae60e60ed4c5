"""What marketers ask beside money: purchases, their probability, and the date of the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from clv.core.arrays import Matrix, Vector, column, line
from clv.prediction.encoder import Inputs

LARGEST_FIT = 40_000
# A date is given only where a purchase in the window is at least as likely as not.
LIKELY = 0.5
# From this many gaps of this regularity on, the customer's own rhythm gives the date.
RHYTHM_GAPS, RHYTHM_SPREAD = 3, 0.35


@dataclass(frozen=True)
class Habits:
    """A Poisson regression of purchase days and a logistic one of any purchase.

    Both see the learners' features, clipped and standardized, and the log of a plain expectation.
    Without slopes (no labels to learn from) the expectation itself is the answer.
    """

    low: Vector
    high: Vector
    mean: Vector
    scale: Vector
    purchases: tuple[float, Vector]
    probability: tuple[float, Vector]

    @classmethod
    def fit(cls, inputs: Inputs, purchases: Vector, weight: Vector, seed: int) -> Habits | None:
        """Fit both regressions; None where nobody, or everybody, bought."""
        bought = purchases > 0
        if bought.all() or not bought.any():
            return None
        if len(purchases) > LARGEST_FIT:
            rng = np.random.default_rng(seed)
            kept = np.sort(rng.choice(len(purchases), LARGEST_FIT, replace=False))
            inputs, purchases, weight = inputs.rows(kept), purchases[kept], weight[kept]
            bought = bought[kept]
        raw = _columns(inputs)
        low, high = np.quantile(raw, [0.001, 0.999], axis=0)
        clipped = np.clip(raw, low, high)
        mean = clipped.mean(axis=0)
        scale = np.where(clipped.std(axis=0) > 1e-9, clipped.std(axis=0), 1.0)
        points = (clipped - mean) / scale
        exposure = inputs.purchases_offset
        counts = PoissonRegressor(alpha=0.01, solver="newton-cholesky").fit(
            points, purchases / exposure, sample_weight=weight * exposure
        )
        any_purchase = LogisticRegression(C=1.0, solver="newton-cholesky").fit(
            points, bought, sample_weight=weight
        )
        return cls(
            low, high, mean, scale,
            (float(counts.intercept_), counts.coef_),
            (float(any_purchase.intercept_[0]), any_purchase.coef_[0]),
        )  # fmt: skip

    def predict(self, inputs: Inputs) -> tuple[Vector, Vector]:
        """Return purchases and the probability of any, arrays of shape (n,)."""
        points = (np.clip(_columns(inputs), self.low, self.high) - self.mean) / self.scale
        ratio = np.exp(np.clip(self.purchases[0] + line(points, self.purchases[1]), -5, 3))
        odds = np.clip(self.probability[0] + line(points, self.probability[1]), -30, 30)
        probability = 1 / (1 + np.exp(-odds))
        # A probability above the expected number contradicts it: P(N >= 1) <= E[N].
        return np.maximum(ratio * inputs.purchases_offset, probability), probability

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        arrays = {k: getattr(self, k).tolist() for k in ("low", "high", "mean", "scale")}
        return arrays | {
            name: {"level": getattr(self, name)[0], "slope": getattr(self, name)[1].tolist()}
            for name in ("purchases", "probability")
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Habits:
        """Rebuild habits from what `to_dict` gave."""
        values: dict[str, Any] = {k: np.array(stored[k]) for k in ("low", "high", "mean", "scale")}
        for name in ("purchases", "probability"):
            values[name] = (stored[name]["level"], np.array(stored[name]["slope"]))
        return cls(**values)


def plain_habits(inputs: Inputs) -> tuple[Vector, Vector]:
    """Return purchases and the probability of any, of a Poisson with the plain expectation."""
    return inputs.purchases_offset, 1 - np.exp(-inputs.purchases_offset)


def next_purchase(features: pd.DataFrame, probability: Vector, purchases: Vector) -> pd.Series:
    """Return the expected date of the next purchase; empty where none in the window is likely.

    A customer with a rhythm (at least three gaps that vary by at most 35 % of their mean) is
    expected one mean gap after the last purchase, tomorrow where that has passed. For the others
    the wait is that of a Poisson process, given that a purchase comes within the window: its rate
    is that of a customer who buys at all, `purchases` / `probability`, and at least such that the
    chance of a purchase is `probability`.

    Parameters
    ----------
    probability, purchases : arrays of shape (n,)
        Chance of any purchase in the window, and the expected number.
    """
    days = column(features, "pred_days")
    chance = np.clip(probability, 1e-6, 1 - 1e-9)
    expected = np.maximum(-np.log1p(-chance), purchases / chance)
    wait = days * (1 / expected - 1 / np.expm1(np.minimum(expected, 700)))
    gap, spread = column(features, "mean_gap"), column(features, "spread_gap")
    since = column(features, "days_since_last")
    rhythm = (column(features, "frequency") >= RHYTHM_GAPS) & (spread <= RHYTHM_SPREAD * gap)
    wait = np.where(rhythm, np.nan_to_num(gap - since), wait)
    wait = np.clip(np.ceil(wait), 1, days)
    dates = pd.to_datetime(features["cutoff"]) + pd.to_timedelta(wait, unit="D")
    return dates.where(probability >= LIKELY)


def _columns(inputs: Inputs) -> Matrix:
    return np.column_stack([inputs.features, np.log(inputs.purchases_offset)])
