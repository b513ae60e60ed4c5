"""How good the candidates are with one history window as of one cutoff, for several predictions.

A candidate is fitted on features as of the cutoff, from which the labels were taken away before.
The labels serve for judging alone, so nothing that is learned reaches past the cutoff.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from clv.btyd import NotFittedError
from clv.candidates import KINDS, Candidate, column, fit_candidate
from clv.metrics import measure

DEFAULT_KINDS = ("bg_nbd_gamma_gamma", "mbg_nbd_gamma_gamma")
# Fits ten times as long as the others and differs from them by about 1 % of RMSE: a search has many
# fits, and the contest of `clv train` still holds it.
SLOW_KINDS = ("pareto_nbd_gamma_gamma",)
NAIVE_KINDS = tuple(kind for kind in KINDS if kind.startswith("naive"))
LABELS = ("actual_clv", "actual_purchases")


def kinds_to_try(champion: str | None) -> tuple[str, ...]:
    """Return the naive rules, the quick BTYD candidates, and the champion's kind unless it is slow."""
    wanted = {*NAIVE_KINDS, *DEFAULT_KINDS, champion} - {*SLOW_KINDS}
    return tuple(kind for kind in KINDS if kind in wanted)


def evaluate(rows: pd.DataFrame, shared: set[str], kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Fit every kind once and judge it on every prediction window.

    Parameters
    ----------
    rows : DataFrame
        The rows of `training_set` of one cutoff and history, several pred_months.
    shared : set of str
        The customers to judge on: those that stand in every history compared at this cutoff.

    Returns
    -------
    list of dict
        A result per kind and pred_months; `left_out_because` where the kind could not be used.
    """
    windows = {int(w["pred_months"].iloc[0]): w for _, w in rows.groupby("pred_months")}
    population = without_labels(next(iter(windows.values())))
    results = []
    for kind in kinds:
        try:
            candidate = fit_candidate(kind, population)
        except NotFittedError as error:
            results += [
                {"kind": kind, "pred_months": p, "left_out_because": str(error)} for p in windows
            ]
            continue
        results += [
            {"kind": kind, "pred_months": pred, **_judge(candidate, window, shared)}
            for pred, window in windows.items()
        ]
    return results


def without_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the features alone."""
    return rows.drop(columns=[*LABELS])


def _judge(candidate: Candidate, window: pd.DataFrame, shared: set[str]) -> dict[str, Any]:
    judged = window[window["customer_id"].isin(shared)]
    predicted = column(candidate.predict(without_labels(judged)), "predicted_clv")
    broken = int(np.sum(~np.isfinite(predicted) | (predicted < 0)))
    if broken:
        return {
            "left_out_because": f"{broken} of {len(predicted)} predictions overflowed or were negative"
        }
    accuracy = measure(predicted, column(judged, "actual_clv"))
    pred_days = int(judged["pred_days"].iloc[0])
    per_30_days = accuracy.rmse * 30 / pred_days
    return {
        **accuracy.to_dict(),
        "rmse_per_30_days": per_30_days,
        "pred_days": pred_days,
        "window_end": judged["window_end"].iloc[0].date().isoformat(),
        "fitted_on": len(window),
        "left_out_because": None,
    }
