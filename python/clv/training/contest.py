"""The contest: rolling origins, every candidate judged on windows that it has not seen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from clv.core.arrays import Vector
from clv.errors import ClvError
from clv.prediction.accuracy import Accuracy, decile_calibration, measure
from clv.prediction.candidates import LEVELS
from clv.prediction.champion import Champion
from clv.project.events import progress
from clv.training.deploy import coverage, deploy
from clv.training.frames import Frames
from clv.training.judge import blend_in, closed, judge
from clv.training.plan import Fold, Plan
from clv.training.title import Duel, Judged, fight


@dataclass(frozen=True)
class Entry:
    """One candidate's result on the newest judged window, or the reason why it left."""

    kind: str
    level: str
    accuracy: Accuracy | None
    reason: str | None
    windows: dict[str, Accuracy] = field(default_factory=dict)
    deciles: list[dict[str, float]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry for the card."""
        return {
            "kind": self.kind,
            "level": self.level,
            "accuracy": self.accuracy.to_dict() if self.accuracy else None,
            "windows": {name: a.to_dict() for name, a in self.windows.items()},
            "decile_calibration": self.deciles,
            "left_out_because": self.reason,
        }


@dataclass(frozen=True)
class Contest:
    """All entries, the best by RMSE first, the duels for the title, and the champion."""

    entries: list[Entry]
    duels: list[Duel]
    winner: Entry
    champion: Champion
    predicted: Vector  # the winner's on the newest judged window, out-of-sample, in its order
    coverage: dict[str, float]
    seconds: float

    @property
    def why(self) -> str:
        """Say in a sentence why the winner won."""
        won = [duel.verdict for duel in self.duels if duel.won]
        return won[-1] if won else "no candidate was shown to be better than the simplest rule"


def hold_contest(training_set: pd.DataFrame, plan: Plan, seed: int) -> Contest:
    """Judge every candidate on the plan's windows, and fit the winner on all that is known.

    Parameters
    ----------
    training_set : DataFrame of shape (customers of all windows, features + labels)
        The model `int_clv__training_set` for `plan.windows`, sorted by customer_id within a window.

    Raises
    ------
    ClvError
        When nobody bought in the history of the judged window.
    """
    started = time.perf_counter()
    frames = Frames(training_set, plan)
    folds = [fold for fold in plan.folds if fold.judged in frames]
    if not folds or folds[0] is not plan.folds[0]:
        raise ClvError(
            f"nobody bought in the {plan.history_months} months up to "
            f"{plan.folds[0].judged.cutoff}. Choose another --cutoff."
        )
    windows: list[Judged] = []
    reasons: dict[str, str] = {}
    for fold in progress(folds, "judging"):
        predictions, why = judge(frames, fold, seed)
        reasons = why | reasons
        customers = frames.frame(fold.judged)["customer_id"]
        windows.append(Judged(customers, frames.labels(fold.judged), predictions))
    for fold, window in zip(folds, windows, strict=True):
        blend_in(window.predictions, closed(folds, windows, fold.judged))
    shared = [k for k in windows[0].predictions if all(k in w.predictions for w in windows)]
    title, duels = _title(windows, shared, seed)
    entries = _entries(folds, windows, reasons)
    winner = next(entry for entry in entries if entry.kind == title)
    champion = deploy(frames, title, windows, folds, seed)
    return Contest(
        entries, duels, winner, champion, windows[0].predictions[title],
        coverage(frames, title, windows, folds),
        time.perf_counter() - started,
    )  # fmt: skip


def _title(windows: list[Judged], shared: list[str], seed: int) -> tuple[str, list[Duel]]:
    """Let the best of each level, from the simplest on, fight the holder of the title.

    The first holder is the simplest rule of all.
    """

    def error(kind: str) -> float:
        squares = [np.mean((w.predictions[kind] - w.actual) ** 2) for w in windows]
        return float(np.mean(np.log(np.maximum(squares, 1e-12))))

    holder, duels = "", []
    for _, kinds in LEVELS:
        present = [kind for kind in kinds if kind in shared]
        if not present:
            continue
        holder = holder or present[0]
        best = min(present, key=error)
        if best != holder:
            duels.append(fight(best, holder, windows, seed))
            holder = best if duels[-1].won else holder
    return holder, duels


def _entries(folds: list[Fold], windows: list[Judged], reasons: dict[str, str]) -> list[Entry]:
    entries = []
    for level, kinds in LEVELS:
        for kind in kinds:
            if kind not in windows[0].predictions:
                reason = reasons.get(kind, "a model that it needs could not be fitted")
                entries.append(Entry(kind, level, None, reason))
                continue
            accuracies = {
                str(fold.judged): measure(w.predictions[kind], w.actual)
                for fold, w in zip(folds, windows, strict=True)
                if kind in w.predictions
            }
            newest = windows[0]
            deciles = decile_calibration(newest.predictions[kind], newest.actual)
            accuracy = accuracies[str(folds[0].judged)]
            entries.append(Entry(kind, level, accuracy, None, accuracies, deciles))
    return sorted(entries, key=lambda e: e.accuracy.rmse if e.accuracy else np.inf)
