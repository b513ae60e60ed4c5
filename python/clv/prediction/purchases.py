"""What marketers ask beside money: purchases, their probability, and the date of the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, PoissonRegressor

from clv.core.arrays import ClippedScaler, Matrix, Vector, column, draw_rows, row_products
from clv.prediction.coherent import LIKELY
from clv.prediction.encoder import Encoded
from clv.prediction.season import FLAT, SeasonClock

LARGEST_FIT = 40_000
# From this many gaps of this regularity on, the customer's own rhythm gives the date.
RHYTHM_GAPS, RHYTHM_SPREAD = 3, 0.35


@dataclass(frozen=True)
class PurchaseOutlook:
    """A Poisson regression of purchase days and a logistic one of any purchase.

    Both see the learners' features, clipped and standardized, and the log of a plain expectation.
    Without slopes (no labels to learn from) the expectation itself is the answer.
    """

    scaler: ClippedScaler
    purchases: tuple[float, Vector]
    probability: tuple[float, Vector]

    @classmethod
    def fit(
        cls, encoded: Encoded, purchases: Vector, weight: Vector, seed: int
    ) -> PurchaseOutlook | None:
        """Fit both regressions; None where nobody, or everybody, bought."""
        bought = purchases > 0
        if bought.all() or not bought.any():
            return None
        if len(purchases) > LARGEST_FIT:
            kept = draw_rows(len(purchases), LARGEST_FIT, np.random.default_rng(seed))
            encoded, purchases, weight = encoded.rows(kept), purchases[kept], weight[kept]
            bought = bought[kept]
        raw = _columns(encoded)
        scaler = ClippedScaler.fit(raw, (0.001, 0.999))
        points = scaler.transform(raw)
        exposure = encoded.purchases_offset
        counts = PoissonRegressor(alpha=0.01, solver="newton-cholesky").fit(
            points, purchases / exposure, sample_weight=weight * exposure
        )
        any_purchase = LogisticRegression(C=1.0, solver="newton-cholesky").fit(
            points, bought, sample_weight=weight
        )
        return cls(
            scaler,
            (float(counts.intercept_), counts.coef_),
            (float(any_purchase.intercept_[0]), any_purchase.coef_[0]),
        )  # fmt: skip

    def predict(self, encoded: Encoded) -> tuple[Vector, Vector]:
        """Return purchases and the probability of any, arrays of shape (n,)."""
        points = self.scaler.transform(_columns(encoded))
        ratio = np.exp(np.clip(self.purchases[0] + row_products(points, self.purchases[1]), -5, 3))
        odds = np.clip(self.probability[0] + row_products(points, self.probability[1]), -30, 30)
        probability = 1 / (1 + np.exp(-odds))
        return ratio * encoded.purchases_offset, probability

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers."""
        return self.scaler.to_dict() | {
            name: {"level": getattr(self, name)[0], "slope": getattr(self, name)[1].tolist()}
            for name in ("purchases", "probability")
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> PurchaseOutlook:
        """Rebuild an outlook from what `to_dict` gave."""
        purchases, probability = (
            (stored[name]["level"], np.array(stored[name]["slope"]))
            for name in ("purchases", "probability")
        )
        return cls(ClippedScaler.from_dict(stored), purchases, probability)


def plain_outlook(encoded: Encoded) -> tuple[Vector, Vector]:
    """Return purchases and the probability of any, of a Poisson with the plain expectation."""
    return encoded.purchases_offset, 1 - np.exp(-encoded.purchases_offset)


def next_purchase(
    features: pd.DataFrame, probability: Vector, purchases: Vector, clock: SeasonClock = FLAT
) -> pd.Series:
    """Return the expected date of the next purchase; empty where none in the window is likely.

    A customer with a rhythm (at least three gaps that vary by at most 35 % of their mean) is
    expected one mean gap after the last purchase, tomorrow where that has passed. For the others
    the wait is that of a Poisson process, given that a purchase comes within the window: its rate
    is that of a customer who buys at all, `purchases` / `probability`, and at least such that the
    chance of a purchase is `probability`.

    Parameters
    ----------
    features : DataFrame of shape (n, features)
        In seasonal days of the clock, in which the wait is measured too.
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
    cutoff = pd.to_datetime(features["cutoff"])
    start = cutoff.to_numpy().astype("datetime64[D]")
    tomorrow, end = start + np.timedelta64(1, "D"), clock.days_later(start, days)
    dates = np.clip(clock.days_later(start, np.clip(wait, 0, days)), tomorrow, end)
    stamps = pd.Series(pd.to_datetime(dates), features.index).astype(cutoff.dtype)
    return stamps.where(probability >= LIKELY)


def _columns(encoded: Encoded) -> Matrix:
    return np.column_stack([encoded.features, np.log(encoded.purchases_offset)])
