"""Looks at the files of a log: how they are written, and what their columns are like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from clv.errors import ClvError
from clv.guess.columns import NOBODY, Column, looks_like_a_date
from clv.guess.encodings import in_some_encoding
from clv.guess.expression import sql_name
from clv.guess.found import Looked
from clv.guess.guests import guests
from clv.guess.names import mostly_unnamed
from clv.guess.numbers import is_number
from clv.guess.row_facts import repeated_totals, row_facts
from clv.guess.state_counts import count_states
from clv.project.csv_head import CsvHead, csv_head
from clv.project.log_files import LogFiles, found
from clv.project.log_options import Reader
from clv.project.log_sources import Source, source
from clv.project.sql_text import literal
from clv.project.transaction_log import CSV, EXCEL

SAMPLE_ROWS = 50_000
DIFFERENT_VALUES = 2_000
MOST_LINES_BEFORE = 12


@dataclass(frozen=True)
class Files:
    """The files of a log, opened.

    Parameters
    ----------
    rows : Source
        Their rows.
    reader : dict
        The keys of `log.reader` that they need.
    """

    rows: Source
    reader: dict[str, Any] = field(default_factory=dict)


def opened(location: str, said: Reader) -> Files:
    """Open the files of a location, by what was said and what can be recognised.

    Raises
    ------
    ClvError
        Where there are none, or they cannot be read.
    """
    files = found(location, "FILE")
    if files.form == EXCEL:
        return _sheet(files, said)
    if files.form != CSV:
        return Files(source(files, said))
    reader, head = _recognised(files, said)
    kept: dict[str, Any] = {}
    if reader.encoding:
        kept["encoding"] = reader.encoding
    if head.delimiter != ",":
        kept["delimiter"] = "tab" if head.delimiter == "\t" else head.delimiter
    if reader.skip_rows:
        kept["skip_rows"] = reader.skip_rows
    if reader.footer_rows:
        kept["footer_rows"] = reader.footer_rows
    if not reader.header:
        kept["header"] = False
    return Files(source(files, reader), kept)


def _sheet(files: LogFiles, said: Reader) -> Files:
    """Open workbooks, from the first row on that names most of its columns."""
    read = source(files, said)
    kept = {} if said.sheet is None else {"sheet": said.sheet}
    if said.skip_rows:
        return Files(read, {**kept, "skip_rows": said.skip_rows})
    skip, later = 0, read
    while mostly_unnamed(_names(later)) and skip < MOST_LINES_BEFORE:
        skip += 1
        try:
            later = source(files, replace(said, skip_rows=skip))
        except ClvError:
            return Files(read, kept)
    if mostly_unnamed(_names(later)) or not skip:
        return Files(read, kept)
    return Files(later, {**kept, "skip_rows": skip})


def _names(rows: Source) -> tuple[str, ...]:
    return next(iter(rows.columns.values()))


def _recognised(files: LogFiles, said: Reader) -> tuple[Reader, CsvHead]:
    path = files.paths[0]
    reader, head = in_some_encoding(path, said)
    if said.skip_rows == 0:
        reader, head = _after_a_preamble(path, reader, head)
    if any(is_number(name) or looks_like_a_date(name) for name in head.names):
        reader = replace(reader, header=False)
        head = csv_head(path, reader)
    return reader, head


def _after_a_preamble(path: str, reader: Reader, head: CsvHead) -> tuple[Reader, CsvHead]:
    """Return the first line that has as many names as most lines, or as the widest of the first."""
    best = (reader, head)
    if head.usual_width > 1 and head.usual_width != len(head.names):
        for skip in range(1, MOST_LINES_BEFORE):
            later = replace(reader, skip_rows=skip)
            try:
                next_head = csv_head(path, later)
            except ClvError:
                break
            if len(next_head.names) == head.usual_width:
                return later, next_head
    for skip in range(1, MOST_LINES_BEFORE):
        if len(best[1].names) > 2:
            break
        later = replace(reader, skip_rows=skip)
        try:
            widest = csv_head(path, later)
        except ClvError:
            break
        if len(widest.names) > len(best[1].names):
            best = (later, widest)
    return best


@contextmanager
def connected(rows: Source) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection on which the rows of a log can be read."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, table in rows.arrow.items():
            connection.register(name, table)
        yield connection


def look(rows: Source) -> Looked:
    """Return what the columns of a log are like, by its first rows.

    Raises
    ------
    ClvError
        When the rows cannot be read.
    """
    try:
        return _look(rows)
    except duckdb.Error as error:
        cause = re.sub(r"^.*?failed: (ArrowInvalid: )?", "", str(error).splitlines()[0])
        raise ClvError(
            f"the rows of the log cannot be read: {cause}. Where lines stand before the names of the columns "
            "or between the rows, export the log without them, or give --skip-rows; --delimiter says what "
            "separates the fields."
        ) from error


def _look(rows: Source) -> Looked:
    with connected(rows) as connection:
        connection.execute(f"create temp table looked as select * from {rows.first(SAMPLE_ROWS)}")
        described = connection.sql("describe looked").fetchall()
        columns = [_column(connection, str(row[0]), str(row[1])) for row in described]
        totals = repeated_totals(connection, columns)
        states = count_states(connection, rows.sql, columns)
        facts = row_facts(connection, columns)
        return Looked(columns, totals, *guests(connection, columns), states, facts)


def formats_that_read(rows: Source, column: str, formats: list[str], at_least: float) -> list[str]:
    """Return which of the formats read this share of all dates of a column, of every row of the log."""
    value = f"nullif(trim(cast({sql_name(column)} as varchar)), '')"
    counts = ", ".join(f"count(try_strptime({value}, {literal(form)}))" for form in formats)
    with connected(rows) as connection:
        row = connection.sql(f"select count({value}), {counts} from {rows.sql}").fetchall()[0]
    return [form for form, read in zip(formats, row[1:], strict=True) if read >= at_least * row[0]]


def _column(connection: duckdb.DuckDBPyConnection, name: str, sql_type: str) -> Column:
    written = f"nullif(trim(cast({sql_name(name)} as varchar)), '')"
    nobody = ", ".join(literal(word) for word in NOBODY if word)
    query = (
        f"select count(*), count(x), count(distinct x), "
        f"count(*) filter (x is null or lower(x) in ({nobody})) from (select {written} as x from looked)"
    )
    rows, filled, distinct, nobodies = connection.sql(query).fetchall()[0]
    values = connection.sql(
        f"select x from (select {written} as x from looked) where x is not null "
        f"group by x order by count(*) desc, x limit {DIFFERENT_VALUES}"
    ).fetchall()
    share = nobodies / rows if rows else 0.0
    texts = tuple(str(row[0]) for row in values)
    return Column(name, rows, filled, distinct, texts, sql_type.upper(), share)
