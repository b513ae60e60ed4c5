"""What columns say together, row by row: returns by their quantity, and several versions of a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.found import RowFacts
from clv.guess.names import fit, plain
from clv.guess.roles import CAN_BE, NUMBERS, best, is_money, ranked
from clv.guess.unused import may_be_money_that_went_back
from clv.project.sql_text import literal

NEGATIVE = r"^[^0-9]*[-−(]|[-−]\s*$"
FEWEST_ORDERS = 20  # of several lines, before their totals say anything
FEWEST_REFUNDS = 3  # of orders of several lines, likewise
_LINE_NUMBER = {"line", "position", "pos", "zeile", "ligne", "linea", "item", "rad", "regel"}


def row_facts(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]) -> RowFacts:
    """Return what columns of the table `looked` say together."""
    return RowFacts(
        _unsigned_returns(connection, columns),
        *_versions(connection, columns),
        *_lines_again(connection, columns),
    )


def repeated_totals(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]
) -> frozenset[str]:
    """Return the columns of money that say the same on all lines of every order of several lines."""
    orders = [c for c in ranked(columns, "order_id") if not c.is_unique][:1] or _by_value(columns)
    amounts = [c for c in ranked(columns, "amount") if c.share_filled > 0.95]
    amounts += [c for c in columns if c not in amounts and _is_number_of_rows(c)]
    back = [c for c in columns if c not in amounts and may_be_money_that_went_back(c)]
    if not orders:
        return frozenset()
    tried = ((o, _the_same(connection, o, [c for c in amounts if c != o])) for o in orders)
    order, same = next((pair for pair in tried if pair[1]), (orders[0], set[str]()))
    return frozenset(same | {c.name for c in back if _is_an_order_s(connection, order.name, c)})


def _is_number_of_rows(column: Column) -> bool:
    """Say whether a column holds a number in nearly each row that may be money: no id and no moment."""
    return (
        column.numbers > NUMBERS and column.share_filled > 0.95 and column.distinct > FEWEST_ORDERS
        and not column.epoch and not CAN_BE["ordered_at"](column) and not column.is_unique
        and not any(fit(column.name, role) for role in ("customer_id", "order_id", "line_id", "quantity"))
        and (is_money(column) or bool(fit(column.name, "amount")) or _is_of_round_money(column))
    )  # fmt: skip


def _is_of_round_money(column: Column) -> bool:
    """Say whether whole numbers are mostly thousands, as prices in dong or rupiah are."""
    digits = [re.sub(r"\D", "", value) for value in column.values]
    return sum(value.endswith("00") and len(value) > 3 for value in digits) > 0.5 * len(digits)


def _the_same(
    connection: duckdb.DuckDBPyConnection, order: Column, amounts: Sequence[Column]
) -> set[str]:
    """Return the columns that say the same on all lines of nearly every order of several lines."""
    if not amounts:
        return set()
    counts = ", ".join(f"count(distinct {sql_name(c.name)}) as a{i}" for i, c in enumerate(amounts))
    shares = ", ".join(f"count(*) filter (a{i} = 1)" for i in range(len(amounts)))
    row = connection.sql(
        f"select count(*), {shares} from (select {counts} from looked "
        f"where {sql_name(order.name)} is not null "
        f"group by {sql_name(order.name)} having count(*) > 1)"
    ).fetchall()[0]
    if row[0] < FEWEST_ORDERS:
        return set()
    return {c.name for c, same in zip(amounts, row[1:], strict=True) if same >= 0.98 * row[0]}


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
    if order is None or changed is None or best(columns, "line_id") is not None:
        return 0, ""
    # Without numbers of lines, an order's rows are versions of it where each was changed at another moment.
    by = [sql_name(order.name), *(sql_name(column.name) for column in lines[:1])]
    query = f"""
        with several as (
            select count(distinct {sql_name(changed.name)}) as moments, count(*) as times
            from looked where {by[0]} is not null group by {", ".join(by)} having count(*) > 1
        )
        select count(*) filter (moments > 1), count(*) filter (moments = times), count(*) from several
    """
    versions, changed_each, several = connection.sql(query).fetchall()[0]
    if not lines and changed_each < 0.9 * several:
        return 0, ""
    return int(versions), lines[0].name if lines else ""


def _by_value(columns: Sequence[Column]) -> list[Column]:
    """Return what may be orders by its values, where no name tells: each of a row or a few."""
    return [
        column for column in columns
        if 0.2 * column.rows < column.distinct < 0.9 * column.rows and column.share_filled == 1
        and CAN_BE["order_id"](column) and not CAN_BE["ordered_at"](column)
        and not any(fit(column.name, role) for role in ("customer_id", "amount", "price"))
        and not any("." in value for value in column.values[:50]) and re.search(r"\d", column.values[0])
    ]  # fmt: skip


def _is_an_order_s(connection: duckdb.DuckDBPyConnection, order: str, column: Column) -> bool:
    """Say whether a column that few orders fill says the same on every line of those that do."""
    value = f"trim(cast({sql_name(column.name)} as varchar))"
    query = f"""
        with orders as (
            select count(*) as lines, count(distinct {value}) as different,
                count(*) filter (regexp_matches({value}, '[1-9]')) as filled
            from looked group by {sql_name(order)} having count(*) > 1
        )
        select count(*), count(*) filter (filled = lines and different = 1) from orders where filled > 0
    """
    filled, same = connection.sql(query).fetchall()[0]
    return bool(filled >= FEWEST_REFUNDS and same >= 0.98 * filled)


def _lines_again(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column]
) -> tuple[str, int]:
    """Return a column of ids of lines that stand again, as after a join with several rows of a customer."""
    who, when = best(columns, "customer_id"), best(columns, "ordered_at")
    named = [c for c in columns if fit(c.name, "line_id") and not c.is_unique and c.distinct > 1]
    if who is None or when is None or not named or best(columns, "line_id") is not None:
        return "", 0
    line = sql_name(named[0].name)
    query = f"""
        with lines as (
            select count(*) as times, count(distinct ({sql_name(who.name)}, {sql_name(when.name)})) as whose
            from looked where {line} is not null group by {line} having count(*) > 1
        )
        select count(*), count(*) filter (whose = 1), coalesce(sum(times - 1), 0) from lines
    """
    ids, of_one, again = connection.sql(query).fetchall()[0]
    return (named[0].name, int(again)) if ids and of_one >= 0.98 * ids else ("", 0)
