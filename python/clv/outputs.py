"""The files for people and tools: a CSV per batch and table, and a database for BI."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import duckdb

from clv.database import reading
from clv.errors import ClvError
from clv.files import replacing
from clv.home import Home
from clv.messages import progress

# Table to the columns of its CSV; the times of scoring and labelling stay in the database, so that
# the files of a batch depend on nothing but the batch.
BATCH_FILES = {
    "clv_predictions": "* exclude (scored_at)",
    "clv_ranked_predictions": "* exclude (scored_at)",
    "clv_clusters": "*",
    "clv_cluster_ranking": "*",
    "clv_predictions_actual": "* exclude (labelled_at)",
}
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


class Batch(NamedTuple):
    """The key of a batch."""

    cutoff: dt.date
    pred_months: int

    @property
    def stem(self) -> str:
        """The end of the names of the batch's files."""
        return f"{self.cutoff:%Y%m%d}_pred{self.pred_months}m"


def batches(home: Home, table: str) -> list[Batch]:
    """Return the batches that a table holds, oldest first; none before the first run."""
    if not home.database.exists():
        return []
    with reading(home.database) as connection:
        try:
            query = f"select distinct cutoff, pred_months from {table} order by all"
            rows = connection.execute(query).fetchall()
        except duckdb.CatalogException:
            return []
    return [Batch(cutoff, int(months)) for cutoff, months in rows]


def batch_times(home: Home, table: str, clock: str) -> dict[Batch, dt.datetime]:
    """Return when each batch of a ledger was last written to (UTC)."""
    if not home.database.exists():
        return {}
    with reading(home.database) as connection:
        try:
            query = (
                f"select cutoff, pred_months, max({clock}) from {table} group by all order by all"
            )
            rows = connection.execute(query).fetchall()
        except duckdb.CatalogException:
            return {}
    return {
        Batch(cutoff, int(months)): at.replace(tzinfo=dt.timezone.utc)
        for cutoff, months, at in rows
    }


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
    the new one. No reader ever blocks a run.

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
            with duckdb.connect(str(temporary)) as marts:
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
