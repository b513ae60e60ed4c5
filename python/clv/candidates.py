"""The candidates of the contest: each is fitted on features as of a cutoff and predicts a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clv.btyd import PURCHASE_MODELS, PurchaseModel, SpendModel, fit_purchases, fit_spend
from clv.errors import ClvError

Vector = NDArray[np.float64]

NAIVE = "naive_spend_rate"
KINDS = (NAIVE, *(f"{kind}_gamma_gamma" for kind in PURCHASE_MODELS))


class Candidate(Protocol):
    """A fitted model that predicts each customer's window."""

    @property
    def kind(self) -> str:
        """Name of the candidate, one of KINDS."""

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return predicted_clv, predicted_purchases and probability_alive, a row per customer.

        `features` has the columns of `scoring_features`, among them pred_days. A prediction that
        overflowed is NaN.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted model as plain numbers, `kind` among them."""


@dataclass(frozen=True)
class NaiveSpendRate:
    """The customer goes on spending as in the history: revenue per day of T, over the window.

    The rule needs no fitting. A first purchase on the cutoff day counts as one day of T. It
    knows nothing of being alive, so probability_alive is empty.
    """

    kind: str = NAIVE

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """See `Candidate.predict`."""
        share = column(features, "pred_days") / np.maximum(column(features, "T"), 1)
        return pd.DataFrame(
            {
                "predicted_clv": np.maximum(column(features, "revenue"), 0) * share,
                "predicted_purchases": (column(features, "frequency") + 1) * share,
                "probability_alive": np.full(len(features), np.nan),
            },
            index=features.index,
        )

    def to_dict(self) -> dict[str, Any]:
        """See `Candidate.to_dict`."""
        return {"kind": self.kind}


@dataclass(frozen=True)
class PurchasesTimesSpend:
    """Expected purchase days of a BTYD model times the expected value of one of Gamma-Gamma."""

    purchases: PurchaseModel
    spend: SpendModel

    @property
    def kind(self) -> str:
        return f"{self.purchases.kind}_gamma_gamma"

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """See `Candidate.predict`."""
        frequency, recency, age = (column(features, c) for c in ("frequency", "recency", "T"))
        purchases = self.purchases.expected_purchases(
            column(features, "pred_days"), frequency, recency, age
        )
        value = self.spend.expected_spend(frequency, column(features, "monetary_value"))
        return pd.DataFrame(
            {
                "predicted_clv": purchases * value,
                "predicted_purchases": purchases,
                "probability_alive": self.purchases.probability_alive(frequency, recency, age),
            },
            index=features.index,
        )

    def to_dict(self) -> dict[str, Any]:
        """See `Candidate.to_dict`."""
        return {
            "kind": self.kind,
            "purchases": self.purchases.to_dict(),
            "spend": self.spend.to_dict(),
        }


def fit_candidate(kind: str, features: pd.DataFrame) -> Candidate:
    """Fit the candidate `kind` on features as of one cutoff.

    Raises
    ------
    NotFittedError
        When the model finds no usable parameters on this log.
    """
    if kind == NAIVE:
        return NaiveSpendRate()
    frequency = column(features, "frequency")
    purchases = fit_purchases(
        kind.removesuffix("_gamma_gamma"),
        frequency,
        column(features, "recency"),
        column(features, "T"),
    )
    return PurchasesTimesSpend(purchases, fit_spend(frequency, column(features, "monetary_value")))


def candidate_from_dict(stored: dict[str, Any]) -> Candidate:
    """Rebuild a candidate from what its `to_dict` gave.

    Raises
    ------
    ClvError
        When this version does not know the kind.
    """
    if stored["kind"] not in KINDS:
        raise ClvError(
            f"the champion is of kind '{stored['kind']}', which this version does not know. "
            "Update the project, or run `clv train`."
        )
    if stored["kind"] == NAIVE:
        return NaiveSpendRate()
    return PurchasesTimesSpend(PurchaseModel(**stored["purchases"]), SpendModel(**stored["spend"]))


def column(features: pd.DataFrame, name: str) -> Vector:
    """Return a feature as an array of floats of shape (n,)."""
    return features[name].to_numpy(dtype=float, na_value=np.nan)
