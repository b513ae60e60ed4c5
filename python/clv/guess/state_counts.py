"""How many rows of a log each status, flag and tag has, and what sign their money has."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.found import State, States
from clv.guess.mark_words import TAGS
from clv.guess.marks import Form, Mark, is_filled_sql, marks_of
from clv.guess.roles import best, ranked
from clv.guess.row_facts import below_zero
from clv.project.sql_text import literal


def count_states(
    connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[Column]
) -> States:
    """Return the states of every column that marks rows, over all rows of a log.

    Parameters
    ----------
    rows : str
        The rows, as something that stands behind `from`; `looked` holds some of them.
    """
    marks = marks_of(columns)
    negative = _negative(columns)
    if not marks:
        return States()
    listed = ", ".join(
        f"{{'place': {place}, 'value': {_value(mark)}}}" for place, mark in enumerate(marks)
    )
    query = f"""
        select s.place, s.value, count(*), count(*) filter (is_negative), count(*) filter (is_without)
        from (
            select unnest([{listed}]) as s, {negative} as is_negative, {_without(columns)} as is_without
            from {rows}
        )
        where s.value <> '' group by all order by 3 desc, 2 limit 1000
    """
    found: dict[int, list[State]] = {}
    for place, value, *counts in connection.sql(query).fetchall():
        found.setdefault(place, []).append(State(str(value), *map(int, counts)))
    negatives = connection.sql(f"select count(*) filter ({negative}) from {rows}").fetchall()[0][0]
    columns_of_words = [mark.column for mark in marks if mark.form is Form.WORDS]
    return States(
        tuple((marks[place], tuple(states)) for place, states in sorted(found.items())),
        int(negatives),
        _partners(connection, columns, columns_of_words),
    )


def _value(mark: Mark) -> str:
    text = f"trim(cast({sql_name(mark.column.name)} as varchar))"
    if mark.form is Form.TAGS:
        matched = f"regexp_matches(lower({text}), {literal(TAGS[mark.label])})"
        return f"case when {matched} then {literal(mark.label)} else '' end"
    if mark.form is Form.FILLED:
        return f"case when {is_filled_sql(mark.column)} then 'filled' else '' end"
    return f"coalesce({text}, '')"


def _negative(columns: Sequence[Column]) -> str:
    """Return the condition under which the money of a row is below zero, whatever it is made of."""
    money = [*ranked(columns, "amount")[:1]]
    money += [c for c in (best(columns, "quantity"), best(columns, "price")) if c is not None]
    return f"({' or '.join(map(below_zero, money)) or 'false'})"


def _without(columns: Sequence[Column]) -> str:
    """Return the condition under which a row has no money, in the likeliest column of it."""
    money = [*ranked(columns, "amount")[:1], *ranked(columns, "price")[:1]]
    if not money:
        return "false"
    return f"(coalesce(trim(cast({sql_name(money[0].name)} as varchar)), '') = '')"


def _partners(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], marks: Sequence[Column]
) -> dict[tuple[str, str], float]:
    """Return, by column and state, the share of rows whose order has rows of another state too."""
    order = best(columns, "order_id")
    if order is None or order.is_unique:
        return {}
    shares: dict[tuple[str, str], float] = {}
    for column in marks:
        name, by = sql_name(column.name), sql_name(order.name)
        query = f"""
            with looked as (select trim(cast({name} as varchar)) as state, {by} as number from looked),
            orders as (
                select number, count(distinct state) > 1 as mixed
                from looked where number is not null group by number
            )
            select state, avg(mixed::int) from looked join orders using (number) group by state
        """
        for state, share in connection.sql(query).fetchall():
            if state is not None:
                shares[column.name, str(state)] = float(share)
    return shares
