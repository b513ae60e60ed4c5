"""How good the candidates are with one history window as of one cutoff, for several predictions.

A candidate is fitted on features as of the cutoff, from which the labels were taken away before.
The labels serve for judging alone, so nothing that is learned reaches past the cutoff.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from clv.inputs import BTYD, Inputs, Reader, btyd_kind
from clv.metrics import measure
from clv.naive import RULES, column

# Pareto/NBD is left out: its fit takes ten times as long as the others' and differs from them by
# about 1 % of RMSE. A search has many fits, and the contest of `clv train` still holds it.
MODELS = ("bg_nbd", "mbg_nbd")
NAIVE_KINDS = RULES
KINDS = (*RULES, *(btyd_kind(model) for model in MODELS))
LABELS = ("actual_clv", "actual_purchases")


def evaluate(rows: pd.DataFrame, shared: set[str], data_from: dt.date) -> list[dict[str, Any]]:
    """Fit every kind once and judge it on every prediction window.

    Parameters
    ----------
    rows : DataFrame
        The rows of `training_set` of one cutoff and history, several pred_months.
    shared : set of str
        The customers to judge on: those that stand in every history compared at this cutoff.
    data_from : date
        The first day of the log, where histories that begin before it are cut off.

    Returns
    -------
    list of dict
        A result per kind and pred_months; `left_out_because` where the kind could not be used.
    """
    windows = {int(w["pred_months"].iloc[0]): w for _, w in rows.groupby("pred_months")}
    population = without_labels(next(iter(windows.values())))
    reader = Reader.fit(population, data_from, MODELS)
    results = []
    for pred_months, window in windows.items():
        judged = window[window["customer_id"].isin(shared)]
        inputs = reader.read(without_labels(judged))
        for kind in KINDS:
            result = _judge(kind, reader, inputs, judged)
            results.append(
                {"kind": kind, "pred_months": pred_months, "fitted_on": len(window), **result}
            )
    return results


def without_labels(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the features alone."""
    return rows.drop(columns=[*LABELS])


def _judge(kind: str, reader: Reader, inputs: Inputs, judged: pd.DataFrame) -> dict[str, Any]:
    broken = inputs.overflowed.get(kind, 0)
    if kind in BTYD and (kind not in inputs.expectations or broken):
        overflow = f"{broken} of {len(judged)} predictions overflowed or were negative"
        return {"left_out_because": reader.failures.get(kind, overflow)}
    accuracy = measure(inputs.expectations[kind], column(judged, "actual_clv"))
    pred_days = int(judged["pred_days"].iloc[0])
    return {
        **accuracy.to_dict(),
        "rmse_per_30_days": accuracy.rmse * 30 / pred_days,
        "pred_days": pred_days,
        "window_end": judged["window_end"].iloc[0].date().isoformat(),
        "left_out_because": None,
    }
