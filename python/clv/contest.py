"""The contest: every candidate is fitted on the history and judged on a window it has not seen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv.btyd import NotFittedError
from clv.candidates import KINDS, Candidate, column, fit_candidate
from clv.errors import ClvError
from clv.messages import progress
from clv.metrics import Accuracy, measure


@dataclass(frozen=True)
class Entry:
    """One candidate's result; without accuracy it left the contest for `reason`."""

    kind: str
    candidate: Candidate | None
    accuracy: Accuracy | None
    reason: str | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the entry for the card."""
        return {
            "kind": self.kind,
            "accuracy": self.accuracy.to_dict() if self.accuracy else None,
            "left_out_because": self.reason,
            "parameters": self.candidate.to_dict() if self.candidate else None,
        }


@dataclass(frozen=True)
class Contest:
    """All entries, best first."""

    entries: list[Entry]

    @property
    def winner(self) -> Entry:
        """The entry with the lowest out-of-sample RMSE."""
        return self.entries[0]


def hold_contest(training_set: pd.DataFrame) -> Contest:
    """Fit every candidate on the features and judge it on the labels of the same customers.

    The candidates learn from the features alone, which end at the cutoff; the labels begin the
    day after it. So the labels are out-of-sample for every one of them, and out-of-time.

    Parameters
    ----------
    training_set : DataFrame of shape (customers, features + labels)
        The model `training_set` for one window, sorted by customer_id.

    Raises
    ------
    ClvError
        When no candidate could be fitted.
    """
    actual = column(training_set, "actual_clv")
    entries = [_enter(kind, training_set, actual) for kind in progress(KINDS, "fitting")]
    judged = [entry for entry in entries if entry.accuracy is not None]
    if not judged:
        reasons = "; ".join(f"{entry.kind}: {entry.reason}" for entry in entries)
        raise ClvError(f"no candidate could be fitted ({reasons}). Train on a longer history.")
    ranked = sorted(judged, key=lambda entry: entry.accuracy.rmse if entry.accuracy else np.inf)
    return Contest(ranked + [entry for entry in entries if entry.accuracy is None])


def _enter(kind: str, training_set: pd.DataFrame, actual: np.ndarray) -> Entry:
    started = time.perf_counter()
    try:
        candidate = fit_candidate(kind, training_set)
    except NotFittedError as error:
        return Entry(kind, None, None, str(error), time.perf_counter() - started)
    predicted = column(candidate.predict(training_set), "predicted_clv")
    broken = int(np.sum(~np.isfinite(predicted) | (predicted < 0)))
    seconds = time.perf_counter() - started
    if broken:
        reason = f"{broken} of {len(predicted)} predictions overflowed or were negative"
        return Entry(kind, candidate, None, reason, seconds)
    accuracy = measure(predicted, actual)
    if not np.isfinite(accuracy.rmse):
        return Entry(kind, candidate, None, "its error is too large to be a number", seconds)
    return Entry(kind, candidate, accuracy, None, seconds)
