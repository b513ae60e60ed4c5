"""Candidates judged out-of-time: what each predicts of a window that it has not seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clv.core.arrays import Vector
from clv.core.window import Window
from clv.prediction.candidates import BLENDS, Candidate, PopulationMean, Rule, level_of, pool
from clv.prediction.encoder import BTYD, Encoded
from clv.prediction.learners import LEARNERS, WITH_ATTRIBUTES, Targets, fit_learner
from clv.prediction.naive import MEAN, RULES
from clv.training.examples import SMALLEST_ORIGIN, Examples
from clv.training.plan import Fold

PARTS = 5  # of the customers, where there is nothing earlier to learn from
LARGEST = 1e100  # a larger prediction is an overflow: its square is no number


@dataclass(frozen=True)
class Verdicts:
    """What the candidates predict of a window, and why some do not.

    Attributes
    ----------
    predictions : dict of arrays of shape (n,)
        By kind, finite.
    reasons : dict of str
        Why a kind has none.
    """

    predictions: dict[str, Vector]
    reasons: dict[str, str]


def judge(examples: Examples, fold: Fold, seed: int) -> Verdicts:
    """Let every candidate predict a window that it has not seen."""
    judged_at = fold.judged.cutoff
    encoded = examples.labelled(fold.judged, judged_at).encoded
    customers = len(encoded.offset)
    reasons = dict(examples.encoder(fold.judged, judged_at).failures)
    predictions = {kind: Rule(kind).expect(encoded) for kind in RULES}
    for kind in BTYD:
        if broken := encoded.overflowed.get(kind, 0):
            reasons[kind] = f"{broken} of {customers} predictions overflowed or were negative"
        elif kind in encoded.expectations:
            predictions[kind] = Rule(kind).expect(encoded)
    windows = examples.usable(fold.learnt_from, judged_at)
    attributed = WITH_ATTRIBUTES.values() if examples.attributed else ()
    for kind in (MEAN, *LEARNERS, *attributed):
        try:
            if windows:
                learnt = fit(kind, examples, windows, judged_at, seed)
                predictions[kind] = learnt.expect(encoded)
            elif customers < 2 * SMALLEST_ORIGIN:
                reasons[kind] = f"only {customers} customers to learn from"
            else:
                predictions[kind] = _out_of_fold(kind, examples, fold.judged, seed)
        except (ValueError, np.linalg.LinAlgError) as error:
            reasons[kind] = f"it could not be fitted: {error}"
    for kind in [k for k, p in predictions.items() if overflows(p)]:
        broken = overflows(predictions.pop(kind))
        reasons[kind] = f"{broken} of {customers} predictions overflowed"
    for blend, members in BLENDS.items():
        parts = {kind: predictions[kind] for kind in members if kind in predictions}
        if parts:
            pooled = pool(encoded, parts)
            predictions[blend] = level_of(encoded, pooled) * pooled
    return Verdicts(predictions, reasons)


def overflows(predicted: Vector) -> int:
    """Return how many predictions are no number, or too large to be one."""
    return int((~(np.abs(predicted) < LARGEST)).sum())


def fit(
    kind: str, examples: Examples, windows: Sequence[Window], known_through: dt.date, seed: int
) -> Candidate:
    """Fit a learning candidate on the labels of several windows."""
    lessons = examples.pooled(windows, known_through)
    return _fit_on(kind, lessons.encoded, Targets(lessons.actual, lessons.weight), seed)


def _fit_on(kind: str, encoded: Encoded, targets: Targets, seed: int) -> Candidate:
    if kind == MEAN:
        days = float(np.dot(targets.weight, encoded.pred_days))
        return PopulationMean(float(np.dot(targets.weight, targets.actual)) / days)
    return fit_learner(kind, encoded, targets, seed)


def _out_of_fold(kind: str, examples: Examples, window: Window, seed: int) -> Vector:
    labelled = examples.labelled(window, window.cutoff)
    encoded, actual = labelled.encoded, labelled.actual
    part = np.random.default_rng(seed).permutation(len(actual)) % PARTS
    predicted = np.empty(len(actual))
    for one in range(PARTS):
        inside, outside = np.flatnonzero(part == one), np.flatnonzero(part != one)
        targets = Targets(actual[outside], np.ones(len(outside)))
        learnt = _fit_on(kind, encoded.rows(outside), targets, seed)
        predicted[inside] = learnt.expect(encoded.rows(inside))
    return predicted
