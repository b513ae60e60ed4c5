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
from clv.prediction.accuracy import measure
from clv.prediction.encoder import BTYD, SEEN, Inputs, Reader, btyd_kind, without_labels
from clv.prediction.learners import LINEAR, WEIGHTED, fit_learner
from clv.prediction.naive import RULES
from clv.training.examples import History, Lessons, Task
from clv.training.judge import LARGEST
from clv.training.plan import Origin
from clv.training.train import SEED

# Pareto/NBD is left out: its fit takes ten times as long as the others' and differs from them by
# about 1 % of RMSE. Trees, boosting and the blend are left out for the same reason: a search has
# many fits, and the contest of `clv train` still holds them.
NAIVE_KINDS = RULES
LEARNING_KINDS = (WEIGHTED, LINEAR)
KINDS = (*RULES, *(btyd_kind(model) for model in SEEN), *LEARNING_KINDS)


@dataclass(frozen=True)
class Attempt:
    """What a kind predicted, shape (n,), or the reason why it could not be used."""

    prediction: Vector | None
    reason: str | None
    fitted_on: int
    origins: tuple[Origin, ...] = ()


def evaluate(history: History, task: Task, shared: set[str]) -> list[dict[str, Any]]:
    """Fit every kind of candidate and judge it on the task's window.

    Parameters
    ----------
    history : History
        The windows with the task's length of history.
    shared : set of str
        The customers to judge on: those that stand in every history compared at this cutoff.

    Returns
    -------
    list of dict
        A result per kind; `left_out_because` where the kind could not be used.
    """
    window = history.rows(task.judged)
    reader = history.reader(task.judged, window)
    judged = window[window["customer_id"].isin(shared)]
    inputs = reader.read(without_labels(judged))
    with threadpool_limits(1, user_api="blas"):  # small products: more threads only spin
        attempts = _rules(reader, inputs, len(window)) | _learners(history, task, inputs)
    actual = column(judged, "actual_clv")
    pred_days = int(judged["pred_days"].iloc[0])
    results = []
    for kind in KINDS:
        attempt = attempts[kind]
        result: dict[str, Any] = {
            "cutoff": task.judged.cutoff.isoformat(),
            "history_months": task.history_months,
            "pred_months": task.judged.pred_months,
            "kind": kind,
            "pred_days": pred_days,
            "window_end": pd.Timestamp(judged["window_end"].iloc[0]).date().isoformat(),
            "fitted_on": attempt.fitted_on,
            "learnt_from": " ".join(str(o) for o in attempt.origins) or None,
            "labels_through": max(
                (o.labels_end.isoformat() for o in attempt.origins), default=None
            ),
            "left_out_because": attempt.reason,
        }
        if attempt.prediction is not None:
            accuracy = measure(attempt.prediction, actual)
            result |= accuracy.to_dict()
            result["rmse_per_30_days"] = accuracy.rmse * 30 / pred_days
        results.append(result)
    return results


def _rules(reader: Reader, inputs: Inputs, customers: int) -> dict[str, Attempt]:
    """Return what the naive rules and the BTYD models predict: the inputs hold it."""
    attempts = {}
    for kind in (*RULES, *(btyd_kind(model) for model in SEEN)):
        broken = inputs.overflowed.get(kind, 0)
        if kind in BTYD and (kind not in inputs.expectations or broken):
            overflow = f"{broken} of {len(inputs.offset)} predictions overflowed or were negative"
            reason = reader.failures.get(kind, overflow)
            attempts[kind] = Attempt(None, reason, customers)
        else:
            attempts[kind] = Attempt(inputs.expectations[kind], None, customers)
    return attempts


def _learners(history: History, task: Task, inputs: Inputs) -> dict[str, Attempt]:
    """Return what the learning candidates predict after learning from closed labels."""
    lessons = history.lessons(task)
    if lessons is None:
        reason = (
            f"no labels had closed by {task.judged.cutoff} with enough customers and history "
            "before them to learn from"
        )
        return {kind: Attempt(None, reason, 0) for kind in LEARNING_KINDS}
    return {kind: _learner(kind, lessons, inputs) for kind in LEARNING_KINDS}


def _learner(kind: str, lessons: Lessons, inputs: Inputs) -> Attempt:
    fitted_on, origins = len(lessons.actual), lessons.origins
    try:
        learner = fit_learner(kind, lessons.inputs, lessons.actual, lessons.weight, SEED)
        prediction = learner.expect(inputs)
    except (ValueError, np.linalg.LinAlgError) as error:
        return Attempt(None, f"it could not be fitted: {error}", fitted_on, origins)
    if broken := int((~(np.abs(prediction) < LARGEST)).sum()):
        reason = f"{broken} of {len(prediction)} predictions overflowed"
        return Attempt(None, reason, fitted_on, origins)
    return Attempt(prediction, None, fitted_on, origins)
