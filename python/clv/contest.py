"""The contest: rolling origins, every candidate judged on windows that it has not seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from clv.bounds import Bounds
from clv.btyd import PURCHASE_MODELS
from clv.candidates import (
    BLEND,
    LEVELS,
    Blend,
    Candidate,
    PopulationMean,
    Rule,
    blend_weights,
)
from clv.champion import Champion
from clv.duel import Duel, Judged, fight
from clv.errors import ClvError
from clv.habits import Habits
from clv.inputs import BTYD, SEEN, Inputs, Reader, stacked
from clv.messages import progress
from clv.metrics import Accuracy, decile_calibration, measure
from clv.naive import MEAN, RULES, Vector, column
from clv.origins import Fold, Origin, Plan
from clv.regressors import LEARNERS, fit_learner

PARTS = 5  # of the customers, where there is nothing earlier to learn from
LARGEST = 1e100  # a larger prediction is an overflow: its square is no number
FEWEST = 30  # customers of an origin that is learnt from


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


class Frames:
    """Features and labels of the origins, and their Inputs, each read once."""

    def __init__(self, training_set: pd.DataFrame, plan: Plan) -> None:
        self.plan = plan
        cutoffs = pd.to_datetime(training_set["cutoff"]).dt.date
        keys = zip(cutoffs, training_set["pred_months"].astype(int), strict=True)
        codes, distinct = pd.factorize(pd.Series(list(keys), dtype=object))
        self._frames = {
            key: training_set[codes == code].reset_index(drop=True)
            for code, key in enumerate(distinct)
        }
        self._readers: dict[Any, Reader] = {}
        self._judged = {plan.known_through, *(fold.judged.cutoff for fold in plan.folds)}
        self._inputs: dict[Origin, Inputs] = {}

    def frame(self, origin: Origin) -> pd.DataFrame | None:
        """Return the rows of an origin; None where nobody bought in its history."""
        return self._frames.get((origin.cutoff, origin.pred_months))

    def reader(self, origin: Origin) -> Reader:
        """Return the reader fitted on the history up to the origin's cutoff."""
        if origin.cutoff not in self._readers:
            frame = self._frames[(origin.cutoff, origin.pred_months)]
            models = tuple(PURCHASE_MODELS) if origin.cutoff in self._judged else SEEN
            self._readers[origin.cutoff] = Reader.fit(frame, self.plan.data_from, models)
        return self._readers[origin.cutoff]

    def inputs(self, origin: Origin) -> Inputs:
        """Return what candidates see of an origin's customers."""
        if origin not in self._inputs:
            frame = self._frames[(origin.cutoff, origin.pred_months)]
            self._inputs[origin] = self.reader(origin).read(frame)
        return self._inputs[origin]

    def usable(self, origins: tuple[Origin, ...]) -> list[Origin]:
        """Return the origins with enough customers to learn from."""
        return [o for o in origins if (f := self.frame(o)) is not None and len(f) >= FEWEST]


def hold_contest(training_set: pd.DataFrame, plan: Plan, seed: int) -> Contest:
    """Judge every candidate on the plan's windows, and fit the winner on all that is known.

    Parameters
    ----------
    training_set : DataFrame of shape (customers of all windows, features + labels)
        The model `training_set` for `plan.windows`, sorted by customer_id within a window.

    Raises
    ------
    ClvError
        When nobody bought in the history of the judged window.
    """
    started = time.perf_counter()
    frames = Frames(training_set, plan)
    folds = [fold for fold in plan.folds if frames.frame(fold.judged) is not None]
    if not folds or folds[0] is not plan.folds[0]:
        raise ClvError(
            f"nobody bought in the {plan.history_months} months up to "
            f"{plan.folds[0].judged.cutoff}. Choose another --cutoff."
        )
    windows: list[Judged] = []
    reasons: dict[str, str] = {}
    for fold in progress(folds, "judging"):
        predictions, why = _judge(frames, fold, seed)
        reasons = why | reasons
        frame = frames.frame(fold.judged)
        assert frame is not None
        windows.append(Judged(frame["customer_id"], column(frame, "actual_clv"), predictions))
    for fold, window in zip(folds, windows, strict=True):
        _blend_in(window.predictions, _closed(folds, windows, fold.judged))
    shared = [k for k in windows[0].predictions if all(k in w.predictions for w in windows)]
    title, duels = _title(windows, shared, seed)
    entries = _entries(folds, windows, reasons)
    winner = next(entry for entry in entries if entry.kind == title)
    champion = _champion(frames, title, windows, folds, seed)
    return Contest(
        entries, duels, winner, champion, windows[0].predictions[title],
        _coverage(windows, folds, frames, title),
        time.perf_counter() - started,
    )  # fmt: skip


def _judge(frames: Frames, fold: Fold, seed: int) -> tuple[dict[str, Vector], dict[str, str]]:
    """Return every candidate's prediction of the judged window, and why others have none."""
    inputs, reader = frames.inputs(fold.judged), frames.reader(fold.judged)
    reasons = dict(reader.failures)
    predictions = {kind: Rule(kind).expect(inputs) for kind in RULES}
    for kind in BTYD:
        if broken := inputs.overflowed.get(kind, 0):
            n = len(inputs.offset)
            reasons[kind] = f"{broken} of {n} predictions overflowed or were negative"
        elif kind in inputs.expectations:
            predictions[kind] = Rule(kind).expect(inputs)
    origins = frames.usable(fold.learnt_from)
    for kind in (MEAN, *LEARNERS):
        try:
            if origins:
                learnt = _fit(kind, frames, origins, fold.judged.cutoff, seed)
                predictions[kind] = learnt.expect(inputs)
            elif len(inputs.offset) < 2 * FEWEST:
                reasons[kind] = f"only {len(inputs.offset)} customers to learn from"
            else:
                predictions[kind] = _out_of_fold(kind, frames, fold.judged, seed)
        except (ValueError, np.linalg.LinAlgError) as error:
            reasons[kind] = f"it could not be fitted: {error}"
    for kind in [k for k, p in predictions.items() if not (np.abs(p) < LARGEST).all()]:
        broken = int((~(np.abs(predictions.pop(kind)) < LARGEST)).sum())
        reasons[kind] = f"{broken} of {len(inputs.offset)} predictions overflowed"
    return predictions, reasons


def _fit(
    kind: str, frames: Frames, origins: list[Origin], known_through: Any, seed: int
) -> Candidate:
    inputs, weight = _pooled(frames, origins, known_through)
    actual = np.concatenate([_labels(frames, o, "actual_clv") for o in origins])
    return _fit_on(kind, inputs, actual, weight, seed)


def _fit_on(kind: str, inputs: Inputs, actual: Vector, weight: Vector, seed: int) -> Candidate:
    if kind == MEAN:
        days = float(np.dot(weight, inputs.pred_days))
        return PopulationMean(float(np.dot(weight, actual)) / days)
    return fit_learner(kind, inputs, actual, weight, seed)


def _pooled(frames: Frames, origins: list[Origin], known_through: Any) -> tuple[Inputs, Vector]:
    parts = [frames.inputs(o) for o in origins]
    weights = [
        np.full(len(part.offset), frames.plan.weight(o, known_through))
        for o, part in zip(origins, parts, strict=True)
    ]
    return stacked(parts), np.concatenate(weights)


def _labels(frames: Frames, origin: Origin, name: str) -> Vector:
    frame = frames.frame(origin)
    assert frame is not None
    return column(frame, name)


def _out_of_fold(kind: str, frames: Frames, origin: Origin, seed: int) -> Vector:
    inputs, actual = frames.inputs(origin), _labels(frames, origin, "actual_clv")
    part = np.random.default_rng(seed).permutation(len(actual)) % PARTS
    predicted = np.empty(len(actual))
    for one in range(PARTS):
        inside, outside = np.flatnonzero(part == one), np.flatnonzero(part != one)
        learnt = _fit_on(kind, inputs.rows(outside), actual[outside], np.ones(len(outside)), seed)
        predicted[inside] = learnt.expect(inputs.rows(inside))
    return predicted


def _closed(folds: list[Fold], windows: list[Judged], judged: Origin) -> list[Judged]:
    """Return the windows whose labels had ended when the judged one began."""
    pairs = zip(folds, windows, strict=True)
    return [w for fold, w in pairs if fold.judged.labels_end <= judged.cutoff]


def _blend_in(predictions: dict[str, Vector], earlier: list[Judged]) -> None:
    """Add the blend, with weights from windows that had closed before this one began."""
    weights = blend_weights([w.predictions for w in earlier], [w.actual for w in earlier])
    if all(kind in predictions for kind in weights):
        predictions[BLEND] = np.sum([w * predictions[k] for k, w in weights.items()], axis=0)


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


def _champion(
    frames: Frames, title: str, windows: list[Judged], folds: list[Fold], seed: int
) -> Champion:
    """Fit the winner on everything known: all origins, and BTYD on the last known day."""
    plan = frames.plan
    last = Origin(plan.known_through, plan.chosen.pred_months)
    frame = frames.frame(last)
    reader = frames.reader(last if frame is not None else folds[0].judged)
    origins = frames.usable(plan.deployed) or [folds[0].judged]
    fit: Callable[[str], Candidate] = lambda kind: (  # noqa: E731
        Rule(kind)
        if kind in RULES or kind in BTYD
        else _fit(kind, frames, origins, plan.known_through, seed)
    )
    if title == BLEND:
        weights = blend_weights([w.predictions for w in windows], [w.actual for w in windows])
        if missing := [k for k in weights if k in BTYD and _btyd_name(k) not in reader.purchases]:
            kept = {k: w for k, w in weights.items() if k not in missing}
            scale = sum(weights.values()) / sum(kept.values())
            weights = {k: w * scale for k, w in kept.items()}
        candidate: Candidate = Blend(weights, {kind: fit(kind) for kind in weights})
    else:
        if title in BTYD and _btyd_name(title) not in reader.purchases:
            reader = frames.reader(folds[0].judged)
        candidate = fit(title)
    inputs, weight = _pooled(frames, origins, plan.known_through)
    purchases = np.concatenate([_labels(frames, o, "actual_purchases") for o in origins])
    bounds = Bounds.fit(*_calibration(windows, folds, frames, title))
    return Champion(reader, candidate, Habits.fit(inputs, purchases, weight, seed), bounds)


def _calibration(
    windows: list[Judged], folds: list[Fold], frames: Frames, title: str
) -> tuple[list[Vector], list[Vector], list[Vector]]:
    return (
        [w.predictions[title] for w in windows],
        [w.actual for w in windows],
        [frames.inputs(fold.judged).pred_days for fold in folds],
    )


def _coverage(
    windows: list[Judged], folds: list[Fold], frames: Frames, title: str
) -> dict[str, float]:
    """Return how many customers of the newest window lie outside bounds of the older ones."""
    if len(windows) < 2:
        return {}
    predicted, actual, days = _calibration(windows, folds, frames, title)
    lower, upper = Bounds.fit(predicted[1:], actual[1:], days[1:]).customers(predicted[0], days[0])
    buyers = upper > 0
    return {
        "above_upper": float(np.mean(actual[0] > upper)),
        "below_lower": float(np.mean(actual[0] < lower)),
        "above_upper_where_positive": float(np.mean(actual[0][buyers] > upper[buyers]))
        if buyers.any()
        else 0.0,
    }


def _btyd_name(kind: str) -> str:
    return kind.removesuffix("_gamma_gamma")
