"""The query that turns the log into typed columns, and the one that looks at how it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clv.errors import ClvError
from clv.project.date_formats import EPOCHS, fitting
from clv.project.log_columns import Mapped, Role
from clv.project.log_nested import check as check_single
from clv.project.log_nested import looked_for
from clv.project.log_options import LogOptions
from clv.project.number_formats import Recognised, Shape, declared_or_plain, recognised, shape
from clv.project.sql_functions import NUMBER, TEXT, kind_of
from clv.project.sql_text import as_number, as_time, literal, quoted
from clv.project.typed_dates import timestamp
from clv.project.typed_ids import identifier, label
from clv.project.typed_numbers import NumberFormat, double, money, money_of_number

# Rows that are looked at; up to this many are the whole log.
LOOKED_AT = 100_000
COLUMNS = {
    "customer_id": "varchar", "order_id": "varchar", "line_id": "varchar", "written_date": "varchar",
    "ordered_at": "timestamp", "amount": "decimal(18, 4)", "updated_at": "timestamp",
    "status": "varchar", "currency": "varchar",
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What was seen of how the log is written.

    Parameters
    ----------
    numbers : mapping
        From text column to how its numbers are written.
    whole : bool
        Whether every row was looked at.
    notes : tuple of str
        What a person is told.
    """

    numbers: Mapping[str, Recognised]
    whole: bool = True
    notes: tuple[str, ...] = ()


def look(source: str, mapped: Mapped, options: LogOptions) -> str:
    """Return the query that looks at the log: one row, one column, JSON.

    Parameters
    ----------
    source : str
        The rows to look at, as something that stands behind `from`.
    """
    offered = _offered(source, mapped, options, {})
    date = mapped.roles["ordered_at"]
    columns = [f"{quoted(name)} as n{i}" for i, name in enumerate(mapped.number_columns)]
    written = f"cast({date.sql} as varchar)"
    read = timestamp("written", "VARCHAR", options) if kind_of(date.type) == TEXT else "1"
    nested = looked_for(mapped)
    columns += [f"{sql} as j_{name}" for name, sql in nested.items()]
    columns += [f"{mapped.roles[name].sql} is not null as v_{name}" for name in nested]
    looked = f"select {', '.join([*columns, f'{written} as written'])} from {offered}"
    markers = ", ".join(map(literal, ("", *options.null_markers)))
    parts = ["'rows', (select count(*) from looked)"]
    for i in range(len(mapped.number_columns)):
        parts.append(f"'n{i}', ({_shapes(f'n{i}', markers)})")
    for name in nested:
        counts = f"'values', count(*) filter (v_{name}), 'nested', count(j_{name})"
        parts.append(
            f"'{name}', (select json_object({counts}, 'first', min(j_{name})) from looked)"
        )
    if kind_of(date.type) == TEXT:
        parts.append(f"'dates', ({_shapes('written', markers)})")
        unread = f"written is not null and trim(written) <> '' and {read} is null"
        parts.append(
            f"'unread', (select json_object('values', count(written), 'unread', count(*) filter "
            f"({unread}), 'first', min(written, 10) filter ({unread}), 'last', max(written, 10) "
            f"filter ({unread})) from looked)"
        )
    return f"with looked as materialized ({looked}) select json_object({', '.join(parts)}) as seen"


def seen(answer: Mapping[str, Any], mapped: Mapped, options: LogOptions) -> Seen:
    """Return what the answer of `look` says.

    Raises
    ------
    ClvError
        Where numbers or dates are written in a way that nobody declared and that is not clear.
    """
    check_single(answer, mapped)
    found, notes = {}, []
    for i, name in enumerate(mapped.number_columns):
        shapes = [Shape(*entry.values()) for entry in answer.get(f"n{i}") or []]
        found[name] = recognised(name, shapes, options)
        notes += [found[name].note] if found[name].note else []
    _check_dates(answer.get("unread"), options)
    notes += _zone_note(mapped.roles["ordered_at"], answer.get("dates") or [], options)
    return Seen(found, int(answer["rows"]) < LOOKED_AT, tuple(n for n in notes if n))


def typed(source: str, mapped: Mapped, options: LogOptions, looked: Seen) -> str:
    """Return the query of the typed columns that are mapped, a row per row of the log, in its order."""
    offered = _offered(source, mapped, options, looked.numbers, looked.whole)
    roles = mapped.roles
    listed = ", ".join(f"{role.sql} as {name}" for name, role in roles.items())
    text_date = kind_of(roles["ordered_at"].type) == TEXT
    tried = "try_cast(ordered_at as timestamp)" if text_date and not options.formats else "null"
    types = {name: role.type for name, role in roles.items()}
    read = {
        "customer_id": identifier("customer_id", types["customer_id"], options),
        "order_id": identifier("order_id", types["order_id"], options),
        "line_id": identifier("line_id", types["line_id"], options),
        "written_date": _written("ordered_at", types["ordered_at"]),
        "ordered_at": timestamp("ordered_at", types["ordered_at"], options, False, "tried"),
        "amount": _amount(roles["amount"], options, looked),
        "updated_at": timestamp("updated_at", types["updated_at"], options, also_iso=True),
        "status": label("status", types["status"], options),
        "currency": f"upper({label('currency', types['currency'], options)})",
    }
    wanted = [name for name in COLUMNS if not _is_left_out(mapped, name)]
    columns = ", ".join(f"{read[name]} as {name}" for name in wanted)
    return (
        f"select {columns} from (select *, {tried} as tried from (select {listed} from {offered}))"
    )


def _written(x: str, sql_type: str) -> str:
    """Return a date as it was written, null where it is blank; what was read as it is, is not blank."""
    text = f"nullif(trim(cast({x} as varchar)), '')"
    return (
        f"case when tried is not null then {x} else {text} end"
        if kind_of(sql_type) == TEXT
        else text
    )


def completed(rows: str, mapped: Mapped) -> str:
    """Return rows with the columns that are not mapped, as nulls, to stand behind `from`."""
    nulls = [f"cast(null as {COLUMNS[n]}) as {n}" for n in COLUMNS if _is_left_out(mapped, n)]
    return f"(select {', '.join(['*', *nulls])} from {rows}) as log_rows"


def _is_left_out(mapped: Mapped, name: str) -> bool:
    role = "ordered_at" if name == "written_date" else name
    return mapped.roles[role].type == "NULL"


def _offered(
    source: str,
    mapped: Mapped,
    options: LogOptions,
    numbers: Mapping[str, Recognised],
    whole: bool = True,
) -> str:
    """Return the log with its text columns also as numbers and times, where expressions want them."""
    added = []
    for name in mapped.numbers:
        known = numbers.get(name, Recognised(NumberFormat()))
        value = _guarded(quoted(name), name, known, whole)
        added.append(f"{double(value, known.form)} as {quoted(as_number(name))}")
    for name in mapped.times:
        value = timestamp(quoted(name), "VARCHAR", options, also_iso=True)
        added.append(f"{value} as {quoted(as_time(name))}")
    return f"(select *, {', '.join(added)} from {source})" if added else source


def _amount(role: Role, options: LogOptions, looked: Seen) -> str:
    if kind_of(role.type) == NUMBER:
        return money_of_number("amount", role.type)
    if kind_of(role.type) != TEXT:
        return "cast(null as decimal(18, 4))"
    if role.column is None or role.column not in looked.numbers:
        return money("amount", declared_or_plain(options))
    known = looked.numbers[role.column]
    return money(_guarded("amount", role.column, known, looked.whole), known.form)


def _guarded(x: str, column: str, known: Recognised, whole: bool) -> str:
    """Return a text that ends the reading where it may show another sign than those looked at."""
    if whole or known.shown:
        return x
    told = literal(f"clv: the column {column} has whole numbers in its first rows and further on '")
    fix = literal("', of which the sign may stand before decimals or between thousands. Say it: the "
                  "var decimal_separator is '.' or ','.")  # fmt: skip
    doubtful = f"contains({x}, ',') or regexp_full_match({x}, '[^0-9]*[1-9][0-9]{{0,2}}[.][0-9]{{3}}[^0-9]*')"
    return f"case when {doubtful} then error({told} || {x} || {fix}) else {x} end"


def _shapes(column: str, markers: str) -> str:
    return (
        f"select list(s) from (select {shape(column)} as shape, count(*) as several, "
        f"min({column}, 3) as examples from looked where {column} is not null and "
        f"trim({column}) not in ({markers}) group by 1 order by 2 desc, 1 limit 1000) as s"
    )


def _check_dates(unread: Mapping[str, Any] | None, options: LogOptions) -> None:
    """Refuse a log most of whose dates cannot be read."""
    if not unread or unread["unread"] * 2 <= unread["values"]:
        return
    examples = list(dict.fromkeys([*(unread["first"] or []), *(unread["last"] or [])]))
    shown = ", ".join(f"'{text}'" for text in [*examples[:2], *examples[-1:]])
    formats = fitting(text.strip() for text in examples)
    advice = "Write how they look in strptime's words, such as '%d/%m/%Y %H:%M'"
    if formats:
        advice = f"Set it to {' or '.join(repr(form) for form in formats[:2])}"
    said = f" with ordered_at_format {options.formats}" if options.formats else ""
    raise ClvError(
        f"{unread['unread']} of {unread['values']} dates that were looked at cannot be read{said}, as "
        f"{shown}. Only four-digit years that come first are read (2021-03-05, 20210305) where the var "
        f"ordered_at_format says nothing else. {advice}."
    )


def _zone_note(role: Role, dates: list[Mapping[str, Any]], options: LogOptions) -> list[str]:
    """Return what becomes of offsets and moments where no zone of the shop is given."""
    if options.timezone is not None:
        return []
    fix = "The var timezone turns them into the day of the shop's zone"
    if role.type == "TIMESTAMP WITH TIME ZONE" or set(EPOCHS) & set(options.formats):
        return [f"ordered_at holds moments in time; days are those of UTC. {fix}"]
    offset = r":99(?:[.,]9+)? ?(?:Z|[+-]99:?(?:99)?)$"
    if any(re.search(offset, str(entry["shape"]).replace("o", "9")) for entry in dates):
        return [f"ordered_at has offsets; each row counts on its own local day as written. {fix}"]
    return []
