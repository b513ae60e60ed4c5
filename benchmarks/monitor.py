"""How often the monitor is wrong, and how often it sees what is there.

A baseline and a judged batch are drawn independently, with replacement and at the same size, from
one population: CDNOW as of 1997-12-31, 12 + 3 months, with the project's own features, BG/NBD with
Gamma-Gamma, and the very SQL that gives the verdict. Nothing differs between the two draws, so an
alert is false; then one thing is changed in the judged batch, and the alert is due.

    python benchmarks/monitor.py [--repetitions 400] [--sizes 500,1000,5000,20000]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only get in the way

import duckdb
import jinja2
import numpy as np
import pandas as pd

from clv.core.arrays import column
from clv.core.dates import parse_date
from clv.core.window import Window
from clv.core.wording import markdown_table
from clv.monitoring.early_warning import purchases_so_far, share_by_then
from clv.operations.section import make_cdnow_home
from clv.prediction.accuracy import measure
from clv.prediction.baseline import PREDICTED, baseline_sample, stability
from clv.prediction.btyd import fit_purchases, fit_spend
from clv.prediction.naive import SPEND_RATE, history_days, rule
from clv.prediction.resampling import Customers, changes, estimate
from clv.project.database import fetch
from clv.project.dbt import DbtProject
from clv.project.events import progress
from clv.project.home import PROJECT, Home

CUTOFF, HISTORY_MONTHS, PRED_MONTHS = "1997-12-31", 12, 3
DATA_FROM = dt.date(1997, 1, 1)
THRESHOLDS = {"drift_threshold_rmse": 0.20, "drift_threshold_r2": 0.15}
SCENARIOS = {
    "unchanged": "no alert",
    "predictions × 1.3": "an alert",
    "a fifth shuffled": "an alert",
    "spend × 1.5": "an alert",
    "one buyer in ten is left": "an alert",
    "predictions halfway to the truth": "no alert",
}


def macro(name: str) -> str:
    """Return the SQL of a macro that asks dbt for nothing."""
    text = (PROJECT / "macros" / "drift.sql").read_text("utf-8")
    return str(getattr(jinja2.Template(text).module, name)())


def population() -> pd.DataFrame:
    """Return every customer with features, labels, predictions and purchases by a quarter of the window."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLV_TRANSACTIONS"] = ""
        dbt = DbtProject(Home(Path(folder)))
        make_cdnow_home(dbt.home)
        dbt.refresh_log()
        dbt.build_training_set([Window(parse_date(CUTOFF, "cutoff"), HISTORY_MONTHS, PRED_MONTHS)])
        frame = fetch(
            dbt.home.database,
            """
            select t.*, cast(t.pred_days // 4 as integer) as horizon_days,
                   count(d.order_date) as purchases
            from int_clv__training_set as t
            left join int_clv__customer_days as d
                on d.customer_id = t.customer_id and d.is_purchase_day
                and d.order_date > t.cutoff and d.order_date <= t.cutoff + cast(t.pred_days // 4 as integer)
            group by all
            order by t.customer_id
            """,
        )
    frequency, recency, age = (column(frame, name) for name in ("frequency", "recency", "T"))
    purchases = fit_purchases("bg_nbd", frequency, recency, age)
    spend = fit_spend(frequency, column(frame, "monetary_value"))
    frame["predicted"] = purchases.expected_purchases(
        column(frame, "pred_days"), frequency, recency, age
    )
    value = spend.expected_spend(frequency, column(frame, "monetary_value"))
    frame[PREDICTED] = column(frame, "predicted") * value
    frame["naive_clv"] = rule(SPEND_RATE, frame, history_days(frame, DATA_FROM))
    champion = {
        "kind": "bg_nbd_gamma_gamma",
        "reader": {"purchases": {"bg_nbd": purchases.to_dict()}},
    }
    frame["share"] = share_by_then({"champion": champion}, frame)
    return frame


def judged(
    baseline: Customers, group: Customers, noise: dict[str, float], expected_buyers: float
) -> dict[str, Any]:
    """Return the columns of int_clv__drift_changes that the verdict asks for, of one batch."""
    before, after = (measure(g.predicted, g.actual) for g in (baseline, group))
    return {
        **noise,
        **THRESHOLDS,
        "in_sample": False,
        "buyers": group.buyers,
        "baseline_buyers": baseline.buyers,
        "customers": len(group.actual),
        "baseline_customers": len(baseline.actual),
        "expected_buyers": expected_buyers,
        "predicted_total": float(group.predicted.sum()),
        "actual_total": float(group.actual.sum()),
        "naive_total": float(group.naive.sum()),
        "naive_total_bias": Customers(group.naive, group.naive, group.actual).bias,
        "baseline_r2": before.r2,
        "baseline_bias": baseline.bias,
        "total_bias": group.bias,
        "rmse_change": after.rmse / before.rmse - 1,
        "r2_change": (before.r2 - after.r2) / abs(before.r2),
    }


def ask(rows_given: pd.DataFrame, query: str) -> pd.DataFrame:
    """Run a query over `rows_given`."""
    with duckdb.connect() as connection:
        return connection.register("rows_given", rows_given).execute(query).df()


def drift(frame: pd.DataFrame, size: int, repetitions: int) -> pd.DataFrame:
    """Return a row per scenario and repetition: whether it alerts, and what the plain policy says."""
    values = [column(frame, name) for name in (PREDICTED, "naive_clv", "actual_clv")]
    rng = np.random.default_rng(size)
    expected = size * float((values[2] > 0).mean())
    rows = []
    for repetition in progress(range(repetitions), f"{size} customers"):
        first, second = rng.integers(0, len(frame), (2, size))
        baseline = Customers(*(v[first] for v in values))
        before = estimate(baseline, baseline.caps(), 10_000 + repetition)
        predicted, naive, actual = (v[second] for v in values)
        fifth = rng.choice(size, size // 5, replace=False)
        shuffled = predicted.copy()
        shuffled[fifth] = predicted[rng.permutation(fifth)]
        groups = (
            Customers(predicted, naive, actual),
            Customers(1.3 * predicted, naive, actual),
            Customers(shuffled, naive, actual),
            Customers(predicted, naive, 1.5 * actual),
            Customers(predicted, naive, actual * (rng.random(size) < 0.1)),
            Customers((predicted + actual) / 2, naive, actual),
        )
        for scenario, group in zip(SCENARIOS, groups, strict=True):
            noise = changes(before, estimate(group, baseline.caps(), repetition))
            rows.append({"scenario": scenario, **judged(baseline, group, noise, expected)})
    return ask(
        pd.DataFrame(rows),
        f"""
        with changes as (select *, {macro("clv_drift_intervals")} from rows_given),
        signs as (select *, {macro("clv_drift_signs")} from changes),
        reasons as (select *, {macro("clv_drift_reason")} as verdict_reason from signs)
        select
            scenario, rmse_crossed or r2_crossed as plain,
            {macro("clv_drift_verdict")} in ('model_decay', 'population_shift') as is_alert
        from reasons
        """,
    )


def early(frame: pd.DataFrame, size: int, repetitions: int) -> dict[str, float]:
    """Return how often an open batch is flagged at a quarter of its window."""
    needed = [
        "frequency", "T", "revenue", "pred_days", "actual_clv", "actual_purchases", PREDICTED,
        "predicted", "share", "purchases",
    ]  # fmt: skip
    batch_key = frame[["cutoff", "history_months"]]
    frame = frame[needed].astype(float).join(batch_key)
    rng = np.random.default_rng(size)
    rows = []
    for _ in progress(range(repetitions), f"{size} customers, early"):
        first, second = rng.integers(0, len(frame), (2, size))
        training, batch = frame.iloc[first], frame.iloc[second]
        baseline = baseline_sample(
            training,
            column(training, PREDICTED),
            training.rename(columns={"predicted": "predicted_purchases"}),
            DATA_FROM,
        )
        psi = stability(baseline["bins"][PREDICTED], column(batch, PREDICTED))
        predicted, share = column(batch, "predicted"), column(batch, "share")
        bought = column(batch, "purchases").astype(np.int64)
        for scenario, purchases in (
            ("false flags", bought),
            ("a drop of 40 % flagged", rng.binomial(bought, 0.6)),
        ):
            sums = pd.DataFrame(
                {
                    "predicted": predicted,
                    "squared_predicted": predicted**2,
                    "purchases": purchases,
                    "squared_purchases": purchases**2,
                    "purchases_predicted": purchases * predicted,
                }
            )
            found = purchases_so_far(baseline, share, sums)
            rows.append({"scenario": scenario, "psi_predicted_clv": psi, **found})
    query = f"select scenario, {macro('clv_early_flag')} is not null as flag from rows_given"
    named = ask(pd.DataFrame(rows), query)
    return {str(k): float(v) for k, v in named.groupby("scenario")["flag"].mean().items()}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--sizes", default="500,1000,5000,20000")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    frame = population()
    table, early_table = [], []
    for size in sizes:
        early_table.append({"customers": str(size), **early(frame, size, arguments.repetitions)})
    print(f"Early warning at a quarter of the window, {arguments.repetitions} repetitions\n")
    print(markdown_table(percent(pd.DataFrame(early_table))), "\n", flush=True)
    for size in sizes:
        found = drift(frame, size, arguments.repetitions)
        shares = found.groupby("scenario").is_alert.mean()
        plain = found[found.scenario == "unchanged"].plain.mean()
        row: dict[str, Any] = {"customers": str(size), "plain policy, false alarms": plain}
        row |= {f"{scenario}: {due}": shares[scenario] for scenario, due in SCENARIOS.items()}
        table.append(row)
        print(f"Alerts, {arguments.repetitions} repetitions\n")
        print(markdown_table(percent(pd.DataFrame(table))), "\n", flush=True)


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """Write shares as percentages."""
    return table.map(lambda v: f"{v:.1%}" if isinstance(v, float) else v)


if __name__ == "__main__":
    main()
