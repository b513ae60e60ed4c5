"""From the results of a grid search to the winning windows, by a rule that is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv.core.window import WindowLengths
from clv.errors import ClvError
from clv.tuning.evaluate import NAIVE_KINDS

RULE = (
    "Highest mean skill over the origins; among the cells whose mean skill lies within one standard "
    "error of it (that of the best cell's skill over the origins) the longest prediction window, "
    "then the shortest history."
)
KEY = ["history_months", "pred_months"]


@dataclass(frozen=True)
class Choice:
    """The winner, the line that cells had to reach, and a row per cell, best mean skill first."""

    winner: WindowLengths
    bar: float
    summary: pd.DataFrame


def cell_results(raw: list[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per cell and origin.

    The skill is 1 - RMSE / RMSE of the best naive rule, taken over every naive rule and every
    history of the same cutoff and prediction window, so that it orders histories as the RMSE does.
    A cell stands for one kind of candidate: the one with its highest mean skill over the origins,
    not the luckiest one at each of them. A kind that could not be used at one of them does not
    stand for the cell; `left_out_because` says which, and why.

    Parameters
    ----------
    raw : list of dict
        Results of `evaluate`, each with cutoff and history_months.

    Raises
    ------
    ClvError
        When a cell has no kind that could be used at every origin.
    """
    every = pd.DataFrame(raw)
    used = every[every["left_out_because"].isna()]
    naive = (
        used[used["kind"].isin(NAIVE_KINDS)]
        .groupby(["cutoff", "pred_months"])["rmse"]
        .min()
        .rename("naive_rmse")
    )
    used = used.merge(naive, on=["cutoff", "pred_months"], how="left")
    used["naive_rmse_per_30_days"] = used["naive_rmse"] * 30 / used["pred_days"]
    used["skill"] = 1 - used["rmse"] / used["naive_rmse"].where(used["naive_rmse"] > 0)
    origins = every["cutoff"].nunique()
    means = used.groupby([*KEY, "kind"])["skill"].agg(["mean", "count"]).reset_index()
    whole = means[means["count"] == origins].sort_values(["mean", "kind"], ascending=[False, True])
    best = whole.drop_duplicates(KEY)[[*KEY, "kind"]]
    if len(best) < len(every.drop_duplicates(KEY)):
        reasons = (
            "; ".join(sorted(set(every["left_out_because"].dropna())))
            or "the naive rules never erred"
        )
        raise ClvError(f"a cell has no candidate that could be judged at every origin ({reasons}).")
    results = used.merge(best, on=[*KEY, "kind"])
    by_kind = every.pivot(index=[*KEY, "cutoff"], columns="kind", values="rmse").add_prefix("rmse_")
    results = results.merge(by_kind.reset_index(), on=[*KEY, "cutoff"])
    results = results.drop(columns="left_out_because").merge(_left_out(every), how="left")
    whole_numbers = ["customers", "fitted_on", "pred_days"]
    results[whole_numbers] = results[whole_numbers].astype(int)
    return results.sort_values([*KEY, "cutoff"]).reset_index(drop=True)


def _left_out(every: pd.DataFrame) -> pd.DataFrame:
    """Return, per cell and origin where a kind could not be used, which kinds and why."""
    failed = every[every["left_out_because"].notna()]
    reasons = failed["kind"] + ": " + failed["left_out_because"].astype(str)
    grouped = reasons.groupby([failed[name] for name in (*KEY, "cutoff")])
    return grouped.agg("; ".join).rename("left_out_because").reset_index()


def choose(results: pd.DataFrame) -> Choice:
    """Apply RULE to the rows of `cell_results`."""
    grouped = results.groupby(KEY)
    summary = grouped.agg(
        kind=("kind", "first"),
        origins=("skill", "size"),
        skill=("skill", "mean"),
        standard_error=("skill", _standard_error),
        rmse_per_30_days=("rmse_per_30_days", "mean"),
        naive_rmse_per_30_days=("naive_rmse_per_30_days", "mean"),
        r2=("r2", "mean"),
    ).reset_index()
    summary = summary.sort_values(["skill", "pred_months"], ascending=[False, False]).reset_index(
        drop=True
    )
    best = summary.iloc[0]
    bar = float(best["skill"] - best["standard_error"])
    near = summary[summary["skill"] >= bar]
    first = near.sort_values(["pred_months", "history_months"], ascending=[False, True]).iloc[0]
    winner = WindowLengths(int(first["history_months"]), int(first["pred_months"]))
    summary["within_one_standard_error"] = summary["skill"] >= bar
    summary["chosen"] = (summary["history_months"] == winner.history_months) & (
        summary["pred_months"] == winner.pred_months
    )
    return Choice(winner, bar, summary)


def _standard_error(values: pd.Series[float]) -> float:
    """Return the standard error of a mean; 0 for a single origin, which says nothing of it."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
