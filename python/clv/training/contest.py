"""The contest: every candidate judged on windows that it has not seen, and the winner made champion."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from clv.core.arrays import Vector
from clv.errors import ClvError
from clv.prediction.accuracy import Accuracy, decile_calibration, measure
from clv.prediction.attributes import texts_of
from clv.prediction.candidates import ATTRIBUTE_LEVEL, BLEND, LEVELS, TWINS
from clv.prediction.champion import Champion
from clv.prediction.encoder import ANCHOR
from clv.prediction.plausible import caveats
from clv.project.events import progress
from clv.training.brought import Brought, brought
from clv.training.deploy import coverage, deploy, first_plausible
from clv.training.examples import Examples, in_memory
from clv.training.judge import judge
from clv.training.plan import Plan
from clv.training.title import JudgedWindow, PairedComparison, by_loss, compare, shared_kinds


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
    """All entries, the best by RMSE first, the comparisons for the title, and the champion.

    Attributes
    ----------
    predicted : array of shape (n,)
        The winner's on the newest judged window, out-of-sample, in its order.
    coverage : dict of float
        How many of its customers lie outside of intervals from the older windows.
    fallen : dict of str
        Of each candidate that would have been deployed before the winner, why its fit on everything
        known is not plausible. With the winner among them, none was plausible.
    brought : Brought, optional
        What customer attributes brought, where some are known.
    """

    entries: list[Entry]
    comparisons: list[PairedComparison]
    winner: Entry
    champion: Champion
    predicted: Vector
    coverage: dict[str, float]
    seconds: float
    fallen: dict[str, str] = field(default_factory=dict)
    brought: Brought | None = None

    @property
    def notes(self) -> list[str]:
        """Say of each candidate that fell why, and what stands in its place."""
        judged = any(entry.kind == ANCHOR and entry.accuracy for entry in self.entries)
        lines = caveats(self.champion.encoder, judged)
        if not self.fallen:
            return lines
        lines += [
            f"{kind}, fitted again on everything known, is not plausible: {why}"
            for kind, why in self.fallen.items()
        ]
        if self.winner.kind in self.fallen:
            return [
                *lines,
                f"no candidate is plausible: {self.winner.kind} stays, its batches are held",
            ]
        return [
            *lines,
            f"{self.winner.kind}, the next by order, level and error, is champion instead",
        ]

    @property
    def why(self) -> str:
        """Say in a sentence why the winner won, and why the row above it did not."""
        if self.fallen and self.winner.kind not in self.fallen:
            return (
                f"{self.winner.kind} stands in for {', '.join(self.fallen)}, whose fit on everything "
                "known is not plausible"
            )
        won = [comparison.verdict for comparison in self.comparisons if comparison.won]
        first = (
            won[-1]
            if won
            else f"{self.winner.kind} is the default, and no other candidate was shown to be better "
            "by order, level and error together"
        )
        place = self.entries.index(self.winner)
        return f"{first}; {self._above(self.entries[place - 1])}" if place else first

    def _above(self, entry: Entry) -> str:
        """Say why a candidate of lower RMSE on the newest window is not the winner."""
        lower = f"{entry.kind} has the lower RMSE on the newest window, but "
        for found in self.comparisons:
            if {found.challenger, found.holder} == {entry.kind, self.winner.kind}:
                change = found.loss_change * (1 if found.challenger == entry.kind else -1)
                if change < 0:
                    return lower + "over all judged windows it is not better beyond chance"
                return lower + "by order, level and error over all judged windows it is worse"
        return (
            lower + "another one of its kind was better over all judged windows, or it was beaten"
        )


def hold_contest(
    training_set: pd.DataFrame, plan: Plan, seed: int, daily: pd.DataFrame | None = None
) -> Contest:
    """Judge every candidate on the plan's windows, and fit the winner on all that is known.

    Parameters
    ----------
    training_set : DataFrame of shape (customers of all windows, features + labels)
        The model `int_clv__training_set` for `plan.windows`, sorted by customer_id within a window.
    daily : DataFrame of shape (days, 3), optional
        Purchases by day, for the season clock.

    Raises
    ------
    ClvError
        When nobody bought in the history of the judged window.
    """
    with threadpool_limits(1, user_api="blas"):  # the same last digits for any number of threads
        return _hold_contest(training_set, plan, seed, daily)


def _hold_contest(
    training_set: pd.DataFrame, plan: Plan, seed: int, daily: pd.DataFrame | None
) -> Contest:
    started = time.perf_counter()
    judged_cutoffs = {fold.judged.cutoff for fold in plan.folds}
    attributed = texts_of(training_set) is not None
    examples = Examples(in_memory(training_set), plan.data_from, judged_cutoffs, daily, attributed)
    windows, reasons = _judge_all(examples, plan, seed)
    title, comparisons = _title(windows, seed)
    entries = _entries(windows, reasons)
    winner, champion, fallen = first_plausible(
        # attributes are no stand-in: they hold the title where they were shown to be better, or never
        [title, *(kind for kind in by_loss(windows) if kind not in TWINS)],
        lambda winner: deploy(examples, plan, winner, seed),
        windows,
    )
    return Contest(
        entries,
        comparisons,
        next(entry for entry in entries if entry.kind == winner.kind),
        champion,
        windows[0].predictions[winner.kind],
        coverage(winner),
        time.perf_counter() - started,
        fallen,
        brought(windows, title, texts_of(training_set), seed),
    )


def _judge_all(
    examples: Examples, plan: Plan, seed: int
) -> tuple[list[JudgedWindow], dict[str, str]]:
    """Return the judged windows, the newest full one first, and why a kind is lacking in one."""
    folds = [fold for fold in plan.folds if len(examples.rows(fold.judged))]
    if not folds or folds[0] is not plan.folds[0]:
        raise ClvError(
            f"nobody bought in the {plan.chosen.history_months} months up to "
            f"{plan.folds[0].judged.cutoff}. Choose another --cutoff."
        )
    windows: list[JudgedWindow] = []
    reasons: dict[str, str] = {}
    for fold in progress(folds, "judging"):
        verdicts = judge(examples, fold, seed)
        reasons = verdicts.reasons | reasons
        labelled = examples.labelled(fold.judged, fold.judged.cutoff)
        customers = examples.rows(fold.judged)["customer_id"]
        windows.append(
            JudgedWindow(
                fold.judged,
                customers,
                labelled.actual,
                labelled.encoded.pred_days,
                verdicts.predictions,
            )
        )
    return windows, reasons


def _title(windows: list[JudgedWindow], seed: int) -> tuple[str, list[PairedComparison]]:
    """Let the best of each level, from the simplest on, challenge the holder of the title.

    The first holder is the blend, the simplest rule where it could not be judged.
    """
    shared = shared_kinds(windows)
    best_first = by_loss(windows)
    holder = BLEND if BLEND in shared else shared[0]
    comparisons: list[PairedComparison] = []
    for _, kinds in (*LEVELS, ATTRIBUTE_LEVEL):
        present = [kind for kind in kinds if kind in shared and kind != holder]
        if not present:
            continue
        comparisons.append(compare(min(present, key=best_first.index), holder, windows, seed))
        holder = comparisons[-1].challenger if comparisons[-1].won else holder
    return holder, comparisons


def _entries(windows: list[JudgedWindow], reasons: dict[str, str]) -> list[Entry]:
    entries = []
    newest = windows[0]
    for level, kinds in (*LEVELS, ATTRIBUTE_LEVEL):
        for kind in kinds:
            if kind in TWINS and kind not in newest.predictions and kind not in reasons:
                continue  # no attributes are known
            if kind not in newest.predictions:
                reason = reasons.get(kind, "a model that it needs could not be fitted")
                entries.append(Entry(kind, level, None, reason))
                continue
            accuracies = {
                str(w.window): measure(w.predictions[kind], w.actual)
                for w in windows
                if kind in w.predictions
            }
            deciles = decile_calibration(newest.predictions[kind], newest.actual)
            accuracy = accuracies[str(newest.window)]
            entries.append(Entry(kind, level, accuracy, None, accuracies, deciles))
    return sorted(entries, key=lambda e: e.accuracy.rmse if e.accuracy else np.inf)
