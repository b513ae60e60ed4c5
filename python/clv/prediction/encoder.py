"""What the candidates see of a customer: naive rules, the BTYD models' outputs, own rhythm.

Every figure is made of features as of a cutoff, in seasonal days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.core.arrays import Matrix, Vector, column
from clv.prediction.attributes import Texts, stacked_texts, texts_of
from clv.prediction.btyd import (
    PURCHASE_MODELS,
    NotFittedError,
    PurchaseModel,
    SpendModel,
    fit_purchases,
    fit_spend,
)
from clv.prediction.design_matrix import MONTH, WindowExpectations, covariates
from clv.prediction.naive import RULES, SPEND_RATE, known_days, rule
from clv.prediction.season import FLAT, SeasonClock, in_seasonal_days


def btyd_kind(model: str) -> str:
    """Return the name of a purchase model times Gamma-Gamma as a candidate."""
    return f"{model}_gamma_gamma"


BTYD = tuple(btyd_kind(model) for model in PURCHASE_MODELS)
# The models that the learners see, in every window alike. Pareto/NBD competes for the title, but its
# fit takes ten times as long as theirs and says nearly the same, so windows that are only learnt
# from do without it.
LEARNER_MODELS = ("bg_nbd", "mbg_nbd")
# The expectation that learners and the blend start from: it nearly always converges, and knows who has
# gone, which a rate of the customer's own does not.
ANCHOR = btyd_kind("mbg_nbd")
LABELS = ("actual_clv", "actual_purchases")
# A share of the mean spend that is added to every expectation, so that ratios to it stay finite.
FLOOR = 0.02
# What Gamma-Gamma is fitted on: all purchase days, the first included, or the repeats of the papers.
ALL_DAYS, REPEATS = "all purchase days", "repeat purchase days"
# How many times the observed mean order a fit may imply.
REACH = 3.0


@dataclass(frozen=True)
class Encoded:
    """Customers as the candidates see them; n rows in the order of the frame.

    Attributes
    ----------
    expectations : dict of arrays of shape (n,)
        Predicted spend of every naive rule and every BTYD model that converged; finite.
    overflowed : dict of int
        How many of a BTYD model's predictions were not finite and were replaced by the own rate.
    offset, purchases_offset : arrays of shape (n,)
        A plain expectation of spend and of purchase days, above 0.
    floor : array of shape (n,)
        A small amount of money that keeps ratios to an expectation finite.
    attributes : array of texts of shape (n,), optional
        What is known of each customer beside the log; None where nothing is of anybody.
    features : array of shape (n, features)
    probability_alive : array of shape (n,)
        Mean over the BTYD models that learners see and that tell who left; NaN where there is none.
    """

    expectations: dict[str, Vector]
    overflowed: dict[str, int]
    offset: Vector
    purchases_offset: Vector
    features: Matrix
    probability_alive: Vector
    pred_days: Vector
    floor: Vector
    attributes: Texts | None = None

    def rows(self, chosen: NDArray[np.int64]) -> Encoded:
        """Return some of the customers."""
        return Encoded(
            {kind: values[chosen] for kind, values in self.expectations.items()},
            self.overflowed, self.offset[chosen], self.purchases_offset[chosen],
            self.features[chosen], self.probability_alive[chosen], self.pred_days[chosen],
            self.floor[chosen], None if self.attributes is None else self.attributes[chosen],
        )  # fmt: skip


def stacked(parts: list[Encoded]) -> Encoded:
    """Return the customers of several windows one below the other."""
    kinds = set.intersection(*(set(part.expectations) for part in parts))
    return Encoded(
        {k: np.concatenate([part.expectations[k] for part in parts]) for k in sorted(kinds)},
        {},
        np.concatenate([part.offset for part in parts]),
        np.concatenate([part.purchases_offset for part in parts]),
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.probability_alive for part in parts]),
        np.concatenate([part.pred_days for part in parts]),
        np.concatenate([part.floor for part in parts]),
        stacked_texts([(part.attributes, len(part.floor)) for part in parts]),
    )


@dataclass(frozen=True)
class Encoder:
    """Turns features into what candidates see, with BTYD models fitted on the history up to one day."""

    data_from: dt.date
    unit: float
    purchases: dict[str, PurchaseModel]
    spend: SpendModel | None
    spend_of: str
    failures: dict[str, str]
    clock: SeasonClock = FLAT

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        data_from: dt.date,
        models: Sequence[str] = tuple(PURCHASE_MODELS),
        clock: SeasonClock = FLAT,
    ) -> Encoder:
        """Fit the BTYD `models` on the features as of one cutoff; failures are kept as reasons."""
        seasonal = in_seasonal_days(features, clock, data_from)
        frequency, recency, age = (column(seasonal, c) for c in ("frequency", "recency", "T"))
        purchases: dict[str, PurchaseModel] = {}
        failures: dict[str, str] = {}
        spend, spend_of = None, ALL_DAYS
        try:
            spend, spend_of = _plausible_spend(features)
        except NotFittedError as error:
            failures |= {kind: str(error) for kind in BTYD}
        for model in models if spend else ():
            try:
                purchases[model] = fit_purchases(model, frequency, recency, age)
            except NotFittedError as error:
                failures[btyd_kind(model)] = str(error)
        orders = column(features, "average_order_value")
        unit = float(np.mean(orders[orders > 0])) if (orders > 0).any() else 1.0
        return cls(data_from, unit, purchases, spend, spend_of, failures, clock)

    def encode(self, features: pd.DataFrame) -> Encoded:
        """Return what candidates see of customers as of one or several cutoffs."""
        cutoffs = pd.factorize(pd.to_datetime(features["cutoff"]))[0]
        features = in_seasonal_days(features, self.clock, self.data_from)
        depth = column(features, "history_days")
        days = column(features, "pred_days")
        expectations = {kind: rule(kind, features, depth) for kind in RULES}
        own_rate = expectations[SPEND_RATE]
        counts, alive, overflowed = [], {}, {}
        own_purchases = (column(features, "frequency") + 1) * days / known_days(features, depth)
        value = self._value(features)
        for model, (bought, living) in self._btyd(features, cutoffs).items():
            finite = np.isfinite(bought) & (bought >= 0)
            overflowed[btyd_kind(model)] = int((~finite).sum())
            bought = np.where(finite, bought, own_purchases)
            expectations[btyd_kind(model)] = np.where(
                finite, np.maximum(bought * value, 0), own_rate
            )
            if model in self.learner_models:
                counts.append(bought)
                alive[model] = np.where(np.isfinite(living), np.clip(living, 0, 1), 1.0)
        naive = np.mean([expectations[kind] for kind in RULES], axis=0)
        btyd = [expectations[btyd_kind(model)] for model in self.learner_models]
        offset = (naive + np.mean(btyd, axis=0)) / 2 if btyd else naive
        bought = np.mean(counts, axis=0) if counts else own_purchases
        unknown = np.full(len(features), np.nan)
        living = np.mean([*alive.values()], axis=0) if alive else unknown
        told = [values for model, values in alive.items() if self.purchases[model].tells_who_left]
        floor = FLOOR * self.unit * days / MONTH
        rules = {kind: expectations[kind] for kind in RULES}
        expected = WindowExpectations(rules, btyd, bought, living, value, floor)
        return Encoded(
            expectations,
            overflowed,
            offset + floor,
            (bought + own_purchases) / 2 + FLOOR * days / MONTH,
            covariates(features, expected, self.unit),
            np.mean(told, axis=0) if told else unknown,
            days,
            floor,
            texts_of(features),
        )

    @property
    def learner_models(self) -> tuple[str, ...]:
        """The models that the learners see; where neither converged, whichever did."""
        return tuple(model for model in LEARNER_MODELS if model in self.purchases) or tuple(
            self.purchases
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as plain numbers."""
        return {
            "data_from": self.data_from.isoformat(),
            "unit": self.unit,
            "purchases": {k: model.to_dict() for k, model in self.purchases.items()},
            "spend": self.spend.to_dict() if self.spend else None,
            "spend_of": self.spend_of,
            "failures": self.failures,
            "season": self.clock.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Encoder:
        """Rebuild an encoder from what `to_dict` gave."""
        return cls(
            dt.date.fromisoformat(stored["data_from"]),
            stored["unit"],
            {k: PurchaseModel(**model) for k, model in stored["purchases"].items()},
            SpendModel(**stored["spend"]) if stored["spend"] else None,
            stored["spend_of"],
            stored["failures"],
            SeasonClock.from_dict(stored["season"]),
        )

    def _value(self, features: pd.DataFrame) -> Vector:
        own = np.maximum(column(features, "average_order_value"), 0)
        if self.spend is None:
            return own
        value = self.spend.expected_spend(*_observed_spend(features, self.spend_of))
        return np.where(np.isfinite(value) & (value >= 0), value, own)

    def _btyd(
        self, features: pd.DataFrame, cutoffs: NDArray[np.int64]
    ) -> dict[str, tuple[Vector, Vector]]:
        """Return expected purchases and probability alive per model, once per combination."""
        names = ("pred_days", "frequency", "recency", "T")
        times = np.column_stack([column(features, name) for name in names])
        # In seasonal days too a combination is one of whole numbers: of dates, and the cutoff.
        code = np.zeros(len(times), dtype=np.int64)
        for part in (cutoffs, *times.T):
            whole = np.unique(part, return_inverse=True)[1]
            code = code * (int(whole.max(initial=0)) + 1) + whole
        _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        days, frequency, recency, age = times[first].T
        return {
            name: (
                model.expected_purchases(days, frequency, recency, age)[inverse],
                model.probability_alive(frequency, recency, age)[inverse],
            )
            for name, model in self.purchases.items()
        }


def _plausible_spend(features: pd.DataFrame) -> tuple[SpendModel, str]:
    """Fit Gamma-Gamma on all purchase days, or on the repeats alone where that says nothing likely.

    A mean order that is REACH times the observed one, or a share of it, is a tail that the fit
    did not find.

    Raises
    ------
    NotFittedError
        When neither fit converges to a likely mean order.
    """
    orders = column(features, "average_order_value")
    observed = float(np.mean(orders[orders > 0])) if (orders > 0).any() else 0.0
    if np.sum(column(features, "frequency") > 0) < 2:
        raise NotFittedError("fewer than two customers have repeat purchases to learn from")
    failures = []
    for days in (ALL_DAYS, REPEATS):
        try:
            model = fit_spend(*_observed_spend(features, days))
        except NotFittedError as error:
            failures.append(f"on {days}: {error}")
            continue
        implied = model.v * model.p / (model.q - 1)
        if observed / REACH <= implied <= observed * REACH:
            return model, days
        failures.append(
            f"on {days}: gamma_gamma implies a mean order of {implied:.4g}, observed was {observed:.4g}"
        )
    raise NotFittedError("; ".join(failures))


def _observed_spend(features: pd.DataFrame, days: str) -> tuple[Vector, Vector]:
    """Return how many purchase days a customer's mean value is of, and that mean."""
    repeats = column(features, "frequency")
    if days == REPEATS:
        return repeats, column(features, "monetary_value")
    return repeats + 1, np.maximum(column(features, "average_order_value"), 0)


def without_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the features alone."""
    return rows.drop(columns=[*LABELS])
