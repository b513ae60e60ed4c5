"""`clv show`: the latest batch, the accuracy of the matured ones, and where the files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
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
    "How customers buy (clv_cluster_profile)": """
        select cluster_rank, cluster_id, cluster_name, customers, median_clv, clv_index,
               mean_frequency, days_since_last, revenue_per_order
        from clv_cluster_profile
        order by cluster_rank
    """,
    "Who rose, fell, came and left since the batch before (clv_segment_movements)": """
        select cutoff_before, movement_before as movement, count(*) as customers,
               cast(sum(cast(predicted_clv_before as decimal(28, 8))) as double) as predicted_before,
               cast(sum(cast(predicted_clv as decimal(28, 8))) as double) as predicted_now
        from clv_segment_movements
        where movement_before is not null
        group by cutoff_before, movement_before
        order by customers desc, movement
    """,
    "How good earlier predictions were (clv_accuracy and clv_drift)": """
        select cutoff, customers, predicted_total, actual_total, rmse, r2, normalized_gini,
               top_decile_share, verdict
        from clv_drift
        order by cutoff, pred_months
    """,
    "Where the newest judged batch was right, and where not (clv_segment_accuracy)": """
        select group_kind, group_value, customers, buyers, predicted_total, actual_total, total_off,
               rmse, bias
        from clv_segment_accuracy
        where cutoff = (select max(cutoff) from clv_segment_accuracy)
        qualify row_number() over (partition by pred_months, group_kind order by nth) <= 8
        order by pred_months, group_kind <> 'tier', group_kind <> 'cluster', group_kind, nth
    """,
    "Which models predict (clv_champions)": """
        select model_id, kind, is_current, trained_at, training_cutoff, history_months, pred_months,
               baseline_rmse, baseline_r2, batches, latest_cutoff
        from clv_champions
        order by promoted_at
    """,
    "What was left out of the log (clv_rejected_transactions)": """
        select * from int_clv__rejections_by_reason order by reason
    """,
}


def show_data(home: Home) -> dict[str, Any]:
    """Return the latest batch, the rows of each table, and the files: what `clv show --json` prints.

    Raises
    ------
    ClvError
        Before the first batch.
    """
    scored = batches(home, "clv_predictions")
    if not scored:
        raise ClvError("no batch was scored yet. Run `clv run`, or `dbt build`.")
    latest = scored[-1]
    with reading(home.database) as connection:
        tables = {title: _fetched(connection, query) for title, query in TABLES.items()}
    places = (home.outputs / "clv_marts.duckdb", home.outputs, home.registry, home.config)
    return {
        "cutoff": latest.cutoff,
        "pred_months": latest.pred_months,
        "tables": {title: frame.to_dict("records") for title, frame in tables.items()},
        "database": str(home.database),
        "files": [str(path) for path in places if path.exists()],
    }


def _fetched(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    try:
        return connection.execute(query).df()
    except duckdb.CatalogException as error:
        raise ClvError(
            f"the database was made by another version of clv ({str(error).splitlines()[0]}). "
            "Run `clv run`, or `dbt build`: it makes the tables that are missing, and keeps the others."
        ) from error


def show_text(data: Mapping[str, Any]) -> str:
    """Return the report as Markdown."""
    lines = [f"# Batch {data['cutoff']}, {in_months(data['pred_months'])} ahead"]
    for title, rows in data["tables"].items():
        lines += ["", f"## {title}", "", _table(pd.DataFrame(rows))]
    lines += ["", "## Where the files are", ""]
    lines += [f"- {data['database']} (all tables; `dbt` writes it)"]
    lines += [f"- {path}{_contents(Path(path))}" for path in data["files"]]
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
