"""The files for people and tools: a CSV per batch and table, and a database for BI."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import duckdb

from clv.core.window import Batch
from clv.errors import ClvError
from clv.project.database import reading
from clv.project.events import progress
from clv.project.files import replacing
from clv.project.home import Home
from clv.scoring.batches import batch_times, batches

# Table to the columns of its CSV; the times of scoring and labelling stay in the database, so that
# the files of a batch depend on nothing but the batch.
BATCH_FILES = {
    "clv_predictions": "* exclude (scored_at)",
    "clv_ranked_predictions": "* exclude (scored_at)",
    "clv_clusters": "*",
    "clv_cluster_ranking": "*",
    "clv_predictions_actual": "* exclude (labelled_at)",
}
# Every DuckDB since this version reads the marts; the profile says the same of clv.duckdb.
STORAGE_VERSION = "v1.0.0"
FILE_ORDER = {
    "clv_ranked_predictions": "clv_rank",
    "clv_cluster_ranking": "cluster_rank",
}
PUBLISHED = (
    *BATCH_FILES,
    "clv_batch_totals",
    "clv_accuracy",
    "clv_calibration",
    "clv_gains",
    "clv_drift",
    "clv_early_warning",
    "customer_segments",
    "clv_rejected_transactions",
)


def write_batch_files(home: Home, fresh: Iterable[Batch]) -> list[Path]:
    """Write the CSVs of the `fresh` batches, and of any batch whose file is missing or too old.

    So a run that was killed between the database and the files is made good by the next one.
    """
    fresh = set(fresh)
    written_at = batch_times(home, "clv_predictions", "scored_at")
    labelled_at = batch_times(home, "clv_predictions_actual", "labelled_at")
    wanted = [
        (table, batch, home.outputs / f"{table}_{batch.stem}.csv")
        for table in BATCH_FILES
        for batch in batches(home, table)
    ]
    due = [
        (table, batch, path)
        for table, batch, path in wanted
        if batch in fresh
        or _older(
            path,
            labelled_at[batch] if table == "clv_predictions_actual" else written_at.get(batch),
        )
    ]
    with reading(home.database) as connection:
        for table, batch, path in progress(due, "csv files"):
            order = FILE_ORDER.get(table, "customer_id")
            query = (
                f"select {BATCH_FILES[table]} from {table} where cutoff = date '{batch.cutoff}' "
                f"and pred_months = {batch.pred_months} order by {order}"
            )
            with replacing(path) as temporary:
                connection.execute(f"copy ({query}) to '{_quoted(temporary)}' (format csv, header)")
    return [path for _, _, path in due]


def publish_marts(home: Home) -> dict[str, int]:
    """Copy the published tables into outputs/clv_marts.duckdb, replacing it in one step.

    Readers that have the old file open keep reading it undisturbed; those that open it later see
    the new one. No reader ever blocks a run. Every DuckDB since 1.0 opens the file.

    Returns
    -------
    dict
        Table to its rows.
    """
    rows: dict[str, int] = {}
    path = home.outputs / "clv_marts.duckdb"
    with replacing(path) as temporary:
        temporary.unlink()  # DuckDB makes the file itself; an empty one is not a database
        try:
            with duckdb.connect(
                str(temporary), config={"storage_compatibility_version": STORAGE_VERSION}
            ) as marts:
                marts.execute(f"attach '{_quoted(home.database)}' as clv (read_only)")
                for table in progress(PUBLISHED, "marts"):
                    made = f"create table {table} as select * from clv.main.{table}"
                    ((rows[table],),) = marts.execute(made).fetchall()
                marts.execute("detach clv")
                marts.execute("checkpoint")
        except duckdb.Error as error:
            temporary.unlink(missing_ok=True)
            raise ClvError(f"cannot publish {path}: {str(error).splitlines()[0]}") from error
        finally:
            temporary.with_name(temporary.name + ".wal").unlink(missing_ok=True)
    return rows


def _older(path: Path, at: dt.datetime | None) -> bool:
    if not path.exists():
        return True
    return at is not None and path.stat().st_mtime < at.timestamp()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
