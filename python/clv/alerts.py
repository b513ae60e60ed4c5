"""The Markdown drift alert of a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from clv.database import fetch
from clv.files import write_text
from clv.home import Home
from clv.messages import markdown_table
from clv.outputs import Batch, batches

ALERTS = """
    select
        d.*,
        a.predicted_total,
        a.actual_total,
        a.bias,
        a.mae,
        a.normalized_gini,
        cast(w.window_end as date) as window_end
    from clv_drift as d
    inner join clv_accuracy as a using (cutoff, pred_months)
    cross join lateral (select d.cutoff + to_months(d.pred_months) as window_end) as w
    where d.status = 'alert'
    order by d.cutoff, d.pred_months
"""


def alert_path(home: Home, batch: Batch) -> Path:
    """Return where the alert of a batch stands."""
    return home.outputs / f"drift_alert_{batch.stem}.md"


def write_alerts(home: Home) -> list[Path]:
    """Write the alert of every alarming batch; return those that are new or say something else.

    Those are noted first, and forgotten by `announced`: alerts that a run wrote and did not live
    to speak of are raised by the next one.
    """
    texts = {
        alert_path(home, _batch(row)): alert_text(row)
        for row in fetch(home.database, ALERTS).to_dict("records")
    }
    raised = [
        path
        for path, text in texts.items()
        if path.name in _noted(home) or not path.exists() or path.read_text("utf-8") != text
    ]
    if raised:
        write_text(_notes(home), json.dumps([path.name for path in raised]))
    for path in raised:
        write_text(path, texts[path])
    return raised


def withdraw_alerts(home: Home) -> list[Path]:
    """Remove the alerts of batches that alarm no longer: labels or thresholds are others now."""
    judged = {alert_path(home, batch) for batch in batches(home, "clv_drift")}
    alarming = fetch(home.database, ALERTS).to_dict("records")
    over = sorted(judged - {alert_path(home, _batch(row)) for row in alarming})
    withdrawn = [path for path in over if path.exists()]
    for path in withdrawn:
        path.unlink()
    return withdrawn


def announced(home: Home) -> None:
    """Forget which alerts are new: the command has said so."""
    _notes(home).unlink(missing_ok=True)


def alert_files(home: Home) -> list[Path]:
    """Return the alert files that stand in outputs, oldest batch first."""
    return sorted(home.outputs.glob("drift_alert_*.md"))


def _batch(row: Mapping[Any, Any]) -> Batch:
    return Batch(row["cutoff"].date(), int(row["pred_months"]))


def _notes(home: Home) -> Path:
    return home.root / ".clv.raised.json"


def _noted(home: Home) -> list[str]:
    try:
        names = json.loads(_notes(home).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return names if isinstance(names, list) else []


def alert_text(row: Mapping[Any, Any]) -> str:
    """Write the alert of one row of ALERTS."""
    cutoff, end = row["cutoff"].date(), row["window_end"].date()
    crossed = []
    if row["rmse_change"] > row["drift_threshold_rmse"]:
        crossed.append(f"RMSE rose by {row['rmse_change']:.1%}")
    if row["r2_change"] > row["drift_threshold_r2"]:
        crossed.append(f"R² fell by {row['r2_change']:.1%}")
    gini = row["normalized_gini"]
    figures = pd.DataFrame(
        [
            ["RMSE", row["baseline_rmse"], row["rmse"], _change(row["rmse_change"]),
             f"rises more than {row['drift_threshold_rmse']:.0%}"],
            ["R²", row["baseline_r2"], row["r2"], _change(-row["r2_change"]),
             f"falls more than {row['drift_threshold_r2']:.0%}"],
        ],
        columns=["measure", "baseline", "this batch", "change", "alert when it"],
    )  # fmt: skip
    totals = pd.DataFrame(
        [
            ["total of the batch", row["predicted_total"], row["actual_total"]],
            ["per customer", *(row[k] / row["customers"] for k in ("predicted_total", "actual_total"))],
        ],
        columns=["spend in the window", "predicted", "actual"],
    )  # fmt: skip
    return f"""# Drift alert: predictions of {cutoff} for {row["pred_months"]} months

The predictions missed what customers spent by more than agreed: {" and ".join(crossed)}
against the baseline.

**Nothing was retrained.** A person decides what happens next.

## What was compared with what

The predictions made as of {cutoff} by `{row["model_id"]}` for {row["customers"]:,} customers,
with their actual spend from the day after it to {end}; the accuracy of that with the model's own
baseline, measured out-of-sample when it was trained.

{markdown_table(figures)}

The change of R² is a share of the baseline's absolute value.

{markdown_table(totals)}

{_totals(row["predicted_total"], row["actual_total"])} Mean
absolute error {row["mae"]:,.2f}, mean error {row["bias"]:+,.2f} per customer, normalized Gini
{"undefined" if pd.isna(gini) else f"{gini:.3f}"} (how well customers are ordered; 1 is perfect).

## What to check

1. Is the log complete up to {end}? Look for days without orders, and at `stg_rejected_transactions`.
2. Did the shop change (prices, season, campaign, a large customer)? `clv_predictions_actual` holds
   every customer's predicted and actual spend; sort it by the difference.
3. Is it one batch or several? `select * from clv_drift order by cutoff`.
4. If it lasts: run `clv train` (and compare its baseline with the one above) when you decide so.
"""


def _change(share: float) -> str:
    return "-" if pd.isna(share) else f"{share:+.1%}"


def _totals(predicted: float, actual: float) -> str:
    if not actual:
        return f"The predicted total is {predicted:,.2f}, the actual one 0."
    off = (predicted - actual) / abs(actual)
    return (
        f"The predicted total is {abs(off):.1%} {'above' if off > 0 else 'below'} the actual one."
    )
