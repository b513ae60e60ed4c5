"""Which columns of a file are meant: by their names, and by what their values can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from clv.guess.columns import Column
from clv.guess.names import fit, words_of

NUMBERS, DATES = 0.95, 0.9
# The currencies that shops are paid in most; `ALL` and `TOP` and other words are none of them.
ISO_4217 = words_of("""
    AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KRW KWD
    MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR
""")
_ORDER_NAME = re.compile(r"#\d{2,}\S*")  # as Shopify names orders


def _could_be_a_customer(column: Column) -> bool:
    return (
        column.distinct > 1
        and (column.dates < 0.5 or column.numbers > 0.9)
        and not is_money(column)
    )


def _could_be_an_order(column: Column) -> bool:
    return column.distinct > 1 and not is_money(column) and column.emails < 0.5


def is_money(column: Column) -> bool:
    """Say whether a column's values are numbers of which most have two decimals."""
    decimals = [value for value in column.values if re.search(r"[.,]\d{2}$", value.strip(" €$£"))]
    return column.numbers > NUMBERS and len(decimals) > 0.5 * len(column.values)


def _is_status(column: Column) -> bool:
    return 1 <= column.distinct <= 60 and column.numbers < 0.2 and column.dates < 0.2


def _is_currency(column: Column) -> bool:
    return 1 <= column.distinct <= 60 and column.codes > NUMBERS


def of_currencies(columns: Sequence[Column]) -> Column | None:
    """Return the column of currencies by its values, where its name does not tell."""
    able = [c for c in columns if c.values and all(v.strip().upper() in ISO_4217 for v in c.values)]
    return max(able, key=lambda column: column.distinct, default=None)


CAN_BE: dict[str, Callable[[Column], bool]] = {
    "customer_id": _could_be_a_customer,
    "email": lambda column: column.emails > 0.5,
    "ordered_at": lambda column: column.dates >= DATES or column.epoch,
    "updated_at": lambda column: column.dates >= DATES or column.epoch,
    "amount": lambda column: column.numbers >= NUMBERS and not column.is_moment,
    "quantity": lambda column: column.numbers >= NUMBERS,
    "price": lambda column: column.numbers >= NUMBERS,
    "refunded": lambda column: column.numbers >= NUMBERS,
    "order_id": _could_be_an_order,
    "line_id": lambda column: column.is_unique,
    "status": _is_status,
    "currency": _is_currency,
}


def ranked(columns: Sequence[Column], role: str) -> list[Column]:
    """Return the columns that can have a role, the likeliest first."""
    scores = {column.name: score(column, role) for column in columns}
    fitting = [column for column in columns if scores[column.name] > 0]
    return sorted(fitting, key=lambda column: -scores[column.name])


def score(column: Column, role: str) -> float:
    """Return how likely a column has a role; 0 where it cannot."""
    if not column.values or not CAN_BE[role](column):
        return 0.0
    by_name = fit(column.name, role)
    if role == "order_id" and by_name == 0 and _all_order_names(column):
        return 0.9
    if by_name == 0:
        return 0.0
    # A column that is empty in most rows is seldom the one that counts for all of them.
    return by_name * (0.5 + 0.5 * column.share_filled)


def best(columns: Sequence[Column], role: str) -> Column | None:
    """Return the likeliest column of a role, by its name; None where no name speaks of it."""
    return next(iter(ranked(columns, role)), None)


def only_one(columns: Sequence[Column], role: str) -> Column | None:
    """Return the one column whose values can have the role, whatever its name."""
    able = [column for column in columns if column.values and CAN_BE[role](column)]
    return able[0] if len(able) == 1 else None


def _all_order_names(column: Column) -> bool:
    return all(_ORDER_NAME.fullmatch(value.strip()) for value in column.values)
