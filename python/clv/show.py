"""`clv show`: the latest batch, the accuracy of the matured ones, and where the files are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clv.database import reading
from clv.errors import ClvError
from clv.home import Home
from clv.messages import counted, in_months, markdown_table
from clv.outputs import batches

TABLES = {
    "Who is worth most in the next months (customer_segments)": """
        select customer_id, predicted_clv, clv_rank, value_tier, cluster_id, clv_index,
               frequency, recency, T, monetary_value
        from customer_segments
        order by clv_rank
        limit 5
    """,
    "How value is spread (clv_ranked_predictions, by tier)": """
        select r.value_tier, count(*) as customers, avg(r.predicted_clv) as mean_predicted_clv,
               sum(r.predicted_clv) / max(t.total) as share_of_predicted_value
        from customer_segments as r
        cross join (select sum(predicted_clv) as total from customer_segments) as t
        group by r.value_tier
        order by min(r.clv_rank)
    """,
    "How customers buy (clv_cluster_ranking, with the cluster's habits)": """
        select s.cluster_rank, s.cluster_id, count(*) as customers,
               median(s.predicted_clv) as median_clv, max(s.clv_index) as clv_index,
               avg(s.frequency) as mean_frequency,
               cast(round(median(s.days_since_last)) as integer) as days_since_last,
               avg(s.revenue / nullif(s.orders, 0)) as revenue_per_order
        from customer_segments as s
        group by s.cluster_rank, s.cluster_id
        order by s.cluster_rank
    """,
    "How good earlier predictions were (clv_accuracy and clv_drift)": """
        select a.cutoff, a.customers, a.predicted_total, a.actual_total, a.rmse, a.r2,
               a.normalized_gini, a.top_decile_share, d.verdict
        from clv_accuracy as a
        inner join clv_drift as d using (cutoff, pred_months)
        order by a.cutoff, a.pred_months
    """,
    "What was left out of the log (clv_rejected_transactions)": """
        select reason, count(*) as log_rows, sum(amount) as amount
        from clv_rejected_transactions
        group by reason
        order by reason
    """,
}


def show_text(home: Home) -> str:
    """Return the report as Markdown.

    Raises
    ------
    ClvError
        Before the first batch.
    """
    scored = batches(home, "clv_predictions")
    if not scored:
        raise ClvError("no batch was scored yet. Run `clv run`, or `dbt build`.")
    latest = scored[-1]
    ahead = in_months(latest.pred_months)
    lines = [f"# Batch {latest.cutoff}, {ahead} ahead"]
    with reading(home.database) as connection:
        for title, query in TABLES.items():
            frame = connection.execute(query).df()
            lines += ["", f"## {title}", "", _table(frame)]
    lines += ["", "## Where the files are", ""]
    lines += [f"- {home.database} (all tables; `dbt` writes it)"]
    for path in (home.outputs / "clv_marts.duckdb", home.outputs, home.registry, home.config):
        if path.exists():
            lines.append(f"- {path}{_contents(path)}")
    return "\n".join(lines)


def _table(frame: pd.DataFrame) -> str:
    return markdown_table(frame) if len(frame) else "nothing"


def _contents(folder: Path) -> str:
    if not folder.is_dir():
        return ""
    files = [file for file in folder.rglob("*") if file.is_file()]
    alerts = sum(file.name.startswith("drift_alert_") for file in files)
    among = f", {counted(alerts, 'drift alert', 'drift alerts')} among them" if alerts else ""
    return f" ({counted(len(files), 'file', 'files')}{among})"
