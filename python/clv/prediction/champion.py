"""The champion: the winner of the contest with all it needs to score customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from clv.core.arrays import Vector, column
from clv.errors import ClvError
from clv.prediction.candidates import Candidate, candidate_from_dict
from clv.prediction.coherent import coherent_alive, coherent_bounds, coherent_purchases
from clv.prediction.encoder import Encoded, Encoder
from clv.prediction.intervals import Intervals
from clv.prediction.naive import LAST_WINDOW, history_days, rule
from clv.prediction.plausible import NO_PAST, Batch, Past, constant, hole
from clv.prediction.purchases import PurchaseOutlook, next_purchase, plain_outlook
from clv.prediction.season import in_seasonal_days

CHUNK = 200_000


@dataclass(frozen=True)
class Champion:
    """Encodes features, predicts, and says how sure it is; `past` is what its batches are held against."""

    encoder: Encoder
    candidate: Candidate
    outlook: PurchaseOutlook | None
    intervals: Intervals
    past: Past = NO_PAST

    @property
    def kind(self) -> str:
        return self.candidate.kind

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return the predictions of every customer, with the index of `features`.

        Parameters
        ----------
        features : DataFrame with the columns of `int_clv__scoring_features`

        Returns
        -------
        DataFrame
            predicted_clv, its lower and upper bound, predicted_purchases, probability_purchase,
            probability_alive and expected_next_purchase; money is finite and not negative, and no
            column contradicts another, see `clv.prediction.coherent`.
        """
        chunks = range(0, len(features), CHUNK)
        with threadpool_limits(
            1, user_api="blas"
        ):  # the same last digits for any number of threads
            parts = [self._predict(features.iloc[at : at + CHUNK]) for at in chunks]
        return pd.concat(parts) if parts else self._predict(features)

    def _predict(self, features: pd.DataFrame) -> pd.DataFrame:
        encoded, clock = self.encoder.encode(features), self.encoder.clock
        predicted = self._money(encoded)
        outlook = self.outlook.predict(encoded) if self.outlook else plain_outlook(encoded)
        purchases, probability = coherent_purchases(predicted, *outlook)
        bounds = self.intervals.customers(predicted, encoded.pred_days)
        lower, upper = coherent_bounds(predicted, bounds, probability)
        return pd.DataFrame(
            {
                "predicted_clv": predicted,
                "predicted_clv_lower": lower,
                "predicted_clv_upper": upper,
                "predicted_purchases": purchases,
                "probability_purchase": probability,
                "probability_alive": coherent_alive(encoded.probability_alive, probability),
                "expected_next_purchase": next_purchase(
                    in_seasonal_days(features, clock, self.encoder.data_from),
                    probability=probability,
                    purchases=purchases,
                    clock=clock,
                ).to_numpy(),
            },
            index=features.index,
        )

    def _money(self, encoded: Encoded) -> np.ndarray[Any, Any]:
        predicted = self.candidate.expect(encoded)
        return np.where(np.isfinite(predicted), np.maximum(predicted, 0), encoded.offset)

    def doubt(
        self, features: pd.DataFrame, spend: Vector, accepted: Sequence[float] = ()
    ) -> str | None:
        """Return why a batch of predictions cannot be right, with the figures; None where it can.

        Parameters
        ----------
        features : DataFrame of shape (n, features)
            Of one batch.
        spend : array of shape (n,)
            What is predicted of each customer.
        accepted : sequence of float
            Spend per customer and day of batches that a person accepted.
        """
        if not len(features):
            return None
        depth = history_days(features, self.encoder.data_from)
        days = float(column(features, "pred_days")[0])
        lately = float(rule(LAST_WINDOW, features, depth).sum()) / days
        batch = Batch(
            len(features), days, float(np.sort(spend).sum()), float(np.max(spend)), lately
        )
        doubts = (
            hole(features),
            self.past.doubt(batch, accepted),
            self.past.whale(batch),
            constant(self.kind, spend, column(features, "revenue")),
        )
        return "; ".join(filter(None, doubts)) or None

    def to_dict(self) -> dict[str, Any]:
        """Return the champion for the model file."""
        return {
            "kind": self.kind,
            "reader": self.encoder.to_dict(),
            "candidate": self.candidate.to_dict(),
            "habits": self.outlook.to_dict() if self.outlook else None,
            "bounds": self.intervals.to_dict(),
            "past": self.past.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Champion:
        """Rebuild a champion from what `to_dict` gave.

        Raises
        ------
        ClvError
            When another version of the project, or of scikit-learn, made it.
        """
        if not {"reader", "past"} <= stored.keys():
            raise ClvError(
                f"the champion (kind '{stored.get('kind')}') was made by another version of the "
                "project. Check out its commit, or run `clv train`."
            )
        try:
            return cls(
                Encoder.from_dict(stored["reader"]),
                candidate_from_dict(stored["candidate"]),
                PurchaseOutlook.from_dict(stored["habits"]) if stored["habits"] else None,
                Intervals.from_dict(stored["bounds"]),
                Past.from_dict(stored["past"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ClvError(
                f"the champion in the model file is not whole ({type(error).__name__}: {error}). "
                "Restore the file from a backup, or run `clv train`."
            ) from error


def without_arrays(stored: Any) -> Any:
    """Return what a card can hold: numbers and text; of trees only the version that made them."""
    if isinstance(stored, dict):
        left_out = (bytes, np.ndarray)
        return {k: without_arrays(v) for k, v in stored.items() if not isinstance(v, left_out)}
    return stored
