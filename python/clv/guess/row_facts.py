"""What columns say together, row by row: returns by their quantity, and several versions of a line."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.found import RowFacts
from clv.guess.names import plain
from clv.guess.roles import best, ranked
from clv.project.sql_text import literal

NEGATIVE = r"^[^0-9]*[-−(]|[-−]\s*$"
_LINE_NUMBER = {"line", "position", "pos", "zeile", "ligne", "linea", "item", "rad", "regel"}


def row_facts(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> RowFacts:
    """Return what columns of the table `looked` say together."""
    return RowFacts(_unsigned_returns(connection, columns), *_versions(connection, columns))


def below_zero(column: Column) -> str:
    """Return the condition under which a written number is below zero, as SQL."""
    text = f"trim(cast({sql_name(column.name)} as varchar))"
    return f"coalesce(regexp_matches({text}, {literal(NEGATIVE)}), false)"


def _unsigned_returns(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> int:
    quantity, amount = best(columns, "quantity"), next(iter(ranked(columns, "amount")), None)
    if quantity is None or amount is None or quantity == amount:
        return 0
    query = f"""
        select count(*) filter ({below_zero(quantity)}), count(*) filter ({below_zero(amount)})
        from looked
    """
    returns, signed = connection.sql(query).fetchall()[0]
    return 0 if signed else int(returns)


def _versions(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> tuple[int, str]:
    """Return how many lines of orders stand more than once, changed at another time, and their number."""
    order, changed = best(columns, "order_id"), best(columns, "updated_at")
    lines = [
        column for column in columns
        if _LINE_NUMBER & set(plain(column.name).split()) and column.numbers == 1
        and column not in (order, changed) and not column.epoch
    ]  # fmt: skip
    if order is None or changed is None or not lines or best(columns, "line_id") is not None:
        return 0, ""
    number = sql_name(lines[0].name)
    query = f"""
        select count(*) from (
            select 1 from looked where {sql_name(order.name)} is not null
            group by {sql_name(order.name)}, {number}
            having count(distinct {sql_name(changed.name)}) > 1
        )
    """
    return int(connection.sql(query).fetchall()[0][0]), lines[0].name
