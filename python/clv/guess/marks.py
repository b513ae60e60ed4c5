"""Columns that say of a row whether its money came: a status, a flag, a moment, a reason, tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from clv.guess.columns import Column
from clv.guess.expression import sql_name
from clv.guess.mark_words import (
    A_COUNT,
    A_COUNTRY,
    A_FLAG,
    A_KIND,
    A_STATUS,
    A_TEST,
    ABOUT_SOMETHING_ELSE,
    CANCELLED,
    CURRENT,
    EMPTY,
    FALSE,
    GIVEN_BACK,
    LIVE,
    OF_A_ROW,
    OF_A_SALE,
    PAID,
    REFUND,
    TAG_COLUMNS,
    TEST,
    TOTAL_LINE,
    TRUE,
    VALID_TO,
    WAYS,
    WHOLE,
)
from clv.guess.names import fit, plain
from clv.guess.roles import CAN_BE
from clv.guess.state_words import Says, is_beside_sales, is_no_sale, says
from clv.project.sql_text import literal

_CODE = re.compile("[A-Z]{1,3}")
_ZERO_DATE = re.compile(r"[0\s:.TZ/-]+")


class Form(Enum):
    """How a column says it: by words, by being filled, by yes or no, or by one of several words."""

    WORDS = "words"
    FILLED = "filled"
    YES = "yes"
    NO = "no"
    TAGS = "tags"


@dataclass(frozen=True)
class Mark:
    """A column that says of rows whether their money came.

    Parameters
    ----------
    column : Column
        The column.
    form : Form
        How it says so.
    says : Says
        What; of words each says its own.
    label : str
        The status of rows that are marked; of words they are it themselves.
    sure : bool
        Whether the name alone tells that it is a status.
    """

    column: Column
    form: Form
    says: Says = Says.UNKNOWN
    label: str = ""
    sure: bool = True


def marks_of(columns: Sequence[Column]) -> list[Mark]:
    """Return what columns mark; a flag of refunds gives way to one of full refunds."""
    marks = [mark for column in columns if (mark := mark_of(column)) is not None]
    given_back = [mark for mark in marks if mark.form is Form.YES and mark.says is Says.GIVEN_BACK]
    whole = [mark for mark in given_back if WHOLE & set(plain(mark.column.name).split())]
    return [mark for mark in marks if not whole or mark in whole or mark not in given_back]


def mark_of(column: Column) -> Mark | None:
    """Return what a column marks, by its name and what its values can be; None where it is no mark."""
    name = plain(column.name)
    words = set(name.split())
    if name in TAG_COLUMNS:
        return Mark(column, Form.TAGS, Says.NOTHING, "test")
    if _adds_up(column):
        return Mark(column, Form.TAGS, Says.NOTHING, "total")
    if words & A_COUNT or not column.values:
        return None
    return _flag(column, name, words) or _status(column, words)


def is_of_an_order(mark: Mark) -> bool:
    """Say whether a column has the state of an order, and not the kind of a booking, by its name."""
    words = set(plain(mark.column.name).split())
    named = fit(mark.column.name, "status") > 0 and "type" not in words
    return not words & A_KIND and (named or any(word.endswith(A_STATUS) for word in words))


def _adds_up(column: Column) -> bool:
    """Say whether some rows of a column of ids or dates are totals of others."""
    roles = ("customer_id", "email", "order_id", "ordered_at")
    if not any(fit(column.name, role) for role in roles):
        return False
    lines = sum(re.match(TOTAL_LINE, value.lower()) is not None for value in column.values)
    return 0 < lines < 0.5 * len(column.values)


def is_filled(value: str) -> bool:
    """Say whether a value is more than what stands for nothing: blank, null, no, a date of zeros."""
    text = value.strip().lower()
    return text not in EMPTY and text not in FALSE and not _ZERO_DATE.fullmatch(text)


def is_filled_sql(column: Column) -> str:
    """Return the condition under which a column is filled, as SQL; what stands for nothing was found."""
    if not column.sql_type.startswith(("VARCHAR", "JSON")):
        return f"{sql_name(column.name)} is not null"
    nothing = sorted({"", *(v.strip().lower() for v in column.values if not is_filled(v))})
    if nothing == [""]:
        return f"trim({sql_name(column.name)}) <> ''"
    listed = ", ".join(literal(value) for value in nothing)
    return f"lower(trim({sql_name(column.name)})) not in ({listed})"


def _flag(column: Column, name: str, words: set[str]) -> Mark | None:
    is_flag = all(value.strip().lower() in TRUE | FALSE | EMPTY for value in column.values)
    if is_flag and (name in TEST or (words & A_TEST and words <= A_TEST | A_FLAG)):
        return Mark(column, Form.YES, Says.NOTHING, "test")
    if is_flag and name in LIVE:
        return Mark(column, Form.NO, Says.NOTHING, f"not {name.removeprefix('is ')}")
    if is_flag and name in PAID:
        return Mark(column, Form.NO, Says.UNPAID, "not paid")
    if is_flag and name in CURRENT:
        return Mark(column, Form.NO, Says.NOTHING, "superseded")
    if name == "dbt valid to":
        return Mark(column, Form.FILLED, Says.NOTHING, "superseded")
    form = Form.YES if is_flag else Form.FILLED if _is_filled_or_not(column, words) else None
    if name in VALID_TO and 0 < column.share_filled < 1:
        return Mark(column, Form.FILLED, Says.UNKNOWN, "superseded")
    if form is None and _names_another_row(column, words):
        return Mark(column, Form.FILLED, Says.UNKNOWN, "reversal")
    if form is None:
        return None
    bare = name.removeprefix("is ")
    named = says(bare) if is_flag and is_no_sale(bare) else Says.UNKNOWN
    if words & CANCELLED or named is Says.NOTHING:
        return Mark(column, form, Says.NOTHING, "cancelled")
    if words & GIVEN_BACK or named is Says.GIVEN_BACK or words & {"reversed"}:
        return Mark(column, form, Says.GIVEN_BACK, "given back")
    if words & REFUND and is_flag:
        return Mark(column, form, Says.REFUND, "refund")
    return None


def _names_another_row(column: Column, words: set[str]) -> bool:
    """Say whether some rows have the id of the row that they undo."""
    undone = words & (CANCELLED | REFUND | GIVEN_BACK)
    whole = all(re.fullmatch(r"#?\w*\d\w*", value.strip()) for value in column.values)
    return bool(undone) and 0 < column.share_filled < 0.5 and whole and column.distinct > 1


def _is_filled_or_not(column: Column, words: set[str]) -> bool:
    if words & {"reason", "code", "message", "grund", "motif", "motivo", "stornogrund"}:
        return column.share_filled < 0.5
    filled = [value for value in column.values if is_filled(value)]
    dates = Column(column.name, 1, 1, len(filled), tuple(filled), column.sql_type)
    return bool(filled) and (dates.dates > 0.9 or dates.epoch)


def _status(column: Column, words: set[str]) -> Mark | None:
    if words & ABOUT_SOMETHING_ELSE:
        return None
    of_a_sale = bool(words & OF_A_SALE and words & {"state", "stage", "status"})
    of_a_sale |= any(word.endswith(A_STATUS) for word in words)
    of_a_sale |= fit(column.name, "status") > 0 and not words & A_KIND
    of_a_sale |= bool(
        words & OF_A_ROW and words & {"type", "typ", "kind", "code", "class", "tipo", "art"}
    )
    if of_a_sale and 2 <= column.distinct <= 12 and column.numbers == 1:
        return Mark(column, Form.WORDS)  # codes
    of_codes = all(map(_CODE.fullmatch, column.values))
    if of_codes and words & (A_KIND - A_COUNTRY):
        return Mark(column, Form.WORDS, sure=2 <= column.distinct <= 8)
    answers = any(value.strip().lower() in TRUE | FALSE for value in column.values)
    if (
        2 <= column.distinct <= 8
        and words & (CANCELLED | REFUND | GIVEN_BACK)
        and (of_codes or answers)
    ):
        return Mark(column, Form.WORDS)  # yes, no, and something else
    if not CAN_BE["status"](column):
        return None
    named = fit(column.name, "status") > 0
    if any(word.startswith(WAYS) for word in words):
        return None
    if (
        of_a_sale
        or any(word.endswith(A_STATUS) for word in words)
        or (named and not words & A_KIND)
    ):
        return Mark(column, Form.WORDS)
    if any(map(is_no_sale, column.values)):
        return Mark(column, Form.WORDS, sure=False)  # whatever its name is
    if not named and not words & A_KIND:
        return None
    if any(map(is_beside_sales, column.values)):
        return Mark(column, Form.WORDS, sure=False)
    known = [says(value) is not Says.UNKNOWN for value in column.values]
    return Mark(column, Form.WORDS, sure=False) if 2 * sum(known) >= len(known) else None
