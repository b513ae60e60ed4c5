"""The table of the var `attributes`: what is known of customers beside the log, as SQL.

Every column but customer_id and the days from which others are known is an attribute. One row per
customer and attribute comes out, so that any table has one shape.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import duckdb

from clv.errors import ClvError
from clv.project.log_files import NAMED, found
from clv.project.log_options import LogOptions, Reader, log_options
from clv.project.log_reader import LogRows, apart, engine_cause
from clv.project.log_sources import source
from clv.project.sql_functions import TEXT, is_nested, kind_of
from clv.project.sql_text import literal, quoted
from clv.project.transaction_log import TransactionLog
from clv.project.typed_ids import identifier, label

ATTRIBUTES = "clv_attribute_rows"
ATTRIBUTE_ROWS = LogRows()
CUSTOMER, KNOWN_FROM = "customer_id", "known_from"
MOST = 20
FIX = (
    "It takes the column customer_id, a column for each attribute, and where values change known_from, or "
    "ATTRIBUTE_known_from for one of them."
)
# Words that a column of tables has already, and kinds of group.
RESERVED = frozenset(
    {"tier", "cluster", "actual_clv", "actual_purchases", "predicted_clv", "attributes"}
)
FEATURES = frozenset((
    "cutoff", "pred_months", "pred_days", "model_id", "history_months", "frequency", "recency", "t",
    "monetary_value", "orders", "revenue", "refunds", "average_order_value", "largest_order_value",
    "last_order_value", "first_order_value", "spread_order_value", "days_since_last", "mean_gap",
    "spread_gap", "days_since_first_ever",
    *(f"{name}_{days}d" for name in ("orders", "revenue") for days in (30, 90, 180, 365)),
))  # fmt: skip


def opened_attributes(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands behind `from` for the rows of attributes.

    Parameters
    ----------
    request : mapping
        `location`; `options` of the log, by which ids are read; of a table `relation` and its `types`.

    Raises
    ------
    ClvError
        When it cannot be read, has no column customer_id, or a column that is no attribute.
    """
    location = str(request["location"])
    options = replace(log_options(request["options"]), reader=Reader())
    if "relation" in request:
        return {
            "relation": f"({attribute_query(request['relation'], request['types'], options, location)})"
        }
    if not TransactionLog(location).is_file or "://" in location:
        raise ClvError(
            f"the var attributes is '{location}'. It takes a file of CSV, Parquet, JSON or Excel on this "
            f"machine, or a table written schema.table. {FIX}"
        )
    files = found(location, "the var attributes")
    try:
        rows = source(files, options.reader)
        with apart(list(files.paths)) as connection:
            for name, values in rows.arrow.items():
                connection.register(name, values)
            described = connection.execute(f"describe select * from {rows.sql}").fetchall()
    except duckdb.Error as error:
        raise ClvError(
            f"the attributes in '{location}' could not be read: {engine_cause(str(error)).rstrip('!.')}. "
            f"{FIX}"
        ) from error
    except ClvError as error:  # what reads the log calls it so
        raise ClvError(str(error).replace(NAMED, "the table of attributes", 1)) from error
    types = {str(row[0]): str(row[1]).upper() for row in described}
    if rows.repeated:
        raise ClvError(
            f"the attributes in '{location}' have the column '{rows.repeated[0]}' more than once. "
            "Rename one of them."
        )
    query = attribute_query(rows.sql, types, options, location)
    ATTRIBUTE_ROWS.open(list(files.paths), query, rows.arrow)
    return {"relation": ATTRIBUTES}


def attribute_query(
    relation: str, types: Mapping[str, str], options: LogOptions, location: str
) -> str:
    """Return the query of customer_id, attribute_name, attribute_value, written_known_from and known_from.

    All but the last are text. `written_known_from` is null where no day is asked for, and empty where
    one is missing. Days are written as ISO 8601 has them.

    Raises
    ------
    ClvError
        When a column cannot be what it is called.
    """
    columns = _named(types, location)
    names = _attributes(columns, types, location)
    entries = []
    for name in names:
        day = columns.get(f"{name}_{KNOWN_FROM}", columns.get(KNOWN_FROM))
        written = (
            "cast(null as varchar)"
            if day is None
            else f"coalesce(trim(cast({quoted(day)} as varchar)), '')"
        )
        entries.append(
            f"{{name: {literal(name)}, value: {_value(columns[name], types, options)}, "
            f"written: {written}}}"
        )
    who = columns[CUSTOMER]
    return (
        "select customer_id, entry.name as attribute_name, entry.value as attribute_value, "
        "entry.written as written_known_from, "
        f"try_cast(left(entry.written, 10) as date) as known_from from (select "
        f"{identifier(quoted(who), types[who], options)} as customer_id, "
        f"unnest([{', '.join(entries)}]) as entry from {relation} as given) "
        "where customer_id is not null and entry.value is not null"
    )


def _value(column: str, types: Mapping[str, str], options: LogOptions) -> str:
    """Return SQL of a value as text; numbers are read as ids are, so that 1 and 1.0 are one value."""
    read = label if kind_of(types[column]) == TEXT else identifier
    return read(quoted(column), types[column], options)


def _named(types: Mapping[str, str], location: str) -> dict[str, str]:
    """Return the columns by their names in lower case."""
    columns: dict[str, str] = {}
    for column in types:
        name = column.strip().lower()
        if name in columns:
            raise ClvError(
                f"the attributes in '{location}' have the columns '{columns[name]}' and '{column}', which "
                "differ in upper and lower case or spaces alone. Rename one of them."
            )
        columns[name] = column
    if CUSTOMER not in columns:
        listed = ", ".join(columns) or "none"
        raise ClvError(
            f"the attributes in '{location}' have no column customer_id, but {listed}. {FIX}"
        )
    return columns


def _attributes(columns: Mapping[str, str], types: Mapping[str, str], location: str) -> list[str]:
    days = {name for name in columns if name == KNOWN_FROM or name.endswith(f"_{KNOWN_FROM}")}
    names = sorted(set(columns) - days - {CUSTOMER})
    _check_days(days, names, location)
    if not 1 <= len(names) <= MOST:
        raise ClvError(
            f"the attributes in '{location}' have {len(names)} columns beside customer_id; 1 to {MOST} are "
            f"read. {FIX}"
        )
    for name in names:
        if name in FEATURES | RESERVED:
            raise ClvError(
                f"the attributes in '{location}' have the column '{name}', which is the name of a feature or "
                "of a column that clv makes itself. Rename it, or leave it out."
            )
        if not re.fullmatch(r"[^\W\d][\w -]{0,59}", name):
            raise ClvError(
                f"the attributes in '{location}' have the column '{name}'. The name of an attribute is up to "
                "60 letters, digits, spaces, _ and -, a letter first. Rename it."
            )
        if is_nested(types[columns[name]]):
            raise ClvError(
                f"the attributes in '{location}' have the column '{name}' of type {types[columns[name]]}, "
                "which holds several values. Give each a column of its own."
            )
    return names


def _check_days(days: Collection[str], names: Collection[str], location: str) -> None:
    for day in sorted(days):
        of = day.removesuffix(f"_{KNOWN_FROM}")
        if day != KNOWN_FROM and of not in names:
            raise ClvError(
                f"the attributes in '{location}' have the column '{day}', but no column '{of}' that it could "
                f"be the day of. {FIX}"
            )
