"""Candidates judged out-of-time: what each predicts of a window that it has not seen."""

from __future__ import annotations

import datetime as dt

import numpy as np

from clv.core.arrays import Vector
from clv.prediction.candidates import BLEND, Candidate, PopulationMean, Rule, blend_weights
from clv.prediction.encoder import BTYD, Inputs
from clv.prediction.learners import LEARNERS, fit_learner
from clv.prediction.naive import MEAN, RULES
from clv.training.frames import FEWEST, Frames
from clv.training.plan import Fold, Origin
from clv.training.title import Judged

PARTS = 5  # of the customers, where there is nothing earlier to learn from
LARGEST = 1e100  # a larger prediction is an overflow: its square is no number


def judge(frames: Frames, fold: Fold, seed: int) -> tuple[dict[str, Vector], dict[str, str]]:
    """Let every candidate but the blend predict a window that it has not seen.

    Returns
    -------
    predictions : dict of arrays of shape (n,)
        By kind, finite.
    reasons : dict of str
        Why a kind has none.
    """
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
                learnt = fit(kind, frames, origins, fold.judged.cutoff, seed)
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


def fit(
    kind: str, frames: Frames, origins: list[Origin], known_through: dt.date, seed: int
) -> Candidate:
    """Fit a learning candidate on the labels of several origins."""
    inputs, weight = frames.pooled(origins, known_through)
    return _fit_on(kind, inputs, frames.pooled_labels(origins), weight, seed)


def _fit_on(kind: str, inputs: Inputs, actual: Vector, weight: Vector, seed: int) -> Candidate:
    if kind == MEAN:
        days = float(np.dot(weight, inputs.pred_days))
        return PopulationMean(float(np.dot(weight, actual)) / days)
    return fit_learner(kind, inputs, actual, weight, seed)


def _out_of_fold(kind: str, frames: Frames, origin: Origin, seed: int) -> Vector:
    inputs, actual = frames.inputs(origin), frames.labels(origin)
    part = np.random.default_rng(seed).permutation(len(actual)) % PARTS
    predicted = np.empty(len(actual))
    for one in range(PARTS):
        inside, outside = np.flatnonzero(part == one), np.flatnonzero(part != one)
        learnt = _fit_on(kind, inputs.rows(outside), actual[outside], np.ones(len(outside)), seed)
        predicted[inside] = learnt.expect(inputs.rows(inside))
    return predicted


def closed(folds: list[Fold], windows: list[Judged], judged: Origin) -> list[Judged]:
    """Return the windows whose labels had ended when the judged one began."""
    pairs = zip(folds, windows, strict=True)
    return [w for fold, w in pairs if fold.judged.labels_end <= judged.cutoff]


def blend_in(predictions: dict[str, Vector], earlier: list[Judged]) -> None:
    """Add the blend, with weights from windows that had closed before this one began."""
    weights = blend_weights([w.predictions for w in earlier], [w.actual for w in earlier])
    if all(kind in predictions for kind in weights):
        predictions[BLEND] = np.sum([w * predictions[k] for k, w in weights.items()], axis=0)
