"""Reads the files of the log on a database of its own, which reaches those files and nothing else.

dbt's connection can write every table of the home and every file of the user. What people wrote as
expressions over the log therefore runs on a second database, in memory: it is allowed the files of the
log alone, its settings are locked, and it knows no table. Its rows stream to dbt's connection, where
they stand as `clv_log_rows`, so that nothing is copied to disk or held in memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from clv.errors import ClvError
from clv.project.log_alike import check_alike
from clv.project.log_columns import Mapped, mapped_columns
from clv.project.log_files import NAMED, LogFiles, found
from clv.project.log_options import LogOptions
from clv.project.log_select import LOOKED_AT, Seen, look, seen, typed
from clv.project.log_sources import Source, looked_at, source
from clv.project.sql_text import literal

ROWS = "clv_log_rows"
CHECK = (
    "Check the file: it must be whole, and of the kind that its name says; then the vars reader and "
    "columns."
)
_FAULTS = ("Expected", "Value", "Invalid", "Maximum", "The ", "Error")
_NO_ROWS = "select null as nothing where false"


class LogRows:
    """The rows of the log, as Arrow streams that begin anew for every query that reads them."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._query = _NO_ROWS
        self._arrow: dict[str, Any] = {}

    def open(self, files: list[str], query: str, arrow: Mapping[str, Any] | None = None) -> None:
        """Have the rows be those of a query over these files, which alone it can read."""
        self._connection, self._query = apart(files), query
        self._arrow = dict(arrow or {})

    @property
    def is_open(self) -> bool:
        """Whether there are rows to read."""
        return self._query != _NO_ROWS

    def close(self) -> None:
        """Have no rows, until the log is opened again: its files may be others by then."""
        self._connection, self._query = None, _NO_ROWS

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return self._relation("").to_arrow_reader(122_880).__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return self._relation(" limit 0").to_arrow_table().schema.__arrow_c_schema__()

    def _relation(self, limit: str) -> duckdb.DuckDBPyRelation:
        if self._connection is None:
            self._connection = duckdb.connect()
        cursor = self._connection.cursor()
        for name, rows in self._arrow.items():
            cursor.register(name, rows)
        return cursor.sql(self._query + limit)


@dataclass(frozen=True)
class OpenLog:
    """A log that was looked at: the query of its typed columns, and what is needed to run it.

    Parameters
    ----------
    files : LogFiles
        Its files.
    query : str
        One row per row of the log, with those columns of `log_select.COLUMNS` that are mapped.
    mapped : Mapped
        What the columns are mapped to.
    columns : dict
        The columns of the log and their SQL types.
    arrow : mapping
        What stands behind names in the query.
    notes : tuple of str
        What a person is told of how it is read.
    """

    files: LogFiles
    query: str
    mapped: Mapped
    columns: dict[str, str]
    arrow: Mapping[str, Any]
    notes: tuple[str, ...]

    def rows(self) -> LogRows:
        """Return its rows."""
        made = LogRows()
        made.open(list(self.files.paths), self.query, self.arrow)
        return made


# What is registered on every cursor of dbt. All that read it in one invocation ask for the same rows.
LOG_ROWS = LogRows()


def open_log(
    location: str, asked: Mapping[str, str | None], options: LogOptions, named: str = NAMED
) -> OpenLog:
    """Look at the files of a location and return how their typed columns are read.

    Parameters
    ----------
    location : str
        A file, a glob or a folder.
    asked : mapping
        What the roles of the log are mapped to.
    named : str
        What named the location, for messages.

    Raises
    ------
    ClvError
        With one cause and its fix, where the log or a var cannot be used.
    """
    try:
        return _open_log(found(location, named), asked, options)
    except duckdb.Error as error:
        raise ClvError(
            f"{named} '{location}' could not be read: {engine_cause(str(error)).rstrip('!.')}. {CHECK}"
        ) from error


def engine_cause(message: str) -> str:
    """Return what the engine says in one line, without the row that it says it of.

    Of a row of CSV it says the number first and the fault in the line after it; the row itself,
    which may stand between, is somebody's data and is left out.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    if "CSV Error on Line:" not in lines[0]:
        return lines[0]
    faults = (line for line in lines[1:] if line.startswith(_FAULTS))
    fault = next(faults, None)
    return f"{lines[0]}: {fault}" if fault else lines[0]


def _open_log(files: LogFiles, asked: Mapping[str, str | None], options: LogOptions) -> OpenLog:
    whole = source(files, options.reader)
    sample = looked_at(files, whole, options.reader)
    with apart(list(files.paths)) as connection:
        for name, rows in {**whole.arrow, **sample.arrow}.items():
            connection.register(name, rows)
        described = connection.execute(f"describe select * from {whole.sql}").fetchall()
        columns = {str(row[0]): str(row[1]).upper() for row in described}
        mapped = mapped_columns(asked, columns, whole.repeated)
        check_alike(files, whole.columns, mapped)
        looked = _looked(connection, sample, mapped, options)
    query = typed(whole.sql, mapped, options, looked)
    return OpenLog(files, query, mapped, columns, whole.arrow, (*whole.notes, *looked.notes))


def apart(files: list[str]) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that reaches these files and nothing else."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set allowed_paths = [{', '.join(map(literal, files))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _looked(
    connection: duckdb.DuckDBPyConnection, sample: Source, mapped: Mapped, options: LogOptions
) -> Seen:
    rows = sample.first(LOOKED_AT)
    found = connection.execute(look(rows, mapped, options)).fetchone()
    return seen(json.loads(found[0]) if found else {"rows": 0}, mapped, options)
