"""What the monitor says of every batch of a log, beside what was true.

    python benchmarks/replay.py                                       # CDNOW
    python benchmarks/replay.py --log sales.parquet --start 2010-11-30:9:3 \
        --vars '{columns: {customer_id: Customer ID, ordered_at: InvoiceDate, amount: Price}}'

A champion is trained once, at the start (cutoff:history_months:pred_months), and stays: every month
after its labels is scored and judged, as a shop would that never trains again. Two columns hold the
monitor against the truth. `wrongly alarmed`: an alert on a batch whose total is within 10 % and whose
order and error are no worse than at training beyond noise. `missed`: neither an alert nor one still
open on a batch whose total is off by more than 40 % where 200 buyers or more were expected.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile

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
    asked = parser.parse_args()
    os.environ["CLV_TRANSACTIONS"] = asked.log or ""
    with tempfile.TemporaryDirectory(prefix="clv-replay-") as folder:
        os.environ["CLV_HOME"] = folder
        home = Home.current()
        if not asked.log:
            make_cdnow_home(home)
        home.ensure()
        try:
            table = replay(DbtProject(home, parse_vars(asked.vars)), asked.start)
        except ClvError as error:
            say(f"replay: {error}")
            return 1
    print(markdown_table(table))
    print(
        f"\n{len(table)} batches, {int((table.said == 'alert').sum())} alerts, "
        f"{int(table.is_open.sum())} with an alert open, "
        f"{int(table.wrongly_alarmed.sum())} wrongly alarmed, {int(table.missed.sum())} missed"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
