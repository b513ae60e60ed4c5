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
from clv.project.stored import Kind, StoredFileError, read_start, stands

PATIENCE_SECONDS = 30.0
MAGIC = slice(8, 12), b"DUCK"
DATABASE = Kind(
    "the database",
    "Restore it from a backup. Without one, move it away: `clv run` begins a new one, in which "
    "earlier predictions and their labels are missing.",
)


# What DuckDB raises where a file is not as it was written; a wrong checksum is a plain duckdb.Error.
DAMAGE = (
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.SerializationException,
)


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
        When there is no database, it is none of DuckDB's or damaged, or another process keeps it
        locked.
    """
    if not stands(path, DATABASE):
        raise ClvError(f"there is no database at {path} yet. Run `clv run`, or `dbt build`.")
    check_magic(path)
    connection = _open(path)
    try:
        yield connection
    except duckdb.CatalogException as error:
        cause = f"is not the one of this home: {_first_line(error)}"
        raise StoredFileError(path, DATABASE, cause) from error
    except duckdb.Error as error:
        if type(error) is not duckdb.Error and not isinstance(error, DAMAGE):
            raise
        raise StoredFileError(path, DATABASE, f"is damaged: {_first_line(error)}") from error
    finally:
        connection.close()


def check_magic(path: Path) -> None:
    """Refuse at once a file that DuckDB did not write, which is often waited for like a lock.

    Raises
    ------
    StoredFileError
        When it is no regular file, or does not begin as a database of DuckDB.
    """
    start = read_start(path, DATABASE, 12)
    if start[MAGIC[0]] != MAGIC[1]:
        found = f"begins with {start.hex(' ')}" if start else "is empty"
        raise StoredFileError(path, DATABASE, f"is not a database of DuckDB: it {found}")


def check_opens(path: Path) -> None:
    """Refuse at once a database that is damaged; one that is locked is left to who waits for it.

    Raises
    ------
    StoredFileError
        When DuckDB cannot open it, whoever holds it.
    """
    check_magic(path)
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.ConnectionException:  # this process has it open already, so it can be opened
        return
    except duckdb.Error as error:
        if "lock on file" not in str(error):
            raise StoredFileError(path, DATABASE, f"is damaged: {_first_line(error)}") from error


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


def purchases_by_day(path: Path) -> pd.DataFrame:
    """Return how many customers bought on each day of the log, and how many of them for the first time.

    Returns
    -------
    DataFrame of shape (days, 3)
        order_date, purchase_days and newcomers, a row per day with a purchase.
    """
    return fetch(
        path,
        """
        select
            order_date,
            count(*) as purchase_days,
            count(*) filter (order_date = first_date) as newcomers
        from (
            select order_date, min(order_date) over (partition by customer_id) as first_date
            from int_clv__customer_days
            where is_purchase_day
        )
        group by order_date
        order by order_date
        """,
    )


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
            if "lock on file" not in str(error):
                cause = f"cannot be opened: {_first_line(error)}"
                raise StoredFileError(path, DATABASE, cause) from error
            if time.monotonic() > deadline:
                raise ClvError(in_use(path, str(error))) from error
            time.sleep(0.5)
        except duckdb.Error as error:
            raise StoredFileError(path, DATABASE, f"is damaged: {_first_line(error)}") from error


def in_use(path: Path, error: str) -> str:
    """Say that the database cannot be opened, and by whom it is held where DuckDB knows."""
    holder = re.search(r"held in (.+? \(PID \d+\))", error)
    cause = f"{holder.group(1)} holds it open." if holder else error.splitlines()[0]
    return (
        f"cannot open {path}: {cause} Close that, and run this again; BI tools should read "
        "outputs/clv_marts.duckdb, which is never locked."
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".!")
