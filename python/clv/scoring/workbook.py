"""The segment table as an Excel workbook, for people who have no other tool."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from clv.core.render import csv_cell
from clv.errors import ClvError
from clv.project.database import reading
from clv.project.events import progress
from clv.project.files import replacing
from clv.project.home import Home
from clv.scoring.descriptions import comments

TABLE = "customer_segments"
# Limits of Excel: rows of a sheet, the header among them, and characters of a cell.
MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
ROWS_AT_A_TIME = 10_000
# Characters that XML, of which a workbook is made, does not give back.
UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def write_workbook(home: Home, path: Path) -> int:
    """Write the customers of the latest batch, best first, and what their columns mean, atomically.

    Texts are escaped as `csv_cell` says. The database is open only while the table is fetched, so
    that a long export keeps no run waiting.

    Returns
    -------
    int
        Number of customers.

    Raises
    ------
    ClvError
        Where the file's name or folder will not do, openpyxl is not installed, nothing was scored, or
        the table is more than a sheet of Excel holds.
    """
    _check_path(path)
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise ClvError(
            f"{path} is written by the package openpyxl, and that is not installed. Install it: "
            "pip install 'clv[excel]', or take outputs/marts/customer_segments.parquet."
        ) from error
    table = _segments(home)
    meanings = {column: text for _, column, text in comments(home, [TABLE]) if column}
    with replacing(path) as temporary:
        book = Workbook(write_only=True)
        sheet = book.create_sheet(TABLE)
        sheet.freeze_panes = "A2"
        sheet.append(table.column_names)
        batches = table.to_batches(max_chunksize=ROWS_AT_A_TIME)
        for batch in progress(batches, "xlsx", len(batches)):
            for row in _rows(batch):
                sheet.append(row)
        columns = book.create_sheet("columns")
        columns.append(["column", "meaning"])
        for name in table.column_names:
            columns.append([name, _cell(meanings.get(name, ""))])
        book.save(temporary)
    return int(table.num_rows)


def _check_path(path: Path) -> None:
    if path.suffix.lower() != ".xlsx":
        raise ClvError(
            f"{path} does not end in .xlsx, by which Excel knows a workbook. Name it so."
        )
    if not path.parent.is_dir():
        raise ClvError(f"there is no folder {path.parent}. Make it, or name a file in another.")
    if path.is_dir():
        raise ClvError(f"{path} is a folder. Name a file.")
    if not os.access(path.parent, os.W_OK):
        raise ClvError(
            f"cannot write to {path.parent}. Make it writable, or name a file elsewhere."
        )


def _segments(home: Home) -> Any:
    """Return the table as Arrow, once it is known to fit."""
    with reading(home.database) as connection:
        size = f"select count(*), max(length(customer_id)) from {TABLE}"
        try:
            ((rows, longest),) = connection.execute(size).fetchall()
        except duckdb.CatalogException as error:
            raise ClvError("no batch was scored yet. Run `clv run`, or `dbt build`.") from error
        if rows >= MOST_ROWS:
            raise ClvError(
                f"{TABLE} has {rows:,} customers, and a sheet of Excel holds {MOST_ROWS - 1:,} below its "
                "header. Take outputs/marts/customer_segments.parquet, or the CSV files in outputs."
            )
        if (longest or 0) > LONGEST_TEXT - 1:
            raise ClvError(
                f"a customer_id has {longest:,} characters, and a cell of Excel holds {LONGEST_TEXT:,}. "
                "Take outputs/marts/customer_segments.parquet."
            )
        return connection.sql(f"select * from {TABLE} order by clv_rank").to_arrow_table()


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
    return zip(*columns, strict=True)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return csv_cell(UNWRITABLE.sub(_visible, value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _visible(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
