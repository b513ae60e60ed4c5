"""How much of a change between two groups of customers is noise.

A few large customers rule RMSE, R² and totals, so two draws from one population differ by more
than a threshold now and then. Each measure of a batch comes with a standard error here, by a
Poisson bootstrap of the batch and of the baseline. The measures that carry a verdict are steadier:
spend beyond a high percentile of the baseline counts as that percentile (winsorized: the 99th for
totals, the 90th for the order of customers), and the model is held against the naive rule on the
same customers, which cancels most of what a draw does to both.

Sources: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 8; Chamandy,
Muralidharan, Najmi & Naidu (2012), Estimating Uncertainty for Massive Data Streams (the Poisson
bootstrap); Bickel, Götze & van Zwet (1997) for resampling fewer than n; Wilcox (2012),
Introduction to Robust Estimation and Hypothesis Testing, for winsorizing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from clv.core.arrays import Vector, draw_rows
from clv.errors import ClvError
from clv.prediction.gini import in_order, resampled_gini_area

REPLICATES = 200
LARGEST_RESAMPLE = 20_000
CAP_OF_TOTALS = 0.99
CAP_OF_ORDER = 0.90
CHUNK = 50  # replicates at a time
Ranked: TypeAlias = tuple[NDArray[np.int64], Vector]  # places from the first on, spend there

# Measure to what it is; each is a number of one group of customers, and is compared as
# judged - baseline.
MEASURES = (
    "log_rmse",  # log RMSE of the model
    "r2",
    "naive_log_rmse",
    "bias",  # log(predicted total / actual total), winsorized; 0 is right
    "naive_bias",
    "paired_bias",  # bias - naive_bias
    "gini",  # normalized Gini of winsorized spend
    "naive_gini",
    "paired_gini",  # gini - naive_gini
)


class Caps(NamedTuple):
    """What spend is limited to: quantiles of what is positive in the baseline."""

    predicted: float
    naive: float
    actual: float
    order: float


@dataclass(frozen=True)
class Customers:
    """Predictions of the model and the naive rule and actual spend, arrays of shape (n,)."""

    predicted: Vector
    naive: Vector
    actual: Vector

    def __post_init__(self) -> None:
        lengths = {len(self.predicted), len(self.naive), len(self.actual)}
        if len(lengths) > 1:
            raise ClvError(f"predictions, naive rule and actuals differ in length: {lengths}")
        for name in ("predicted", "naive", "actual"):
            broken = int(np.sum(~np.isfinite(getattr(self, name))))
            if broken:
                raise ClvError(
                    f"{broken} of {len(self.actual)} values of '{name}' are missing or not "
                    "finite, so the batch cannot be judged. Look at clv_features and "
                    "clv_predictions_actual of the batch."
                )

    @property
    def buyers(self) -> int:
        """Customers who spent something."""
        return int(np.sum(self.actual > 0))

    @property
    def bias(self) -> float | None:
        """Return log(predicted total / actual total); None where one is 0 or below."""
        predicted, actual = float(self.predicted.sum()), float(self.actual.sum())
        return float(np.log(predicted / actual)) if min(predicted, actual) > 0 else None

    def caps(self) -> Caps:
        """Return where spend is winsorized when these customers are the baseline."""
        return Caps(
            _quantile(self.predicted, CAP_OF_TOTALS),
            _quantile(self.naive, CAP_OF_TOTALS),
            _quantile(self.actual, CAP_OF_TOTALS),
            _quantile(self.actual, CAP_OF_ORDER),
        )

    def take(self, rows: NDArray[np.int64]) -> Customers:
        """Return some of the customers."""
        return Customers(self.predicted[rows], self.naive[rows], self.actual[rows])


@dataclass(frozen=True)
class Estimates:
    """MEASURES of one group of customers and their standard errors, arrays of shape (measures,)."""

    values: Vector
    errors: Vector


def estimate(group: Customers, caps: Caps, seed: int) -> Estimates:
    """Measure a group of customers and, by a Poisson bootstrap, how far chance moves each measure.

    Parameters
    ----------
    group : Customers
        In an order that does not depend on how they were read (by customer_id).
    caps : Caps
        Those of the baseline, for baseline and judged batch alike.
    seed : int
        Of the resampling; the same customers and seed give the same figures.

    Notes
    -----
    Of more than LARGEST_RESAMPLE customers that many are resampled, and the errors are scaled down
    by the root of the ratio. NaN where a measure is undefined (nobody bought, totals of 0 or below).
    """
    with threadpool_limits(1, user_api="blas"):  # the same last digits for any number of threads
        return _estimate(group, caps, np.random.default_rng(seed))


def _estimate(group: Customers, caps: Caps, rng: np.random.Generator) -> Estimates:
    n = len(group.actual)
    ranked = _ranked(group, caps.order)
    values = _measures(group, caps, ranked, np.ones((n, 1)))[:, 0]
    scale = 1.0
    if n > LARGEST_RESAMPLE:
        group = group.take(draw_rows(n, LARGEST_RESAMPLE, rng))
        scale = float(np.sqrt(LARGEST_RESAMPLE / n))
        n, ranked = LARGEST_RESAMPLE, _ranked(group, caps.order)
    draws = [
        _measures(group, caps, ranked, _poisson(rng, (n, min(CHUNK, REPLICATES - start))))
        for start in range(0, REPLICATES, CHUNK)
    ]
    return Estimates(values, np.std(np.concatenate(draws, axis=1), axis=1, ddof=1) * scale)


def changes(baseline: Estimates, judged: Estimates) -> dict[str, float]:
    """Return `<measure>_change`, judged - baseline, and its `<measure>_error` for MEASURES."""
    moved = judged.values - baseline.values
    errors = np.hypot(judged.errors, baseline.errors)
    return {
        f"{measure}_{what}": float(value)
        for measure, *both in zip(MEASURES, moved, errors, strict=True)
        for what, value in zip(("change", "error"), both, strict=True)
    }


def _poisson(rng: np.random.Generator, shape: tuple[int, int]) -> Vector:
    """Draw Poisson(1) counts by a table of 65,536 equally likely values, which is quick."""
    return _TABLE[rng.integers(0, len(_TABLE), size=shape, dtype=np.uint16)]


def _measures(group: Customers, caps: Caps, ranked: list[Ranked], weights: Vector) -> Vector:
    """Return MEASURES for weights of shape (n, replicates), shape (measures, replicates)."""
    a = group.actual
    rows = np.stack(
        [
            np.ones_like(a), a, a**2, (group.predicted - a) ** 2, (group.naive - a) ** 2,
            np.minimum(group.predicted, caps.predicted), np.minimum(group.naive, caps.naive),
            np.clip(a, -caps.actual, caps.actual),
        ]
    )  # fmt: skip
    count, total, squares, error, naive_error, p, n, capped = rows @ weights
    gini, naive_gini = _ginis(ranked, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares - total**2 / count
        return np.stack(
            [
                np.log(error / count) / 2,
                1 - error / np.where(spread > 0, spread, np.nan),
                np.log(naive_error / count) / 2,
                _log_ratio(p, capped),
                _log_ratio(n, capped),
                _log_ratio(p, n),
                gini,
                naive_gini,
                gini - naive_gini,
            ]
        )


def _ranked(group: Customers, cap: float) -> list[Ranked]:
    """Return places and limited spend in the order of the model, of the naive rule and in truth."""
    actual = np.clip(group.actual, -cap, cap)
    return [in_order(by, actual) for by in (group.predicted, group.naive, group.actual)]


def _ginis(ranked: list[Ranked], weights: Vector) -> tuple[Vector, Vector]:
    """Return the normalized Gini of model and naive rule for each weighting."""
    areas = [resampled_gini_area(money, weights[order]) for order, money in ranked]
    perfect = np.where(areas[2] > 0, areas[2], np.nan)
    return areas[0] / perfect, areas[1] / perfect


def _log_ratio(above: Vector, below: Vector) -> Vector:
    usable = (above > 0) & (below > 0)
    return np.log(np.where(usable, above, np.nan) / np.where(usable, below, np.nan))


def _quantile(values: Vector, share: float) -> float:
    positive = values[values > 0]
    return float(np.quantile(positive, share)) if len(positive) else np.inf


def _poisson_table() -> Vector:
    probabilities = np.cumsum([np.exp(-1) / factorial(k) for k in range(9)])
    return np.searchsorted(probabilities, (np.arange(65_536) + 0.5) / 65_536).astype(np.float64)


_TABLE = _poisson_table()
