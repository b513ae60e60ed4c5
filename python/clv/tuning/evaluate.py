"""How good the candidates are in one cell of the grid at one cutoff, out-of-time.

Naive rules and BTYD models are fitted on features as of the cutoff, from which the labels were
taken away before. Learning candidates learn from earlier windows whose labels had closed by then
(`clv.training.examples`). The labels of the judged window serve for judging alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from clv.core.arrays import Vector, column
from clv.core.window import Window
from clv.prediction.accuracy import measure
from clv.prediction.encoder import BTYD, LEARNER_MODELS, Encoded, Encoder, btyd_kind, without_labels
from clv.prediction.learners import LINEAR, WEIGHTED, Targets, fit_learner
from clv.prediction.naive import RULES
from clv.training.examples import Examples, Lessons
from clv.training.judge import overflows
from clv.training.plan import Fold
from clv.training.train import SEED

# Pareto/NBD is left out: its fit takes ten times as long as the others' and differs from them by
# about 1 % of RMSE. Trees, boosting and the blend are left out for the same reason: a search has
# many fits, and the contest of `clv train` still holds them.
NAIVE_KINDS = RULES
LEARNING_KINDS = (WEIGHTED, LINEAR)
KINDS = (*RULES, *(btyd_kind(model) for model in LEARNER_MODELS), *LEARNING_KINDS)


@dataclass(frozen=True)
class Attempt:
    """What a kind predicted, shape (n,), or the reason why it could not be used."""

    prediction: Vector | None
    reason: str | None
    fitted_on: int
    windows: tuple[Window, ...] = ()


def evaluate(examples: Examples, fold: Fold, shared: set[str]) -> list[dict[str, Any]]:
    """Fit every kind of candidate and judge it on the fold's window.

    Parameters
    ----------
    shared : set of str
        The customers to judge on: those that stand in every history compared at this cutoff.

    Returns
    -------
    list of dict
        A result per kind; `left_out_because` where the kind could not be used.
    """
    rows = examples.rows(fold.judged)
    encoder = examples.encoder(fold.judged, fold.judged.cutoff, rows)
    judged = rows[rows["customer_id"].isin(shared)]
    encoded = encoder.encode(without_labels(judged))
    with threadpool_limits(1, user_api="blas"):  # the same last digits for any number of threads
        attempts = _rules(encoder, encoded, len(rows)) | _learners(examples, fold, encoded)
    actual = column(judged, "actual_clv")
    pred_days = int(judged["pred_days"].iloc[0])
    results = []
    for kind in KINDS:
        attempt = attempts[kind]
        result: dict[str, Any] = {
            "cutoff": fold.judged.cutoff.isoformat(),
            "history_months": fold.judged.history_months,
            "pred_months": fold.judged.pred_months,
            "kind": kind,
            "pred_days": pred_days,
            "window_end": pd.Timestamp(judged["window_end"].iloc[0]).date().isoformat(),
            "fitted_on": attempt.fitted_on,
            "learnt_from": " ".join(str(w) for w in attempt.windows) or None,
            "labels_through": max(
                (w.labels_end.isoformat() for w in attempt.windows), default=None
            ),
            "left_out_because": attempt.reason,
        }
        if attempt.prediction is not None:
            accuracy = measure(attempt.prediction, actual)
            result |= accuracy.to_dict()
            result["rmse_per_30_days"] = accuracy.rmse * 30 / pred_days
        results.append(result)
    return results


def _rules(encoder: Encoder, encoded: Encoded, customers: int) -> dict[str, Attempt]:
    """Return what the naive rules and the BTYD models predict: encoding has made it."""
    attempts = {}
    for kind in (*RULES, *(btyd_kind(model) for model in LEARNER_MODELS)):
        broken = encoded.overflowed.get(kind, 0)
        if kind in BTYD and (kind not in encoded.expectations or broken):
            overflow = f"{broken} of {len(encoded.offset)} predictions overflowed or were negative"
            reason = encoder.failures.get(kind, overflow)
            attempts[kind] = Attempt(None, reason, customers)
        else:
            attempts[kind] = Attempt(encoded.expectations[kind], None, customers)
    return attempts


def _learners(examples: Examples, fold: Fold, encoded: Encoded) -> dict[str, Attempt]:
    """Return what the learning candidates predict after learning from closed labels."""
    windows = examples.usable(fold.learnt_from, fold.judged.cutoff)
    if not windows:
        reason = (
            f"no labels had closed by {fold.judged.cutoff} with enough customers and history "
            "before them to learn from"
        )
        return {kind: Attempt(None, reason, 0) for kind in LEARNING_KINDS}
    lessons = examples.pooled(windows, fold.judged.cutoff)
    return {kind: _learner(kind, lessons, encoded) for kind in LEARNING_KINDS}


def _learner(kind: str, lessons: Lessons, encoded: Encoded) -> Attempt:
    fitted_on, windows = len(lessons.actual), lessons.windows
    try:
        targets = Targets(lessons.actual, lessons.weight)
        prediction = fit_learner(kind, lessons.encoded, targets, SEED).expect(encoded)
    except (ValueError, np.linalg.LinAlgError) as error:
        return Attempt(None, f"it could not be fitted: {error}", fitted_on, windows)
    if broken := overflows(prediction):
        reason = f"{broken} of {len(prediction)} predictions overflowed"
        return Attempt(None, reason, fitted_on, windows)
    return Attempt(prediction, None, fitted_on, windows)
