"""Reads the files of the log on a database of its own, which reaches those files and nothing else.

dbt's connection can write every table of the home and every file of the user. What people wrote as
expressions over the log therefore runs on a second database, in memory: it is allowed the files of the
log alone, its settings are locked, and it knows no table. Its rows stream to dbt's connection, where
they stand as `clv_log_rows`, so that nothing is copied to disk or held in memory.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from clv.errors import ClvError
from clv.project.hidden_log import ENGINE_VARIABLE, hidden_location
from clv.project.log_seen import SEEN
from clv.project.sql_expression import quoted
from clv.project.transaction_log import PARQUET, form_of

ROWS = "clv_log_rows"
_NO_ROWS = "select null as nothing where false"


class LogRows:
    """The rows of the log, as Arrow streams that begin anew for every query that reads them."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._query = _NO_ROWS

    def open(self, files: list[str], query: str) -> None:
        """Have the rows be those of a query over these files, which alone it can read."""
        connection = duckdb.connect()
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set allowed_paths = [{', '.join(map(_literal, files))}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        self._connection, self._query = connection, query

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
        return self._connection.cursor().sql(self._query + limit)


# What is registered on every cursor of dbt. All that read it in one invocation ask for the same rows.
LOG_ROWS = LogRows()


def reader(location: str) -> str:
    """Return files of the log as a table function; CSV is read as text.

    So leading zeros survive, and one bad cell is one rejected row, not a failed run.
    """
    if hidden := hidden_location(location):
        return _reader(f"getvariable('{ENGINE_VARIABLE}')", form_of(hidden))
    return _reader(_literal(location), form_of(location))


def opened(request: str) -> str:
    """Answer the macros: open `location` for `columns` (SQL by name); `apart` says whether it was.

    An address (s3://…, https://…) is read by dbt's connection, whose profile holds its secrets.
    """
    asked = json.loads(request)
    location, columns = str(asked["location"]), asked["columns"]
    location = hidden_location(location) or location
    if "://" in location:
        return json.dumps({"apart": False})
    try:
        with duckdb.connect() as connection:
            found = connection.execute("select file from glob(?) order by file", [location])
            files = [str(row[0]) for row in found.fetchall()]
        if not files:
            raise ClvError(f"no file matches '{location}' any more. Run the command again.")
        listed = ", ".join(f"{sql} as {quoted(name)}" for name, sql in columns.items())
        several = f"[{', '.join(map(_literal, files))}]"
        SEEN.files = files
        LOG_ROWS.open(files, f"select {listed} from {_reader(several, form_of(location))}")
    except (duckdb.Error, ClvError) as error:
        return json.dumps({"error": str(error).splitlines()[0]})
    return json.dumps({"apart": True})


def _reader(files: str, form: str) -> str:
    if form == PARQUET:
        return f"read_parquet({files}, union_by_name = true)"
    return f"read_csv({files}, all_varchar = true, header = true, union_by_name = true)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
