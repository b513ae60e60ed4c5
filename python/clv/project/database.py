"""Reading the home's database. dbt is its only writer."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pandas as pd

from clv.errors import ClvError

PATIENCE_SECONDS = 30.0


class LogDays(NamedTuple):
    """The first day of the transaction log, and the last that it is complete for."""

    first: dt.date
    last: dt.date


@contextlib.contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database read-only, waiting out a short writer.

    Raises
    ------
    ClvError
        When there is no database, or another process keeps it locked.
    """
    if not path.exists():
        raise ClvError(f"there is no database at {path} yet. Run `clv run`, or `dbt build`.")
    connection = _open(path)
    try:
        yield connection
    finally:
        connection.close()


def fetch(path: Path, query: str) -> pd.DataFrame:
    """Return the result of a query as a frame."""
    with reading(path) as connection:
        return connection.execute(query).df()


def fetch_row(path: Path, query: str) -> tuple[Any, ...]:
    """Return the one row of a query; dates are dates."""
    with reading(path) as connection:
        (row,) = connection.execute(query).fetchall()
        return tuple(row)


def log_days(path: Path) -> LogDays:
    """Return the days of the log, as staging found them."""
    return LogDays(*fetch_row(path, "select data_from, data_through from int_clv__log_days"))


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Say whether the schema `main` has a table or view of that name."""
    query = "select 1 from information_schema.tables where table_schema = 'main' and table_name = ?"
    return connection.execute(query, [name]).fetchone() is not None


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(str(path), read_only=True)
        except duckdb.IOException as error:
            if "lock" not in str(error) or time.monotonic() > deadline:
                raise ClvError(in_use(path, str(error))) from error
            time.sleep(0.5)


def in_use(path: Path, error: str) -> str:
    """Say that the database cannot be opened, and by whom it is held where DuckDB knows."""
    holder = re.search(r"held in (.+? \(PID \d+\))", error)
    cause = f"{holder.group(1)} holds it open." if holder else error.splitlines()[0]
    return (
        f"cannot open {path}: {cause} Close that, and run this again; BI tools should read "
        "outputs/clv_marts.duckdb, which is never locked."
    )
