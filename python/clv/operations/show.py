"""`clv show`: the latest batch, the accuracy of the matured ones, and where the files are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clv.core.wording import counted, in_months, markdown_table
from clv.errors import ClvError
from clv.project.database import reading
from clv.project.home import Home
from clv.scoring.batches import batches

TABLES = {
    "Who is worth most in the next months (customer_segments)": """
        select customer_id, predicted_clv, clv_rank, value_tier, cluster_id, clv_index,
               frequency, recency, T, monetary_value
        from customer_segments
        order by clv_rank
        limit 5
    """,
    "How value is spread (clv_ranked_predictions, by tier)": """
        select * exclude (first_rank) from int_clv__tier_values order by first_rank
    """,
    "How customers buy (clv_cluster_ranking, with the cluster's habits)": """
        select * from int_clv__cluster_habits order by cluster_rank
    """,
    "How good earlier predictions were (clv_accuracy and clv_drift)": """
        select cutoff, customers, predicted_total, actual_total, rmse, r2, normalized_gini,
               top_decile_share, verdict
        from clv_drift
        order by cutoff, pred_months
    """,
    "What was left out of the log (clv_rejected_transactions)": """
        select * from int_clv__rejection_reasons order by reason
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
    reports = sum(file.name.startswith("drift_alert_") for file in files)
    among = f", {counted(reports, 'drift report', 'drift reports')} among them" if reports else ""
    return f" ({counted(len(files), 'file', 'files')}{among})"
