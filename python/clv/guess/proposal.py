"""From what a file is like to the section `log` that is proposed, with what has to be asked."""

from __future__ import annotations

import re

from clv.core.wording import counted
from clv.errors import ClvError
from clv.guess.columns import NOBODY, Column
from clv.guess.dates import date_guess
from clv.guess.expression import sql_name
from clv.guess.found import Given, Looked, Proposal
from clv.guess.money import guess_amount
from clv.guess.purchases import guess_purchases
from clv.guess.roles import best, of_currencies, only_one
from clv.guess.rows import changes, check_shape, lines_again, versions
from clv.guess.unused import tell_unused
from clv.project.sql_text import literal

FEW, MANY = 0.001, 0.05  # shares of rows
_GUEST = re.compile(r"(guest|gast|anon|visitor|invitado|ospite|invite)[^\W\d]*[-_ #:]*\w*\d")
_SHORTENED = re.compile(r"\d([.,]\d+)?[eE]\+\d{1,3}")  # 1.23E+11


def propose(looked: Looked, given: Given) -> Proposal:
    """Return the proposal for a file.

    Raises
    ------
    ClvError
        When the file cannot be a log: it has no rows, or no column that was named.
    """
    if not looked.columns or not any(column.rows for column in looked.columns):
        raise ClvError("it has a header line and no rows. Give a file with orders in it.")
    check_shape(looked)
    found = Proposal()
    for role in ("order_id", "line_id", "updated_at"):
        _plain_role(looked, given, found, role)
    versions(looked, given, found)
    changes(looked, given, found)
    lines_again(looked, found)
    _customer(looked, given, found)
    guess_amount(looked, given, found)
    _date(looked, given, found)
    guess_purchases(looked, given, found)
    _currency(looked, given, found)
    tell_unused(looked, given, found)
    said = {key: value for key, value in given.formats.items() if key != "drop_status"}
    found.formats |= said  # what to drop was joined with what was found
    return found


def _plain_role(looked: Looked, given: Given, found: Proposal, role: str) -> None:
    column = best(looked.columns, role)
    if role in given.columns:
        found.columns[role] = given.columns[role]
    elif column is not None and column.name not in found.columns.values():
        found.columns[role] = column.name


def _customer(looked: Looked, given: Given, found: Proposal) -> None:
    if "customer_id" in given.columns:
        found.columns["customer_id"] = given.columns["customer_id"]
        said = looked.named(given.columns["customer_id"])
        short = _shortened(said)
        if said is not None and short is not None:
            found.notes.append(
                f"warning: {said.name} has {short}: a spreadsheet shortened its ids, and several customers "
                "count as one"
            )
        return
    column = best(looked.columns, "customer_id")
    email = best(looked.columns, "email") or only_one(looked.columns, "email")
    if column is not None and column.emails > 0.5:
        column, email = None, column
    if column is not None and email is not None and _are_names(column):
        column = None
    if column is not None and _guests_by_order(found, column, email):
        return
    shortened = _shortened(column)
    if column is not None and shortened is not None:
        found.ask(
            "--customer-id",
            f"{column.name} has {shortened}: a spreadsheet shortened its ids, and several customers share "
            f"one. Export it again as text, or name another column; {column.name} itself is taken as it is",
        )
    elif column is not None and _are_names(column):
        found.ask(
            "--customer-id",
            f"{column.name} holds names such as {', '.join(column.values[:2])}, and people of one name would "
            f"be one customer: which column is an id? {looked.listed}. {column.name} itself is taken as it "
            "is",
        )
    elif column is None and email is None:
        found.ask("--customer-id", f"which column says who bought? {looked.listed}")
    elif column is None and email is not None:
        found.columns["customer_id"] = f"lower({sql_name(email.name)})"
    elif column is not None and (email is None or looked.guests < FEW):
        found.columns["customer_id"] = column.name
        if column.nobody > MANY:
            found.notes.append(f"{column.name} says nobody in {column.nobody:.0%} of the rows")
    elif column is not None and email is not None:
        _account_or_guest(looked, found, column, email)


def _shortened(column: Column | None) -> str | None:
    """Return an id that a spreadsheet shortened; None where there is none, or no column."""
    return next((v for v in column.values if _SHORTENED.fullmatch(v)), None) if column else None


def _guests_by_order(found: Proposal, column: Column, email: Column | None) -> bool:
    """Ask who guests are whose id was made for one order, such as guest_100234."""
    guest = next((value for value in column.values if _GUEST.match(value.lower())), None)
    if guest is None:
        return False
    name = sql_name(column.name)
    known = "null" if email is None else f"lower({sql_name(email.name)})"
    if email is None or email.share_filled < 1 - MANY:
        known = f"case when {name} ilike '{guest[:4]}%' then {known} else {name} end"
    found.ask(
        "--customer-id",
        f"{column.name} has ids such as {guest}, which may be made for one order each, so that a guest who "
        f'comes back is a new customer: are people known by something else (--customer-id "{known}"), or is '
        f"each of these a customer (--customer-id {name})?",
    )
    return True


def _are_names(column: Column) -> bool:
    """Say whether most values are two words or more without a digit, as names of people are."""
    names = [
        value for value in column.values if re.fullmatch(r"[^\W\d_]+\.?,?( [^\W\d_]+\.?)+", value)
    ]
    return len(names) > 0.5 * len(column.values)


def _account_or_guest(looked: Looked, found: Proposal, column: Column, email: Column) -> None:
    """Take the account's id and a guest's address, or the address alone where it names people better."""
    people = looked.people
    nobody = f"{column.name} says nobody in {looked.guests:.1%} of the rows"
    twice = f"{counted(people.twice, 'address', 'addresses')} of guests are of an account as well"
    if people.twice and email.share_filled == 1 and not people.accounts and not people.addresses:
        found.columns["customer_id"] = f"lower({sql_name(email.name)})"
        found.notes.append(f"{nobody}, and {twice}; so {email.name} is the customer throughout")
        return
    found.columns["customer_id"] = _account_or_email(column, email)
    found.notes.append(f"{nobody}; there {email.name} is it")
    if people.twice:
        found.notes.append(
            f"{twice}, and such people count as two customers: --customer-id 'lower({sql_name(email.name)})' "
            "makes them one, or a customer_map (columns id and customer_id) in the config"
        )


def _account_or_email(column: Column, email: Column) -> str:
    expression = sql_name(column.name)
    if column.sql_type == "VARCHAR":
        for value in column.values:
            if value.strip() and value.strip().lower() in NOBODY:
                expression = f"nullif({expression}, {literal(value)})"
    else:
        expression = f"cast(nullif({expression}, 0) as varchar)"
    return f"coalesce({expression}, lower({sql_name(email.name)}))"


def _date(looked: Looked, given: Given, found: Proposal) -> None:
    column = best(looked.columns, "ordered_at") or only_one(looked.columns, "ordered_at")
    if "ordered_at" in given.columns:
        found.columns["ordered_at"] = given.columns["ordered_at"]
        column = looked.named(given.columns["ordered_at"])
    elif column is None:
        found.ask("--ordered-at", f"which column says when? {looked.listed}")
    else:
        found.columns["ordered_at"] = column.name
    if column is None or "ordered_at_format" in given.formats:
        return
    guess = date_guess(column)
    if guess is None:
        found.ask(
            "--date-format",
            f"how are the dates of {column.name} written ({', '.join(column.values[:3])})? In strptime's "
            "words, such as '%d.%m.%Y %H:%M'; or excel_serial, epoch_seconds, epoch_milliseconds",
        )
    elif guess.alternatives:
        found.ask(
            "--date-format",
            f"the dates of {column.name} can be read in several ways ({guess.example}): which is meant?",
            (str(guess.format), *guess.alternatives),
        )
    elif guess.format is not None:
        found.formats["ordered_at_format"] = guess.format


def _currency(looked: Looked, given: Given, found: Proposal) -> None:
    column = best(looked.columns, "currency") or of_currencies(looked.columns)
    if "currency" in given.columns:
        found.columns["currency"] = given.columns["currency"]
        column = looked.named(given.columns["currency"])
    elif column is not None:
        found.columns["currency"] = column.name
    codes = sorted({value.strip().upper() for value in column.values}) if column is not None else []
    if column is not None and len(codes) > 1 and "exchange_rates" not in given.formats:
        found.ask(
            "--exchange-rates",
            f"{column.name} has {', '.join(codes[:6])}: amounts of several currencies cannot be added. "
            "Which file has their rates (columns currency, rate, and where they change valid_from)?",
        )
