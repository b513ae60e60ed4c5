"""The Markdown drift alert of a batch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from clv.database import fetch, reading
from clv.drift_report import DECILES, SEGMENTS, report
from clv.files import write_text
from clv.home import Home
from clv.outputs import Batch

ALERTS = """
    select
        d.*,
        a.predicted_total,
        a.actual_total,
        a.naive_total,
        cast(w.window_end as date) as window_end
    from clv_drift as d
    inner join clv_accuracy as a using (cutoff, pred_months)
    cross join lateral (select d.cutoff + to_months(d.pred_months) as window_end) as w
    where d.status = 'alert'
    order by d.cutoff, d.pred_months
"""
WATCHED = """
    select cutoff, pred_months, rmse_change, r2_change
    from clv_drift
    where verdict = 'watch'
    order by cutoff, pred_months
"""


def alert_path(home: Home, batch: Batch) -> Path:
    """Return where the alert of a batch stands."""
    return home.outputs / f"drift_alert_{batch.stem}.md"


def write_alerts(home: Home) -> list[Path]:
    """Write the alert of every alarming batch; return those that are new or say something else."""
    raised = []
    with reading(home.database) as connection:
        for row in connection.execute(ALERTS).df().to_dict("records"):
            batch = Batch(row["cutoff"].date(), int(row["pred_months"]))
            key = {"cutoff": batch.cutoff, "pred_months": batch.pred_months}
            deciles = connection.execute(DECILES, key).df()
            segments = connection.execute(SEGMENTS, key).df()
            path = alert_path(home, batch)
            text = report(row, deciles, segments)
            if not path.exists() or path.read_text("utf-8") != text:
                write_text(path, text)
                raised.append(path)
    return raised


def open_alerts(home: Home) -> list[Path]:
    """Return the alert files that stand in outputs, oldest batch first."""
    return sorted(home.outputs.glob("drift_alert_*.md"))


def watched(home: Home, judged: Iterable[Batch]) -> list[str]:
    """Return a line for each of the `judged` batches whose verdict is `watch`."""
    fresh = set(judged)
    rows = fetch(home.database, WATCHED).to_dict("records")
    return [
        f"watch: batch {row['cutoff'].date()} crossed a threshold inside the noise (RMSE "
        f"{row['rmse_change']:+.0%}, R² {-row['r2_change']:+.0%} against the baseline)"
        for row in rows
        if Batch(row["cutoff"].date(), int(row["pred_months"])) in fresh
    ]
