"""The winner of the contest made champion: fitted on all that is known, with bounds and habits."""

from __future__ import annotations

import numpy as np

from clv.core.arrays import Vector
from clv.prediction.candidates import BLEND, Blend, Candidate, Rule, blend_weights
from clv.prediction.champion import Champion
from clv.prediction.encoder import BTYD, Reader
from clv.prediction.intervals import Bounds
from clv.prediction.naive import RULES
from clv.prediction.purchases import Habits
from clv.training.frames import Frames
from clv.training.judge import fit
from clv.training.plan import Fold, Origin
from clv.training.title import Judged


def deploy(
    frames: Frames, title: str, windows: list[Judged], folds: list[Fold], seed: int
) -> Champion:
    """Fit the winner on everything known: all origins, and BTYD models on the last known day.

    Parameters
    ----------
    title : str
        Kind of the winner.
    windows, folds : lists, the newest full window first
        What was judged; the blend's weights and the bounds come from it.
    """
    plan = frames.plan
    last = Origin(plan.known_through, plan.chosen.pred_months)
    reader = frames.reader(last if last in frames else folds[0].judged)
    origins = frames.usable(plan.deployed) or [folds[0].judged]

    def fitted(kind: str) -> Candidate:
        if kind in RULES or kind in BTYD:
            return Rule(kind)
        return fit(kind, frames, origins, plan.known_through, seed)

    if title == BLEND:
        weights = _present(
            blend_weights([w.predictions for w in windows], [w.actual for w in windows]), reader
        )
        candidate: Candidate = Blend(weights, {kind: fitted(kind) for kind in weights})
    else:
        if not _has(reader, title):
            reader = frames.reader(folds[0].judged)
        candidate = fitted(title)
    inputs, weight = frames.pooled(origins, plan.known_through)
    purchases = frames.pooled_labels(origins, "actual_purchases")
    return Champion(
        reader,
        candidate,
        Habits.fit(inputs, purchases, weight, seed),
        Bounds.fit(*_calibration(frames, title, windows, folds), relevels=_relevels(title)),
    )


def coverage(
    frames: Frames, title: str, windows: list[Judged], folds: list[Fold]
) -> dict[str, float]:
    """Return how many customers of the newest window lie outside bounds of the older ones."""
    if len(windows) < 2:
        return {}
    predicted, actual, days = _calibration(frames, title, windows, folds)
    older = Bounds.fit(predicted[1:], actual[1:], days[1:], relevels=_relevels(title))
    lower, upper = older.customers(predicted[0], days[0])
    buyers = upper > 0
    above = float(np.mean(actual[0][buyers] > upper[buyers])) if buyers.any() else 0.0
    return {
        "above_upper": float(np.mean(actual[0] > upper)),
        "below_lower": float(np.mean(actual[0] < lower)),
        "above_upper_where_positive": above,
    }


def _relevels(title: str) -> bool:
    """Whether a kind learns the level of spend from labels, and so anew with every fit."""
    return title not in RULES and title not in BTYD


def _calibration(
    frames: Frames, title: str, windows: list[Judged], folds: list[Fold]
) -> tuple[list[Vector], list[Vector], list[Vector]]:
    return (
        [w.predictions[title] for w in windows],
        [w.actual for w in windows],
        [frames.inputs(fold.judged).pred_days for fold in folds],
    )


def _has(reader: Reader, kind: str) -> bool:
    """Whether a reader can give what a kind needs: its BTYD model, if it is one."""
    return kind not in BTYD or kind.removesuffix("_gamma_gamma") in reader.purchases


def _present(weights: dict[str, float], reader: Reader) -> dict[str, float]:
    """Share the weight of BTYD models that the reader lacks among the others."""
    kept = {kind: weight for kind, weight in weights.items() if _has(reader, kind)}
    scale = sum(weights.values()) / sum(kept.values())
    return {kind: weight * scale for kind, weight in kept.items()}
