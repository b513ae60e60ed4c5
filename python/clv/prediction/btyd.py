"""Buy-till-you-die models of purchases and the Gamma-Gamma model of spend, by `lifetimes`.

Each model is fitted on distinct combinations of (frequency, recency, T) with their counts as
weights, which gives the same parameters as fitting every customer, and is kept as plain numbers.
Time is measured in weeks while fitting, purchases are counted per day.

Sources: BG/NBD, Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way; MBG/NBD,
Batislam, Denizel & Filiztekin (2007); Pareto/NBD, Schmittlein, Morrison & Colombo (1987);
Gamma-Gamma, Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Vector, draw_rows
from clv.errors import ClvError

PURCHASE_MODELS = {
    "bg_nbd": "BetaGeoFitter",
    "mbg_nbd": "ModifiedBetaGeoFitter",
    "pareto_nbd": "ParetoNBDFitter",
}
# Tried in order until one converges: days per unit of time, penalizer.
ATTEMPTS = ((7.0, 0.0), (30.0, 0.0), (7.0, 0.001), (7.0, 0.01), (7.0, 0.1))

# Of more distinct combinations than this so many are drawn, seeded; each keeps its count, so that
# the likelihood is that of all customers but for the luck of the draw.
LARGEST_FIT, SEED = 50_000, 19970101


# A fit that leaves less doubt than this whether customers leave did not find out: its parameters lie
# at their bounds, and everybody is alive, or nobody.
SURE = 1e-4
CENTURY = 36_525.0  # days


class NotFittedError(ClvError):
    """A model found no usable parameters on this log; it leaves the contest with this reason."""


@dataclass(frozen=True)
class PurchaseModel:
    """A fitted BG/NBD, MBG/NBD or Pareto/NBD; `parameters` are in units of `days_per_unit` days."""

    kind: str
    days_per_unit: float
    penalizer: float
    parameters: dict[str, float]

    @property
    def tells_who_left(self) -> bool:
        """Whether by its parameters some customers leave and others stay.

        The share who leave at a purchase is neither 0 nor 1; of Pareto/NBD, some leave within a century.
        """
        if self.kind == "pareto_nbd":
            s, beta = self.parameters["s"], self.parameters["beta"]
            return bool(-np.expm1(-s * np.log1p(CENTURY / self.days_per_unit / beta)) > SURE)
        leaving = self.parameters["a"] / (self.parameters["a"] + self.parameters["b"])
        return SURE < leaving < 1 - SURE

    def expected_purchases(
        self, days: Vector, frequency: Vector, recency: Vector, age: Vector
    ) -> Vector:
        """Return the expected purchase days in the next `days` days; NaN where it overflows.

        Parameters
        ----------
        days, frequency, recency, age : arrays of shape (n,)
            Length of the window, repeat purchase days, days from first to last purchase day,
            days from first purchase day to the cutoff (T).
        """
        unit = self.days_per_unit
        return self._call(
            "conditional_expected_number_of_purchases_up_to_time",
            days / unit, frequency, recency / unit, age / unit,
        )  # fmt: skip

    def probability_alive(self, frequency: Vector, recency: Vector, age: Vector) -> Vector:
        """Return the probability that each customer still buys; arrays of shape (n,)."""
        unit = self.days_per_unit
        return self._call("conditional_probability_alive", frequency, recency / unit, age / unit)

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain numbers."""
        return asdict(self)

    def _call(self, method: str, *arrays: Vector) -> Vector:
        fitter = _fitter(self.kind, self.penalizer)
        fitter.params_ = pd.Series(self.parameters)
        columns, inverse = np.unique(np.column_stack(arrays), axis=0, return_inverse=True)
        with _quiet():
            values = np.asarray(getattr(fitter, method)(*columns.T), dtype=float)
        return values[inverse.ravel()]


@dataclass(frozen=True)
class SpendModel:
    """A fitted Gamma-Gamma; `v` is in money."""

    p: float
    q: float
    v: float
    penalizer: float

    def expected_spend(self, frequency: Vector, monetary_value: Vector) -> Vector:
        """Return the expected value of a purchase day (Fader & Hardie 2013, equation 5).

        A weighted mean of the customer's own repeat mean and the population's; customers without
        a repeat have the population's.
        """
        weight = self.p * frequency / (self.p * frequency + self.q - 1)
        return (1 - weight) * self.v * self.p / (self.q - 1) + weight * monetary_value

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain numbers."""
        return asdict(self)


def fit_purchases(kind: str, frequency: Vector, recency: Vector, age: Vector) -> PurchaseModel:
    """Fit a purchase model on customers' (frequency, recency, T) in days.

    Raises
    ------
    NotFittedError
        When no attempt (other time units, then small penalizers) converges.
    """
    combinations, counts = np.unique(
        np.column_stack([frequency, recency, age]), axis=0, return_counts=True
    )
    if len(combinations) > LARGEST_FIT:
        drawn = draw_rows(len(combinations), LARGEST_FIT, np.random.default_rng(SEED))
        combinations, counts = combinations[drawn], counts[drawn]
    failures = []
    for unit, penalizer in ATTEMPTS:
        times = combinations / np.array([1.0, unit, unit])
        fitter = _fitter(kind, penalizer)
        try:
            with _quiet():
                _fit(fitter, kind, times, counts)
        except Exception as error:  # lifetimes raises many kinds; each is recorded
            failures.append(f"unit {unit:g} d, penalizer {penalizer:g}: {_first_line(error)}")
            continue
        parameters = {name: float(value) for name, value in fitter.params_.items()}
        if all(np.isfinite(value) and 0 < value < 1e6 for value in parameters.values()):
            return PurchaseModel(kind, unit, penalizer, parameters)
        failures.append(f"unit {unit:g} d, penalizer {penalizer:g}: parameters {parameters}")
    raise NotFittedError(f"{kind} did not converge ({'; '.join(failures)})")


def fit_spend(frequency: Vector, monetary_value: Vector) -> SpendModel:
    """Fit Gamma-Gamma on customers with repeat purchases of a positive mean value.

    Money is scaled by its mean in later attempts, which leaves p and q alone and scales v.

    Raises
    ------
    NotFittedError
        When nobody repeats, no attempt converges, or q <= 1 (the mean spend would be infinite).
    """
    repeats = (frequency > 0) & (monetary_value > 0)
    if repeats.sum() < 2:
        raise NotFittedError("gamma_gamma needs at least two customers with repeat purchases")
    x, m = frequency[repeats], monetary_value[repeats]
    failures = []
    for scale, penalizer in ((1.0, 0.0), (m.mean(), 0.0), (m.mean(), 0.001), (m.mean(), 0.01)):
        fitter = _fitter("gamma_gamma", penalizer)
        try:
            with _quiet():
                fitter.fit(x, m / scale)
        except Exception as error:  # lifetimes raises many kinds; each is recorded
            failures.append(f"scale {scale:.4g}, penalizer {penalizer:g}: {_first_line(error)}")
            continue
        p, q, v = (float(fitter.params_[name]) for name in ("p", "q", "v"))
        if np.isfinite([p, q, v]).all() and min(p, v) > 0 and q > 1:
            return SpendModel(p, q, v * float(scale), penalizer)
        failures.append(f"scale {scale:.4g}, penalizer {penalizer:g}: p={p:.4g} q={q:.4g}")
    raise NotFittedError(f"gamma_gamma did not converge ({'; '.join(failures)})")


def _fit(fitter: Any, kind: str, times: Vector, counts: NDArray[Any]) -> None:
    """Fit in place. The Pareto/NBD is started where the same parameters come out every time.

    `lifetimes` starts it at random numbers and searches without gradients, which wanders off for
    minutes where a parameter is not identified. A quasi-Newton search from a fixed start comes
    near the optimum, and a short simplex search from there ends on it.
    """
    if kind != "pareto_nbd":
        fitter.fit(*times.T, weights=counts)
        return
    fitter.fit(*times.T, weights=counts, initial_params=np.ones(4), fit_method="L-BFGS-B", tol=1e-9)
    longest = max(float(times[:, 2].max()), 1e-9)  # lifetimes measures time in it while fitting
    start = fitter.params_.to_numpy() / np.array([1.0, longest, 1.0, longest])
    fitter.fit(*times.T, weights=counts, initial_params=start, tol=1e-7, maxiter=150)


def _fitter(kind: str, penalizer: float) -> Any:
    # Importing lifetimes silences every warning of the process: restore the filters after it.
    with warnings.catch_warnings():
        import lifetimes
    name = PURCHASE_MODELS.get(kind, "GammaGammaFitter")
    return getattr(lifetimes, name)(penalizer_coef=penalizer)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep optimizer reports off stdout, which carries data, and overflow warnings off stderr."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield
