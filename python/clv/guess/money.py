"""The amount of a row, and the signs of its numbers."""

from __future__ import annotations

import re

from clv.core.wording import counted
from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.found import Given, Looked, Proposal
from clv.guess.mark_words import TRUE
from clv.guess.names import is_of_cents, plain
from clv.guess.numbers import signs
from clv.guess.roles import NUMBERS, best, ranked

_SIGN = {"sign", "vorzeichen", "signe", "signo", "segno", "direction", "factor", "multiplier"}
_DISCOUNT = {
    "discount",
    "discounts",
    "rabatt",
    "nachlass",
    "remise",
    "descuento",
    "sconto",
    "korting",
}
_REPEATS = (
    "{} says the same on every line of an order and would count repeatedly. Where these rows are one order, "
    "delivered again, --line-id with the column of the order's id counts the last of them."
)
# How Stripe, and who took after it, begins ids of payments, refunds and customers.
_API_ID = re.compile(r"(ch|py|pi|re|pyr|txn|cus|in|cs|sub|evt|pay|tr|ord|order)_[A-Za-z0-9]{1,40}$")


def guess_amount(looked: Looked, given: Given, found: Proposal) -> None:
    """Find the amount: a column, a quantity times a price, or a total less what was given back."""
    amounts = ranked(looked.columns, "amount")
    repeated = [column for column in amounts if column.name in looked.repeats_totals]
    repeated = [] if "line_id" in given.columns else repeated
    amounts = [column for column in amounts if column not in repeated]
    quantity, price = best(looked.columns, "quantity"), best(looked.columns, "price")
    said = looked.named(given.columns.get("amount", ""))
    if said is not None:
        _total(looked, said, found)
        if said.name in looked.repeats_totals and "line_id" not in given.columns:
            found.notes.append(f"warning: {_REPEATS.format(said.name)}")
    elif "amount" in given.columns:
        found.columns["amount"] = given.columns["amount"]
        found.money = [c for c in looked.columns if c.name in given.columns["amount"]]
    elif quantity is not None and price is not None and (repeated or not amounts):
        found.columns["amount"] = f"{sql_name(quantity.name)} * {sql_name(price.name)}"
        found.money = [quantity, price]
        _discounts(looked, found)
        if repeated:
            found.notes.append(
                f"{repeated[0].name} says the same on every line of an order, so it is no line's amount"
            )
    elif amounts:
        _total(looked, amounts[0], found)
        others = ", ".join(column.name for column in amounts[1:4])
        if others:
            found.notes.append(
                f"the amount is {amounts[0].name}, not {others} (--amount says otherwise)"
            )
    else:
        why = ""
        if repeated:
            why = f" {_REPEATS.format(repeated[0].name)}"
        found.ask(
            "--amount", f"which column or expression is the money of a row?{why} {looked.listed}"
        )
    if not looked.amount_is_written(given):
        _cents(looked, found)
        _sign(looked, found)
    if looked.named(found.columns.get("amount", "")) is not None:
        _returns(looked, found)
    _signs(given, found)


def _returns(looked: Looked, found: Proposal) -> None:
    """Give rows of a quantity below zero an amount below zero, where no amount has a sign."""
    quantity = best(looked.columns, "quantity")
    if not looked.facts.unsigned_returns or quantity is None:
        return
    money, pieces = looked.as_sql(found.columns["amount"]), sql_name(quantity.name)
    found.columns["amount"] = f"case when {pieces} < 0 then -abs({money}) else {money} end"
    rows = counted(looked.facts.unsigned_returns, "row", "rows")
    found.notes.append(
        f"{quantity.name} is below zero in {rows} and no amount is: money that went back, so it is subtracted"
    )


def _discounts(looked: Looked, found: Proposal) -> None:
    """Ask whether a discount beside quantity and price is part of the price already."""
    for column in looked.columns:
        if not _DISCOUNT & set(plain(column.name).split()):
            continue
        if column.numbers < NUMBERS and not all("%" in value for value in column.values):
            continue
        if all(value.strip("0.,-% ") == "" for value in column.values):
            continue
        whole, less = found.columns["amount"], sql_name(column.name)
        found.ask(
            "--amount",
            f"{column.name} has {', '.join(column.values[:3])}: is it part of the price already (--amount "
            f"'{whole}'), or subtracted from each row (--amount '{whole} - {less}'), or a share or of each "
            "piece, as you write it?",
        )
        return


def _total(looked: Looked, amount: Column, found: Proposal) -> None:
    found.columns["amount"], found.money = amount.name, [amount]
    words = set(plain(amount.name).split())
    refunded = max(
        (column for column in ranked(looked.columns, "refunded") if _has_money(column)),
        key=lambda column: len(words & set(plain(column.name).split())), default=None,
    )  # fmt: skip
    if refunded is None or refunded.name == amount.name:
        return
    repeats = looked.repeats_totals
    if refunded.name in repeats and amount.name not in repeats:
        return  # it is an order's, and is asked for
    found.money.append(refunded)
    found.refunds_subtracted = True
    sign = "+" if any(value.strip().startswith("-") for value in refunded.values) else "-"
    found.columns["amount"] = (
        f"{sql_name(amount.name)} {sign} coalesce({sql_name(refunded.name)}, 0)"
    )
    found.notes.append(
        f"{refunded.name} is subtracted from {amount.name}, which --amount '({sql_name(amount.name)})' "
        "would leave as it is"
    )


def _has_money(column: Column) -> bool:
    """Say whether a column holds more than nothing and flags."""
    return any(
        value.strip("0.,- ") != "" and value.strip().lower() not in TRUE for value in column.values
    )


def _cents(looked: Looked, found: Proposal) -> None:
    """Read hundredths as such where the name says so; ask where a payment program's ids stand beside."""
    for column in found.money[:1]:
        if is_of_cents(column.name):
            parts = found.columns["amount"] if len(found.money) > 1 else sql_name(column.name)
            found.columns["amount"] = (
                f"({parts}) / 100" if len(found.money) > 1 else f"{parts} / 100"
            )
            found.notes.append(
                f"{column.name} is in hundredths, by its name, so it is divided by 100"
            )
            return
        whole = all(re.fullmatch(r"-?\d+(\.0+)?", value.strip()) for value in column.values)
        ids = next((v for c in looked.columns for v in c.values[:20] if _API_ID.match(v)), None)
        if whole and (ids is not None or _may_be_cents(column)):
            name = sql_name(column.name)
            beside = f" beside ids such as {ids}" if ids else ""
            found.ask(
                "--amount",
                f"{column.name} holds whole numbers alone ({', '.join(column.values[:3])}){beside}, and some "
                f"programs count in cents: is it cents (--amount '{name} / 100') or whole units (--amount "
                f"'({name})')?",
            )


def _may_be_cents(column: Column) -> bool:
    """Say whether whole numbers are large, and end in whatever two digits as prices with cents do."""
    digits = [value.strip().lstrip("-").split(".")[0] for value in column.values]
    ends = {value[-2:] for value in digits if len(value) > 2}
    large = sum(len(value) > 2 for value in digits)
    return len(digits) >= 50 and large > 0.9 * len(digits) and len(ends) > 40


def _sign(looked: Looked, found: Proposal) -> None:
    """Multiply by a column that holds the sign of the amount."""
    for column in looked.columns:
        values = {value.strip().lstrip("+") for value in column.values}
        is_sign = bool(_SIGN & set(plain(column.name).split())) and values == {"1", "-1"}
        if is_sign and "amount" in found.columns:
            money = looked.as_sql(found.columns["amount"])
            found.columns["amount"] = f"({money}) * {sql_name(column.name)}"
            found.notes.append(
                f"{column.name} is the sign of the amount, which is multiplied by it"
            )
            return


def _signs(given: Given, found: Proposal) -> None:
    """Write down which sign stands before the decimals, where a value shows that it is no point."""
    if "decimal_separator" in given.formats:
        return
    for column in found.money:
        if column.sql_type != "VARCHAR":
            continue
        read = signs(column.values)
        shown = read.contradiction or ((read.unsure,) if read.unsure else ())
        if shown:
            found.ask(
                "--decimal",
                f"{column.name} has {' and '.join(shown)}: which sign stands before the decimals?",
                (".", ","),
            )
        if read.decimal == "," or (read.thousands and read.decimal):
            found.formats["decimal_separator"] = read.decimal
        if read.thousands and read.decimal:
            found.formats["thousands_separator"] = (
                " " if read.thousands.isspace() else read.thousands
            )
