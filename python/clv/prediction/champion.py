"""The champion: the winner of the contest with all it needs to score customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv.errors import ClvError
from clv.prediction.candidates import Candidate, candidate_from_dict
from clv.prediction.encoder import Inputs, Reader
from clv.prediction.intervals import Bounds
from clv.prediction.purchases import Habits, next_purchase, plain_habits

CHUNK = 200_000


@dataclass(frozen=True)
class Champion:
    """Reads features, predicts, and says how sure it is."""

    reader: Reader
    candidate: Candidate
    habits: Habits | None
    bounds: Bounds

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
            probability_alive and expected_next_purchase; money is finite and not negative.
        """
        chunks = range(0, len(features), CHUNK)
        parts = [self._predict(features.iloc[at : at + CHUNK]) for at in chunks]
        return pd.concat(parts) if parts else self._predict(features)

    def _predict(self, features: pd.DataFrame) -> pd.DataFrame:
        inputs = self.reader.read(features)
        predicted = self._money(inputs)
        habits = self.habits.predict(inputs) if self.habits else plain_habits(inputs)
        lower, upper = self.bounds.customers(predicted, inputs.pred_days)
        return pd.DataFrame(
            {
                "predicted_clv": predicted,
                "predicted_clv_lower": lower,
                "predicted_clv_upper": upper,
                "predicted_purchases": habits[0],
                "probability_purchase": habits[1],
                "probability_alive": inputs.probability_alive,
                "expected_next_purchase": next_purchase(
                    features, probability=habits[1], purchases=habits[0]
                ).to_numpy(),
            },
            index=features.index,
        )

    def _money(self, inputs: Inputs) -> np.ndarray[Any, Any]:
        predicted = self.candidate.expect(inputs)
        return np.where(np.isfinite(predicted), np.maximum(predicted, 0), inputs.offset)

    def to_dict(self) -> dict[str, Any]:
        """Return the champion for the model file."""
        return {
            "kind": self.kind,
            "reader": self.reader.to_dict(),
            "candidate": self.candidate.to_dict(),
            "habits": self.habits.to_dict() if self.habits else None,
            "bounds": self.bounds.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Champion:
        """Rebuild a champion from what `to_dict` gave.

        Raises
        ------
        ClvError
            When another version of the project, or of scikit-learn, made it.
        """
        if "reader" not in stored:
            raise ClvError(
                f"the champion (kind '{stored.get('kind')}') was made by another version of the "
                "project. Check out its commit, or run `clv train`."
            )
        return cls(
            Reader.from_dict(stored["reader"]),
            candidate_from_dict(stored["candidate"]),
            Habits.from_dict(stored["habits"]) if stored["habits"] else None,
            Bounds.from_dict(stored["bounds"]),
        )


def without_bytes(stored: Any) -> Any:
    """Return what a card can hold: numbers and text; of a pickled estimator only its version."""
    if isinstance(stored, dict):
        return {k: without_bytes(v) for k, v in stored.items() if not isinstance(v, bytes)}
    return stored
