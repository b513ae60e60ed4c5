"""Columns that the proposal leaves aside, though another person might use them."""

from __future__ import annotations

import re

from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.found import Given, Looked, Proposal
from clv.guess.names import plain, words_of
from clv.guess.roles import CAN_BE, NUMBERS, best, is_money
from clv.guess.state_words import PARTLY, Says, says

_MOST = 8  # columns of a sort that are named
_FEW_VALUES = 12
_NO_MONEY = words_of("""
    qty quantity menge anzahl count number no nr id days day tage rate percent pct share reason policy
    date datum status state type kind item items line lines
""")
_ZONE = re.compile(r"(Africa|America|Asia|Australia|Europe|Pacific|Atlantic|Indian)/\w+(/\w+)?")
_COUNTS = words_of(
    "qty quantity menge anzahl aantal antal cantidad quantite count items number line lines pos position"
)
_CHANGED = {
    "credited",
    "chargeback",
    "chargebacks",
    "adjusted",
    "adjustment",
    "korrigiert",
    "ajuste",
    "ajustado",
    "rettificato",
}


def tell_unused(looked: Looked, given: Given, found: Proposal) -> None:
    """Ask about money that went back in a column of its own, and name what else is not looked at."""
    left = [column for column in looked.columns if not _is_used(column, found)]
    left = [column for column in left if column.distinct > 1 or 0 < column.filled < column.rows]
    if not looked.amount_is_written(given):
        _ask_of_refunds(looked, found, left)
    money = [c.name for c in left if is_money(c) and not CAN_BE["ordered_at"](c)]
    dates = [c.name for c in left if CAN_BE["ordered_at"](c)]
    few = [
        c for c in left
        if c.distinct <= _FEW_VALUES and c.name not in money + dates and not _counts(c)
    ]  # fmt: skip
    states = [f"{c.name} ({', '.join(_shown(c))})" for c in few]
    told = [("money in", money), ("dates in", dates), ("what divides the rows:", states)]
    parts = [f"{what} {', '.join(names[:_MOST])}{_more(names)}" for what, names in told if names]
    zone = next(
        (c for c in looked.columns if c.values and all(map(_ZONE.fullmatch, c.values))), None
    )
    if zone is not None and "timezone" not in given.formats:
        found.notes.append(
            f"{zone.name} has {zone.values[0]}, and days are taken as they are written: --timezone turns "
            "moments with an offset into days of the shop's zone"
        )
    if parts:
        found.notes.append(f"not used: {'; '.join(parts)}")


def _shown(column: Column) -> list[str]:
    """Return the values of a column of few values, as a person is told of them."""
    more = ["…"] * (column.distinct > 4) + ["or nothing"] * (column.filled < column.rows)
    return [*column.values[:4], *more]


def _counts(column: Column) -> bool:
    """Say whether a column counts pieces, or lines of an order."""
    return column.numbers == 1 and bool(words_of(plain(column.name)) & _COUNTS)


def _is_of_an_order(looked: Looked, found: Proposal) -> bool:
    """Say whether the amount is an order's, which is the same on each of its lines, and counts once."""
    return any(column.name in looked.repeats_totals for column in found.money)


def _is_used(column: Column, found: Proposal) -> bool:
    name = re.escape(column.name.lower())
    return any(
        re.search(rf"(?<!\w){name}(?!\w)", text.lower()) is not None
        for text in found.columns.values()
    )


def _ask_of_refunds(looked: Looked, found: Proposal, left: list[Column]) -> None:
    amount = found.columns.get("amount")
    column = next((column for column in left if may_be_money_that_went_back(column)), None)
    if amount is None or column is None or found.refunds_subtracted:
        return
    money = looked.as_sql(amount)
    pieces = best(looked.columns, "quantity")
    if pieces is not None and words_of(plain(column.name)) & _COUNTS and pieces in found.money:
        left_over = f"({sql_name(pieces.name)} - coalesce({sql_name(column.name)}, 0))"
        less = amount.replace(sql_name(pieces.name), left_over, 1)
        found.ask(
            "--amount",
            f"{column.name} has {', '.join(column.values[:3])}: pieces that came back, which {pieces.name} "
            f"still holds? Then --amount '{less}'; if not, --amount '({amount})'",
        )
        return
    shown = [value for value in column.values if value.strip("0.,- ") != ""]
    if column.name in looked.repeats_totals and not _is_of_an_order(looked, found):
        found.ask(
            "--amount",
            f"{column.name} has {', '.join(shown[:3])}, the same on every line of an order, so subtracted "
            "from each line it would count repeatedly. Is it money that went back? Then give the order's "
            f"total less {column.name} as --amount, and --line-id with the column of the order's id; if not, "
            f"--amount '({money})'",
        )
        return
    sign = "+" if any(value.strip().startswith("-") for value in shown) else "-"
    less = f"{money} {sign} coalesce({sql_name(column.name)}, 0)"
    found.ask(
        "--amount",
        f"{column.name} has {', '.join(shown[:3])}: is it money that went back, which the amount ({amount}) "
        f"still holds? Then --amount '{less}', or as your export means it; if not, --amount '({money})'",
    )


def may_be_money_that_went_back(column: Column) -> bool:
    """Say whether a column holds money, or pieces, that went back, by its name and its numbers."""
    words = words_of(plain(column.name))
    if (
        (words & _NO_MONEY and not words & _COUNTS)
        or column.numbers < NUMBERS
        or CAN_BE["ordered_at"](column)
    ):
        return False
    if all(value.strip("0.,- ") == "" for value in column.values):
        return False
    flag = {value.strip() for value in column.values} <= {"0", "1"} and not words & _COUNTS
    if flag:
        return False
    said = says(" ".join(sorted(words - PARTLY)))
    return bool(words & _CHANGED) or said in (Says.REFUND, Says.GIVEN_BACK)


def _more(names: list[str]) -> str:
    return f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
