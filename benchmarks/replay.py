"""What the monitor says of every batch of a log, beside what was true.

    python benchmarks/replay.py                                       # CDNOW
    python benchmarks/replay.py --log sales.parquet --start 2010-11-30:9:3 \
        --vars '{columns: {customer_id: Customer ID, ordered_at: InvoiceDate, amount: Price}}'

A champion is trained once, at the start (cutoff:history_months:pred_months), and stays: every month
after its labels is scored and judged, as a shop would that never trains again. Two columns hold the
monitor against the truth. `wrongly alarmed`: an alert on a batch whose total is within 10 % and whose
order and error are no worse than at training beyond noise. `missed`: neither an alert nor one still
open on a batch whose total is off by more than 40 % where 200 buyers or more were expected.

`--nowcast` looks at each batch again on the 7th day of its window, at a quarter, at a half and at three
quarters, and says how many of the 80 % intervals of `clv_nowcast` held what was spent, how wide they were
beside the batch's own, and which batches were called implausible, rightly where the total was off by
more than 25 %.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pandas as pd

from clv.core.dates import add_months, parse_date
from clv.core.window import WindowRequest
from clv.core.wording import markdown_table
from clv.errors import ClvError
from clv.operations.run import build
from clv.operations.section import make_cdnow_home
from clv.project.config import read_config
from clv.project.database import fetch, log_days
from clv.project.dbt import DbtProject, parse_vars
from clv.project.events import say
from clv.project.home import Home
from clv.training.train import train

SAID = """
    select
        cutoff, customers, round(expected_buyers) as expected, buyers,
        predicted_total / nullif(actual_total, 0) - 1 as total_off, baseline_total_off as at_training,
        coalesce(severity, '-') as said, status = 'alert' as is_open,
        verdict, verdict_reason as reason, crossed,
        status = 'alert' and abs(predicted_total / nullif(actual_total, 0) - 1) <= 0.10
        and not coalesce(gini_change_high < 0, false)
        and not coalesce(rmse_change_low > 0, false) and not coalesce(r2_change_low > 0, false)
            as wrongly_alarmed,
        status != 'alert' and expected_buyers >= 200
        and not coalesce(abs(predicted_total / nullif(actual_total, 0) - 1) <= 0.40, false) as missed
    from clv_drift
    where status not in ('in_sample', 'no_baseline')
    order by cutoff
"""


# What a nowcast of another day is made by; batches were scored before, of what was known at their cutoffs.
NIGHT = (
    "int_clv__log_days", "int_clv__open_batches", "int_clv__open_customers", "int_clv__open_purchases",
    "int_clv__open_horizons", "int_clv__early_estimates", "clv_nowcast",
)  # fmt: skip
WINDOWS = """
    select cutoff, date_diff('day', cutoff, cast(cutoff + to_months(pred_months) as date)) as days
    from clv_accuracy
    order by cutoff
"""
NOWCASTS = """
    select
        n.cutoff, n.as_of, n.horizon_days, n.window_share, n.unknown_reason, n.is_implausible,
        abs(ln(n.predicted_total / nullif(a.actual_total, 0))) > ln(1.25) as is_off,
        a.actual_total between n.nowcast_lower and n.nowcast_upper as is_held,
        a.actual_total between n.predicted_total_lower and n.predicted_total_upper as is_held_by_batch,
        ln(n.nowcast_upper / n.nowcast_lower)
        / ln(n.predicted_total_upper / n.predicted_total_lower) as width,
        abs(n.nowcast_total / a.actual_total - 1) as nowcast_off,
        abs(n.predicted_total / a.actual_total - 1) as predicted_off
    from clv_nowcast as n
    inner join clv_accuracy as a using (cutoff, pred_months)
    order by n.cutoff, n.as_of
"""
MOMENTS = {"day 7": None, "1/4": 0.25, "1/2": 0.5, "3/4": 0.75}


def moments(cutoff: dt.date, days: int) -> dict[str, dt.date]:
    """Return the days on which a batch is looked at again."""
    passed = {name: 7 if share is None else round(share * days) for name, share in MOMENTS.items()}
    return {name: cutoff + dt.timedelta(days=n) for name, n in passed.items()}


def nowcasts(dbt: DbtProject) -> pd.DataFrame:
    """Look at every judged batch again while its window was open; return a row per moment and batch."""
    windows = fetch(dbt.home.database, WINDOWS)
    looked = {
        (cutoff, day): name
        for cutoff, days in zip(windows.cutoff.dt.date, windows.days, strict=True)
        for name, day in moments(cutoff, int(days)).items()
    }
    for day in sorted({day for _, day in looked}):
        dbt._invoke("nowcast", ["run", "--select", *NIGHT], {"data_through": day.isoformat()})
    found = fetch(dbt.home.database, NOWCASTS)
    dates = zip(found.cutoff.dt.date, found.as_of.dt.date, strict=True)
    found["moment"] = [looked.get(key) for key in dates]
    return found.dropna(subset="moment")


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return a row per moment: how many intervals held, how wide they were, what was implausible."""
    rows = []
    for name in MOMENTS:
        here = found[found.moment == name]
        known = here[here.unknown_reason.isna()]
        flagged = known[known.is_implausible]
        rows.append(
            {
                "moment": name,
                "batches": len(here),
                "unknown": len(here) - len(known),
                "held": known.is_held.mean(),
                "held by the batch's own": known.is_held_by_batch.mean(),
                "width to its own": known.width.median(),
                "narrower": (known.width < 1).mean(),
                "nowcast off": known.nowcast_off.median(),
                "prediction off": known.predicted_off.median(),
                "implausible": len(flagged),
                "rightly": int(flagged.is_off.sum()),
            }
        )
    return pd.DataFrame(rows)


def replay(dbt: DbtProject, start: str) -> pd.DataFrame:
    """Train once, score and judge every month after, and return what was said of each batch."""
    text, history, months = start.split(":")
    cutoff, pred_months = parse_date(text, "--start"), int(months)
    request = WindowRequest(cutoff, int(history), pred_months)
    train(dbt, read_config(dbt.home.config), request, promote=True)
    last = add_months(log_days(dbt.home.database).last, -pred_months)
    nights = (add_months(cutoff, pred_months + n) for n in range(120))
    build(dbt, [night for night in nights if night <= last])
    return fetch(dbt.home.database, SAID)


def main() -> int:
    """Print a row per batch, and how many were alarmed wrongly or missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--log", help="CSV or Parquet file; default: the CDNOW log")
    parser.add_argument("--vars", default="{}", help="dbt vars that map the log's columns")
    parser.add_argument("--start", default="1997-09-30:9:3", help="cutoff:history:pred_months")
    parser.add_argument("--nowcast", action="store_true", help="look at open windows too")
    parser.add_argument("--out", help="CSV file to add the nowcasts to")
    asked = parser.parse_args()
    os.environ["CLV_TRANSACTIONS"] = asked.log or ""
    with tempfile.TemporaryDirectory(prefix="clv-replay-") as folder:
        os.environ["CLV_HOME"] = folder
        home = Home.current()
        if not asked.log:
            make_cdnow_home(home)
        home.ensure()
        try:
            dbt = DbtProject(home, parse_vars(asked.vars))
            table = replay(dbt, asked.start)
            looked = nowcasts(dbt) if asked.nowcast else None
        except ClvError as error:
            say(f"replay: {error}")
            return 1
    print(markdown_table(table))
    print(
        f"\n{len(table)} batches, {int((table.said == 'alert').sum())} alerts, "
        f"{int(table.is_open.sum())} with an alert open, "
        f"{int(table.wrongly_alarmed.sum())} wrongly alarmed, {int(table.missed.sum())} missed"
    )
    if looked is not None:
        print(f"\n{markdown_table(summary(looked))}")
        if asked.out:
            looked.assign(log=asked.log or "CDNOW").to_csv(
                asked.out, mode="a", index=False, header=not Path(asked.out).exists()
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
