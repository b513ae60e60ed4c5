"""The amount of a row, and the signs of its numbers."""

from __future__ import annotations

from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.found import Given, Looked, Proposal
from clv.guess.numbers import signs
from clv.guess.roles import best, ranked


def guess_amount(looked: Looked, given: Given, found: Proposal) -> None:
    """Find the amount: a column, a quantity times a price, or a total less what was given back."""
    amounts = ranked(looked.columns, "amount")
    repeated = [column for column in amounts if column.name in looked.repeats_totals]
    amounts = [column for column in amounts if column not in repeated]
    quantity, price = best(looked.columns, "quantity"), best(looked.columns, "price")
    if "amount" in given.columns:
        found.columns["amount"] = given.columns["amount"]
        found.money = [c for c in looked.columns if c.name in given.columns["amount"]]
    elif quantity is not None and price is not None and (repeated or not amounts):
        found.columns["amount"] = f"{sql_name(quantity.name)} * {sql_name(price.name)}"
        found.money = [quantity, price]
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
            why = f" {repeated[0].name} says the same on every line of an order and would count repeatedly."
        found.ask(
            "--amount", f"which column or expression is the money of a row?{why} {looked.listed}"
        )
    _signs(given, found)


def _total(looked: Looked, amount: Column, found: Proposal) -> None:
    found.columns["amount"], found.money = amount.name, [amount]
    refunded = best(looked.columns, "refunded")
    if refunded is None or refunded.name == amount.name:
        return
    if all(value.strip("0.,- ") == "" for value in refunded.values):
        return
    found.money.append(refunded)
    found.refunds_subtracted = True
    sign = "+" if any(value.strip().startswith("-") for value in refunded.values) else "-"
    found.columns["amount"] = (
        f"{sql_name(amount.name)} {sign} coalesce({sql_name(refunded.name)}, 0)"
    )
    found.notes.append(f"{refunded.name} is subtracted from {amount.name}")


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
