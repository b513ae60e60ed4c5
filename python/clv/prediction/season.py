"""The season clock: time measured in seasonal days, of which a December has more than a February.

How busy each month of the year is comes from the log alone: the log of a month's purchase days per
day is regressed on a trend and twelve month effects, shrunken towards no season. Generalized
cross-validation (Golub, Heath & Wahba 1979) chooses how far: effects that do not come back from year
to year shrink to nothing. A year has as many seasonal days as days.

A Poisson process whose rate follows the season is homogeneous in seasonal days, so whatever counts
days (BTYD models, naive rates, features) becomes seasonal by counting these.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Vector, column
from clv.prediction.naive import RECENT, history_days

# Fewer months than this say nothing of a season; the three above twelve show whether it repeats.
SMALLEST_MONTHS = 15
SMALLEST_PURCHASES = 100
# A month of which the log holds fewer days is left out.
SMALLEST_MONTH_DAYS = 10
# Below this share of newcomers among the purchase days of its later half, a log is one cohort, whose
# purchases fade: that is no season.
SMALLEST_NEWCOMERS = 0.01
SHRINKAGES = np.geomspace(0.02, 200.0, 40)
DAYS_OF_MONTHS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
FIRST_DAY, LAST_DAY = np.datetime64("1600-01-01"), np.datetime64("2400-01-01")
NO_EFFECTS = (0.0,) * 12


@dataclass(frozen=True)
class SeasonClock:
    """How busy the twelve months are.

    Attributes
    ----------
    effects, errors : tuples of twelve floats
        Log of a month's rate relative to the mean month, and its standard error; January first.
    months : int
        Months of the log that they are estimated from; 0 where it does not know its season.
    """

    effects: tuple[float, ...] = NO_EFFECTS
    errors: tuple[float, ...] = NO_EFFECTS
    months: int = 0

    @classmethod
    def fit(cls, daily: pd.DataFrame, data_from: dt.date, through: dt.date) -> SeasonClock:
        """Estimate the clock from the purchase days up to a day; a flat one where they tell nothing.

        Parameters
        ----------
        daily : DataFrame of shape (days, 3)
            order_date, purchase_days and newcomers, as `purchases_by_day` gives them. Days after
            `through` are not looked at.
        data_from, through : dates
            The first day of the log, and the last that may be known.
        """
        month, busy, days, newcomers = _months(daily, data_from, through)
        later = slice(len(month) // 2, None)
        if len(month) < SMALLEST_MONTHS or busy.sum() < SMALLEST_PURCHASES:
            return cls()
        if newcomers[later].sum() < SMALLEST_NEWCOMERS * busy[later].sum():
            return cls()
        effects, errors = _shrunken_effects(month, np.log((busy + 0.5) / days))
        return cls(tuple(effects.tolist()), tuple(errors.tolist()), len(month))

    @property
    def is_flat(self) -> bool:
        """Whether a seasonal day is a day."""
        return not any(self.effects)

    @property
    def weights(self) -> Vector:
        """Seasonal days of a day of each month, shape (12,)."""
        return _weights(self.effects)

    def days_between(self, start: NDArray[np.datetime64], end: NDArray[np.datetime64]) -> Vector:
        """Return the seasonal days in (start, end], shape (n,)."""
        elapsed = _elapsed(self.effects)
        return np.asarray(elapsed[_place(end)] - elapsed[_place(start)])

    def days_later(self, start: NDArray[np.datetime64], days: Vector) -> NDArray[np.datetime64]:
        """Return the first date at least so many seasonal days after the start, shape (n,)."""
        later: NDArray[np.datetime64]
        if self.is_flat:
            later = start + np.ceil(days).astype("timedelta64[D]")
            return later
        elapsed = _elapsed(self.effects)
        # what rounding leaves of a whole day is none
        place = np.searchsorted(elapsed, elapsed[_place(start)] + days - 1e-6)
        later = FIRST_DAY + place.astype("timedelta64[D]")
        return later

    def to_dict(self) -> dict[str, Any]:
        """Return the clock as plain numbers."""
        stored = asdict(self)
        return {name: list(v) if isinstance(v, tuple) else v for name, v in stored.items()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> SeasonClock:
        """Rebuild a clock from what `to_dict` gave."""
        return cls(tuple(stored["effects"]), tuple(stored["errors"]), stored["months"])


FLAT = SeasonClock()


def in_seasonal_days(
    features: pd.DataFrame, clock: SeasonClock, data_from: dt.date
) -> pd.DataFrame:
    """Return features whose times are counted in seasonal days.

    Parameters
    ----------
    features : DataFrame of shape (n, features)
        With cutoff, history_months, pred_days and the times of `clv_features_as_of`.
    data_from : date
        The first day of the log.

    Returns
    -------
    DataFrame
        T, recency, days_since_last, mean_gap, spread_gap and pred_days are seasonal; history_days
        and recent_30d to recent_365d are added: how long history and latest stretches are.
    """
    depth = history_days(features, data_from)
    recent = {n: np.minimum(float(n), depth) for n in RECENT}
    if clock.is_flat:
        added = {f"recent_{n}d": days for n, days in recent.items()}
        return features.assign(history_days=depth, **added)
    cutoff = pd.to_datetime(features["cutoff"]).to_numpy().astype("datetime64[D]")

    def before(days: Vector) -> Vector:
        return clock.days_between(cutoff - days.astype("timedelta64[D]"), cutoff)

    age, since = before(column(features, "T")), before(column(features, "days_since_last"))
    recency, plain = age - since, column(features, "recency")
    stretch = np.where(plain > 0, recency / np.maximum(plain, 1), 1.0)
    ahead = column(features, "pred_days").astype("timedelta64[D]")
    return features.assign(
        T=age,
        days_since_last=since,
        recency=recency,
        mean_gap=column(features, "mean_gap") * stretch,
        spread_gap=column(features, "spread_gap") * stretch,
        pred_days=clock.days_between(cutoff, cutoff + ahead),
        history_days=np.maximum(before(depth), 1e-3),
        **{f"recent_{n}d": np.maximum(before(days), 1e-3) for n, days in recent.items()},
    )


def _months(
    daily: pd.DataFrame, data_from: dt.date, through: dt.date
) -> tuple[NDArray[np.int64], Vector, Vector, Vector]:
    """Return month of the year from 0 on, purchase days, days and newcomers of the log's months."""
    day = pd.to_datetime(daily["order_date"])
    known = daily[(day <= pd.Timestamp(through)) & (day >= pd.Timestamp(data_from))]
    periods = pd.period_range(data_from, max(through, data_from), freq="M")
    sums = known.groupby(day[known.index].dt.to_period("M"))[["purchase_days", "newcomers"]].sum()
    sums = sums.reindex(periods, fill_value=0)
    first, last = np.datetime64(data_from), np.datetime64(through)
    start = periods.start_time.to_numpy().astype("datetime64[D]")
    end = periods.end_time.to_numpy().astype("datetime64[D]")
    spans = np.where(end > last, last, end) - np.where(start < first, first, start)
    days = spans.astype(float) + 1
    whole = days >= SMALLEST_MONTH_DAYS
    month = np.asarray(periods.month, dtype=np.int64) - 1
    busy, newcomers = (column(sums, name)[whole] for name in ("purchase_days", "newcomers"))
    return month[whole], busy, days[whole], newcomers


def _shrunken_effects(month: NDArray[np.int64], rate: Vector) -> tuple[Vector, Vector]:
    """Return twelve month effects of a log rate around its trend, and their standard errors."""
    size = len(rate)
    trend, _ = np.linalg.qr(np.column_stack([np.ones(size), np.linspace(-1, 1, size)]))
    is_month = np.eye(12)[month]
    left = rate - trend @ (trend.T @ rate)
    design = is_month - trend @ (trend.T @ is_month)
    u, s, v = np.linalg.svd(design, full_matrices=False)
    along = u.T @ left
    best = (np.inf, np.zeros(12), np.zeros(12))
    for shrinkage in SHRINKAGES:
        kept = s**2 / (s**2 + shrinkage)
        free = size - 2 - float(kept.sum())
        if free < 1:
            continue
        squares = float(np.sum((left - u @ (kept * along)) ** 2))
        score = size * squares / free**2
        if score < best[0]:
            effects = v.T @ (s / (s**2 + shrinkage) * along)
            spread = np.sum(v.T**2 / (s**2 + shrinkage), axis=1) * squares / free
            best = (score, effects - effects.mean(), np.sqrt(spread))
    return best[1], best[2]


@lru_cache(maxsize=32)
def _weights(effects: tuple[float, ...]) -> Vector:
    busy = np.exp(np.array(effects))
    return np.asarray(busy * DAYS_OF_MONTHS.sum() / float(busy @ DAYS_OF_MONTHS))


@lru_cache(maxsize=8)
def _elapsed(effects: tuple[float, ...]) -> Vector:
    """Return the seasonal days from FIRST_DAY up to the end of each day."""
    days = np.arange(FIRST_DAY, LAST_DAY)
    return np.cumsum(_weights(effects)[days.astype("datetime64[M]").astype(np.int64) % 12])


def _place(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return (days.astype("datetime64[D]") - FIRST_DAY).astype(np.int64)
