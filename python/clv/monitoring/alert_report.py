"""The words and figures of a drift alert: what happened, how sure that is, and what to look at next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clv.core.wording import markdown_table

BAR = 30

LEVEL_LOST = ("level_lost", "level_and_order_lost")
ORDER_LOST = ("order_lost", "level_and_order_lost")


def report(row: Mapping[Any, Any], deciles: pd.DataFrame, segments: pd.DataFrame) -> str:
    """Write the alert of one row of `clv_drift`.

    What happened is decided there: `verdict_reason` picks the words, and nothing is judged here.

    Parameters
    ----------
    row : Mapping
        The row of `clv_drift`.
    deciles : DataFrame
        The batch's rows of `clv_calibration`, in the order of deciles.
    segments : DataFrame
        The batch's rows of `int_clv__segment_accuracy` that are furthest off.
    """
    cutoff, end = row["cutoff"].date(), row["window_end"].date()
    tune = ""
    if _text(row["recommendation"]):
        tune = (
            f"\nThis is alert {row['alerts_in_a_row']} in a row of this model. **Recommended: "
            f"`{row['recommendation']}`**,\nwhich searches for better windows and retrains nothing.\n"
        )
    return f"""# {_headline(row)}

Predictions of {cutoff} for {row["pred_months"]} months, held against actual spend up to {end}.
**Nothing was retrained.** A person decides what happens next.
{tune}
## What most likely happened

{_cause(row)}

## The figures

{row["customers"]:,} customers, {row["buyers"]:,} of whom bought; predicted by `{row["model_id"]}`.
Baseline: the model's own accuracy, out-of-sample, when it was trained.

{markdown_table(_accuracy(row))}

How sure that is: each change since the baseline with its interval, by resampling both groups of
customers. An interval that holds 0 may be chance.

{markdown_table(_changes(row))}

Level is predicted total over actual total; what a single large customer counts for in it is
limited. RMSE is {row["rmse_to_spread"]:.2f} of the spread of actual spend (1 is as good as
predicting the mean for everybody). Mean error {row["bias"]:+,.2f} per customer.

## Calibration

Mean per customer in each tenth of the customers, highest prediction first.

```
{_picture(deciles)}
```

## Where the money is missing

The value tiers and behaviour clusters that are furthest off (actual less predicted):

{markdown_table(segments)}

## What to check next

{_next(row, end)}
"""


def _headline(row: Mapping[Any, Any]) -> str:
    predicted, actual = row["predicted_total"], row["actual_total"]
    if row["verdict"] == "population_shift":
        return (
            f"Customers spent {actual:,.0f} where {predicted:,.0f} was predicted: "
            "spending itself has changed, not the model alone"
        )
    if row["verdict_reason"] == "order_lost":
        return "The model no longer tells good customers from poor ones as well as it did"
    off = f"{predicted:,.0f} predicted, {actual:,.0f} spent"
    if actual > 0:
        share = (predicted - actual) / actual
        off = f"its total is {abs(share):.0%} {'above' if share > 0 else 'below'} what customers spent"
    return f"The model lost accuracy: {off}, and a simple rule did not lose as much"


def _cause(row: Mapping[Any, Any]) -> str:
    own, rule = row["level_change"], row["naive_level_change"]
    paired = f"{row['paired_level_change']:+.0%}"
    if row["verdict"] == "population_shift":
        said = (
            f"**The world changed.** Against what was spent, the model's total moved by {own:+.0%} "
            f"since the baseline, and that of a naive rule (spend goes on at the customer's own "
            f"rate) by {rule:+.0%} on the same customers. A fault of the model would not move the "
            "rule."
        )
        if row["verdict_reason"] == "spend_rose":
            return (
                said + " Customers spend more than their history said: prices, season, a campaign?"
            )
        if row["verdict_reason"] == "spend_fell":
            return (
                said
                + " Customers spend less than their history said: season, supply, a competitor?"
            )
        return said + f" The rule's RMSE changed by {row['naive_rmse_change']:+.0%}."
    said = "**The model decayed.** "
    reasons = []
    if row["verdict_reason"] in LEVEL_LOST:
        reasons.append(
            f"its total moved by {paired} against that of a naive rule on the same customers, and "
            f"by {own:+.0%} against what was spent (the rule: {rule:+.0%})"
        )
    if row["verdict_reason"] in ORDER_LOST:
        reasons.append(
            f"it orders customers worse (normalized Gini {row['gini_change']:+.3f}), which the "
            f"rule does not explain (against it {row['paired_gini_change']:+.3f})"
        )
    if not reasons:
        reasons.append(
            f"its RMSE rose by {row['rmse_change']:.0%}, beyond noise, and that of the naive rule "
            f"on the same customers by {row['naive_rmse_change']:+.0%} only"
        )
    return said + "Since the baseline, " + "; and ".join(reasons) + ". The world moves both alike."


def _accuracy(row: Mapping[Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            ["total", row["predicted_total"], row["actual_total"], None, row["naive_total"]],
            ["RMSE", row["rmse"], None, row["baseline_rmse"], row["naive_rmse"]],
            ["R²", row["r2"], None, row["baseline_r2"], row["naive_r2"]],
            ["mean absolute error", row["mae"], None, None, None],
            ["normalized Gini", row["normalized_gini"], None, None, row["naive_normalized_gini"]],
        ],
        columns=["measure", "this batch", "actual", "baseline", "naive rule"],
    )  # fmt: skip


def _changes(row: Mapping[Any, Any]) -> pd.DataFrame:
    def line(name: str, column: str, style: str, agreed: str) -> list[str]:
        change, low, high = (row[f"{column}{end}"] for end in ("", "_low", "_high"))
        if pd.isna(change) or pd.isna(low) or pd.isna(high):
            return [name, "-" if pd.isna(change) else format(change, style), "unknown", agreed]
        return [name, format(change, style), f"{low:{style}} to {high:{style}}", agreed]

    level = f"beyond {row['drift_threshold_level']:.0%}"
    order = f"below {-row['drift_threshold_order']:.2f}"
    return pd.DataFrame(
        [
            line("RMSE", "rmse_change", "+.0%", f"above {row['drift_threshold_rmse']:.0%}"),
            line("R² (fall)", "r2_change", "+.0%", f"above {row['drift_threshold_r2']:.0%}"),
            line("level", "level_change", "+.0%", ""),
            line("level of the naive rule", "naive_level_change", "+.0%", ""),
            line("level against the naive rule", "paired_level_change", "+.0%", level),
            line("Gini", "gini_change", "+.3f", ""),
            line("Gini against the naive rule", "paired_gini_change", "+.3f", order),
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


def _next(row: Mapping[Any, Any], end: object) -> str:
    steps = [
        f"Is the log complete up to {end}? Look for days without orders, and at "
        "`clv_rejected_transactions`.",
        "Who is it? `analyses/biggest_misses.sql` lists the customers furthest off.",
        "Is it one batch or several? `select cutoff, verdict, level_change from clv_drift order by "
        "cutoff`; for what comes next, `clv_early_warning`.",
    ]
    if row["verdict"] == "population_shift":
        steps.append(
            "If the change is here to stay, train once its months are in the log (`clv train`); if "
            "it is a season or a campaign, the next batches come back by themselves."
        )
    else:
        steps.append(
            "Did the features change their meaning (a new source, another currency, ids merged)? "
            "If not, compare a challenger: `clv train --no-promote`."
        )
    return "\n".join(f"{n}. {step}" for n, step in enumerate(steps, 1))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
