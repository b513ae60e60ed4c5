"""The table of the var `exchange_rates`: what one unit of a currency is worth in the shop's own.

It is read on a database of its own, as text, and handed to dbt's connection with a row per currency and
day, so that every row of the log meets its rate by an equality.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from clv.core.given import given_path
from clv.errors import ClvError
from clv.project.transaction_log import CSV, PARQUET, form_of

RELATION = "clv_exchange_rates"
RATE = pa.decimal128(18, 12)
SCHEMA = pa.schema([("currency", pa.string()), ("valid_on", pa.date32()), ("rate", RATE)])
LARGEST_RATE = Decimal(1_000_000)
FIX = (
    "The table takes the columns currency, rate (what 1 of the currency is worth in the shop's own), "
    "and, where rates change, valid_from."
)
Given = tuple[str | None, str | None, str | None]
Known = dict[str, dict[dt.date | None, Decimal]]


class Rates:
    """The rates of this invocation, as an Arrow stream that begins anew for every query."""

    def __init__(self) -> None:
        self.table = SCHEMA.empty_table()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return SCHEMA.__arrow_c_schema__()


# What is registered on every cursor of dbt.
RATES = Rates()


def answered(request: str) -> str:
    """Answer the macros: the place of a table (and its rows, where dbt has them) in, its days out."""
    asked = json.loads(request)
    location = str(asked["location"])
    try:
        rows = asked["rows"] if "rows" in asked else _read(location)
        table, first, last = by_day(rows, location, asked.get("currency"))
    except ClvError as error:
        return json.dumps({"error": str(error)})
    RATES.table = table
    return json.dumps({"first_day": str(first), "last_day": str(last)})


def by_day(
    rows: Sequence[Given], location: str, own: object = None
) -> tuple[pa.Table, dt.date, dt.date]:
    """Return a row per currency and day, and the first and last of these days.

    Parameters
    ----------
    rows : sequence
        currency, rate and valid_from (None: from the beginning), as text.
    location : str
        Names the table in errors.
    own : str, optional
        The shop's currency, whose rate is 1.

    Raises
    ------
    ClvError
        With up to three of the rows that are no rates, or where a currency has two rates from one day.
    """
    known = _known(rows, location)
    if own:
        known.setdefault(str(own).strip().upper(), {})[None] = Decimal(1)
    if not known:
        raise ClvError(f"the exchange rates in '{location}' are empty. {FIX}")
    starts = sorted({day for rates in known.values() for day in rates if day is not None})
    first = (starts[0] if starts else dt.date(2000, 1, 1)) - dt.timedelta(days=1)
    last = starts[-1] if starts else first
    found = []
    for currency, rates in sorted(known.items()):
        rate = rates.get(None)
        for number in range((last - first).days + 1):
            day = first + dt.timedelta(days=number)
            rate = rates.get(day, rate)
            if rate is not None:
                found.append({"currency": currency, "valid_on": day, "rate": rate})
    return pa.Table.from_pylist(found, schema=SCHEMA), first, last


def _known(rows: Sequence[Given], location: str) -> Known:
    known: Known = {}
    faults: list[str] = []
    for currency, rate, valid_from in rows:
        try:
            name = (currency or "").strip().upper()
            value = Decimal((rate or "").strip()).quantize(Decimal("1e-12"))
            day = dt.date.fromisoformat(valid_from.strip()[:10]) if valid_from else None
            if not name or not 0 < value < LARGEST_RATE:
                raise ValueError("no currency, or no rate above 0")
        except (ValueError, InvalidOperation):
            faults.append(f"({currency}, {rate}, {valid_from})")
            continue
        if known.setdefault(name, {}).setdefault(day, value) != value:
            when = f"from {day}" if day else "without a valid_from"
            raise ClvError(
                f"the exchange rates in '{location}' have two rates of {name} {when}: "
                f"{known[name][day]} and {value}. Leave one."
            )
    if faults:
        raise ClvError(
            f"the exchange rates in '{location}' have {len(faults)} rows that are none, such as "
            f"{', '.join(faults[:3])}: a rate is a number above 0 with a point, valid_from a date as "
            f"yyyy-mm-dd. {FIX}"
        )
    return known


def _read(location: str) -> list[Given]:
    form = form_of(location)
    if form not in (CSV, PARQUET) or "://" in location:
        raise ClvError(
            f"the var exchange_rates is '{location}', which is no file that ends in .csv or .parquet, "
            f"nor a table written schema.table. {FIX}"
        )
    path = str(given_path(location))
    if not Path(path).is_file():
        raise ClvError(f"there are no exchange rates at '{location}'. Correct the var. {FIX}")
    reader = (
        "read_csv($path, all_varchar = true, header = true)"
        if form == CSV
        else "read_parquet($path)"
    )
    try:
        with duckdb.connect() as connection:
            relation = connection.execute(f"select * from {reader}", {"path": path})
            names = [str(column[0]).strip().lower() for column in relation.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        raise ClvError(
            f"the exchange rates in '{location}' cannot be read: {cause}. {FIX}"
        ) from error
    for name in ("currency", "rate"):
        if name not in names:
            raise ClvError(
                f"the exchange rates in '{location}' have no column {name}, but {', '.join(names)}. {FIX}"
            )
    return [
        (_text(row["currency"]), _text(row["rate"]), _text(row.get("valid_from"))) for row in rows
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
