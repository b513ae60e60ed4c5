"""The words and figures of a drift report: what happened, how sure that is, what to look at next."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clv.core.templates import render_markdown, written
from clv.monitoring.drift import Change, DriftRow
from clv.monitoring.headline import headline

TEMPLATE = Path(__file__).with_name("templates") / "drift_alert.md.j2"
BAR = 30
ALERT, WATCH = "Alert", "Watch"
ANSWERS = {True: "yes", False: "no", None: "cannot be told"}


def report(row: DriftRow, deciles: pd.DataFrame, segments: pd.DataFrame, unlike: str = "") -> str:
    """Write the report of one row of `clv_drift`; its first line says `Alert` or `Watch`.

    What happened is decided there: `severity` and `verdict_reason` pick the words, and nothing is
    judged here.

    Parameters
    ----------
    row : DriftRow
        The row of `clv_drift`.
    deciles : DataFrame
        The batch's rows of `clv_calibration`, in the order of deciles.
    segments : DataFrame
        The batch's rows of `clv_segment_accuracy` that are furthest off.
    unlike : str
        The days of the window that are unlike the log's past, in words; empty without any.
    """
    return render_markdown(
        TEMPLATE,
        row=row,
        severity=ALERT if row.is_alert else WATCH,
        headline=headline(row),
        truth=_truth(row),
        accuracy=_accuracy(row),
        changes=_changes(row),
        picture=_picture(deciles),
        segments=segments,
        unlike=unlike,
    )


def is_watch(text: str) -> bool:
    """Say whether a report is that of a watched batch, which asks for nothing."""
    return text.startswith(f"# {WATCH}:")


def _truth(row: DriftRow) -> pd.DataFrame:
    """Return what the batch came to: total, order and error against what happened."""
    off = "-" if row.total_off_share is None else f"{row.total_off_share:+.0%}"
    before = "-" if row.baseline_total_off is None else f"{row.baseline_total_off:+.0%}"
    rule = "-" if row.naive_total_off is None else f"{row.naive_total_off:+.0%}"
    gini, naive = written(row.normalized_gini, ".3f"), written(row.naive_normalized_gini, ".3f")
    r2, naive_r2 = written(row.r2, ".2f"), written(row.naive_r2, ".2f")
    return pd.DataFrame(
        [
            ["total within 10% of what was spent", ANSWERS[row.total_is_good],
             f"{off} (at training {before}, naive rule {rule})"],
            ["order better than by chance", ANSWERS[row.order_is_good],
             f"normalized Gini {gini} (naive rule {naive})"],
            ["error below that of the mean", ANSWERS[row.error_is_good],
             f"R² {r2} (naive rule {naive_r2})"],
        ],
        columns=["question", "answer", "figures"],
    )  # fmt: skip


def _accuracy(row: DriftRow) -> pd.DataFrame:
    return pd.DataFrame(
        [
            ["total", row.predicted_total, row.actual_total, None, row.naive_total],
            ["RMSE", row.rmse, None, row.baseline_rmse, row.naive_rmse],
            ["R²", row.r2, None, row.baseline_r2, row.naive_r2],
            ["mean absolute error", row.mae, None, None, None],
            ["normalized Gini", row.normalized_gini, None, None, row.naive_normalized_gini],
        ],
        columns=["measure", "this batch", "actual", "baseline", "naive rule"],
    )


def _changes(row: DriftRow) -> pd.DataFrame:
    def line(name: str, change: Change, style: str, looked_into: str) -> list[str]:
        return [name, *change.written(style), looked_into]

    level = f"beyond {row.drift_threshold_level:.0%}"
    order = f"below {-row.drift_threshold_order:.2f}"
    return pd.DataFrame(
        [
            line("RMSE", row.rmse_change, "+.0%", f"above {row.drift_threshold_rmse:.0%}"),
            line("R² (fall)", row.r2_change, "+.0%", f"above {row.drift_threshold_r2:.0%}"),
            line("level", row.level, "+.0%", ""),
            line("level of the naive rule", row.naive_level, "+.0%", ""),
            line("level against the naive rule", row.paired_level, "+.0%", level),
            line("Gini", row.gini, "+.3f", ""),
            line("Gini against the naive rule", row.paired_gini, "+.3f", order),
        ],
        columns=["measure", "change", "interval", "looked into when"],
    )


def _picture(deciles: pd.DataFrame) -> str:
    columns = {"predicted": "mean_predicted_clv", "actual": "mean_actual_clv"}
    largest = max(deciles[[*columns.values()]].to_numpy().max(), 1e-9)
    lines = []
    for row in deciles.to_dict("records"):
        for name, sign in (("predicted", "░"), ("actual", "█")):
            mean = row[columns[name]]
            label = f"{row['decile']:>2}. tenth" if name == "predicted" else ""
            bar = sign * round(max(mean, 0) / largest * BAR)
            lines.append(f"{label:<10} {name:<9} {bar:<{BAR}} {mean:>12,.2f}")
    return "\n".join(lines)
