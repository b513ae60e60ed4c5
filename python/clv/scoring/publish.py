"""The files for people and tools: a CSV per batch and table, and a database for BI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from clv.core.render import FORMULA_START
from clv.core.window import Batch
from clv.errors import ClvError
from clv.project.database import reading
from clv.project.events import progress
from clv.project.files import replacing
from clv.project.home import Home
from clv.project.sql_text import literal
from clv.scoring.descriptions import comments
from clv.scoring.published import TABLE as PUBLISHED_AT
from clv.scoring.published import published_comments, write_published
from clv.scoring.staleness import Written, read_index, row_digests, write_index

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
    "clv_champions",
    "clv_accuracy",
    "clv_calibration",
    "clv_gains",
    "clv_segment_accuracy",
    "clv_drift",
    "clv_drift_measures",
    "clv_early_warning",
    "clv_nowcast",
    "clv_nowcast_accuracy",
    "customer_segments",
    "clv_cluster_profile",
    "clv_segment_movements",
    "clv_rejected_transactions",
    "clv_input_anomalies",
)
# What is as long as the ledgers below it stays a view in the marts too, and is no file.
VIEWS = ("clv_segment_history",)


def write_batch_files(home: Home) -> list[Path]:
    """Write the CSVs whose rows in the tables are other than those that they were made from.

    So a command that was killed between the database and the files is made good by the next one.
    """
    index, standing = read_index(home), dict[str, Written]()
    written: list[Path] = []
    with reading(home.database) as connection:
        rows = {
            (table, batch): digest
            for table, columns in BATCH_FILES.items()
            for batch, digest in row_digests(connection, table, columns).items()
        }
        for (table, batch), digest in progress(rows.items(), "csv files", len(rows)):
            path = home.outputs / f"{table}_{batch.stem}.csv"
            known = index.get(path.name)
            if known is None or not known.holds(path, digest):
                _write_csv(connection, table, batch, path)
                written.append(path)
                known = Written.of(path, digest)
            standing[path.name] = known
    write_index(home, standing)
    return written


def _write_csv(connection: duckdb.DuckDBPyConnection, table: str, batch: Batch, path: Path) -> None:
    """Write a batch in the order of the table's values; texts are escaped as `csv_cell` says."""
    order = FILE_ORDER.get(table, "customer_id")
    columns = BATCH_FILES[table]
    described = connection.execute(f"describe select {columns} from {table}").fetchall()
    texts = [_escaped(name) for name, kind, *_ in described if kind == "VARCHAR"]
    replaced = f" replace ({', '.join(texts)})" if texts else ""
    query = (
        f"select {columns}{replaced} from {table} where cutoff = date '{batch.cutoff}' "
        f"and pred_months = {batch.pred_months} order by {table}.{order}"
    )
    with replacing(path) as temporary:
        connection.execute(f"copy ({query}) to {literal(str(temporary))} (format csv, header)")


def _escaped(column: str) -> str:
    starts = FORMULA_START.replace("'", "''")
    formula = f"{column} <> '' and contains('{starts}', left({column}, 1))"
    return f"case when {formula} then concat(chr(39), {column}) else {column} end as {column}"


def publish_marts(home: Home) -> dict[str, int]:
    """Copy the published tables into outputs/clv_marts.duckdb, replacing it in one step.

    Readers that have the old file open keep reading it undisturbed; those that open it later see
    the new one. No reader ever blocks a run. Every DuckDB since 1.0 opens the file. Tables and columns
    carry their descriptions as comments. `clv_published` says when that was. Beside the database each
    table is a Parquet file in outputs/marts.

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
                marts.execute(f"attach {literal(str(home.database))} as clv (read_only)")
                views = _views(marts)
                for table in progress(_standing(marts), "marts"):
                    made = f"create table {table} as select * from clv.main.{table}"
                    ((rows[table],),) = marts.execute(made).fetchall()
                write_published(marts)
                marts.execute("detach clv")
                for view in views:
                    marts.execute(view)
                _comment(marts, home)
                marts.execute("checkpoint")
                _write_parquet(marts, [*rows, PUBLISHED_AT], home.outputs / "marts")
        except duckdb.Error as error:
            temporary.unlink(missing_ok=True)
            raise ClvError(f"cannot publish {path}: {str(error).splitlines()[0]}") from error
        finally:
            temporary.with_name(temporary.name + ".wal").unlink(missing_ok=True)
    return rows


def _standing(marts: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the tables that the database has: one of an earlier version gets the others by its next run."""
    query = "select table_name from information_schema.tables where table_catalog = 'clv'"
    found = {name for (name,) in marts.execute(query).fetchall()}
    return [table for table in PUBLISHED if table in found]


def _views(marts: duckdb.DuckDBPyConnection) -> list[str]:
    """Return what makes the views; the names in it lead to the tables of the file that it stands in."""
    query = "select view_name, sql from duckdb_views() where database_name = 'clv'"
    found = dict(marts.execute(query).fetchall())
    return [found[view].replace("clv.main.", "main.") for view in VIEWS if view in found]


def _comment(marts: duckdb.DuckDBPyConnection, home: Home) -> None:
    described = marts.execute("select table_name, column_name from duckdb_columns()").fetchall()
    known = {(table, column.lower()) for table, column in described}
    for table, column, text in (*comments(home, (*PUBLISHED, *VIEWS)), *published_comments()):
        if column is None:
            kind = "view" if table in VIEWS else "table"
            marts.execute(f"comment on {kind} {table} is {literal(text)}")
        elif (table, column.lower()) in known:
            marts.execute(f'comment on column {table}."{column}" is {literal(text)}')


def _write_parquet(marts: duckdb.DuckDBPyConnection, tables: Sequence[str], folder: Path) -> None:
    """Write each table as a file that is replaced in one step; files of other tables go."""
    for table in tables:
        with replacing(folder / f"{table}.parquet") as temporary:
            marts.execute(f"copy {table} to {literal(str(temporary))} (format parquet)")
    for left_over in folder.glob("*.parquet"):
        if left_over.stem not in tables:
            left_over.unlink(missing_ok=True)
