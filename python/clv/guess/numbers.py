"""Which sign stands before the decimals of a column of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from clv.project.typed_numbers import CURRENCY, SPACES

_AROUND = re.compile(rf"^\s*({CURRENCY}\s*)?|(\s*{CURRENCY})?\s*$")
_SIGNED = re.compile(rf"^([-+−–(])\s*{CURRENCY}\s*")
_SIGNS = rf".,'’{SPACES}"
_NUMBER = re.compile(rf"[-+−–(]?\d[\d{_SIGNS}]*(?:[-−–]{{1,2}}|\))?|[-+−–(]?[.,]\d+\)?")
_PLAIN = re.compile(
    rf"\d+|\d{{1,3}}(?:(?P<sign>[{_SIGNS}])\d{{3}})(?:(?P=sign)\d{{3}})*|\d{{1,3}}(?:,\d{{2}})*,\d{{3}}"
)


@dataclass(frozen=True)
class Signs:
    """The signs of a column: `decimal` and `thousands`; None where no value has one.

    `unsure` holds a value that could be read both ways, where no other decides.
    """

    decimal: str | None = None
    thousands: str | None = None
    unsure: str | None = None
    contradiction: tuple[str, str] | None = None


def bare(value: str) -> str:
    """Return a written number without currency signs and blanks around it."""
    return _SIGNED.sub(r"\1", _AROUND.sub("", value))


def is_number(value: str) -> bool:
    """Say whether a text is a number, whatever its signs mean.

    Examples
    --------
    >>> is_number("1.234,50 €"), is_number("(12.00)"), is_number("12.03.2021"), is_number("A12")
    (True, True, False, False)
    """
    number = bare(value)
    if not _NUMBER.fullmatch(number):
        return False
    digits = number.strip("-+−–()")
    return _read(digits)[0] is not None or bool(re.fullmatch(r"\d+", digits))


def signs(values: Iterable[str]) -> Signs:
    """Return the signs of a column of numbers, by all its values together.

    `1.234,50` says it alone, so do `12,5` and `1.234.567`; `1.234` does not: it may be a thousand or a
    little more than one.

    Examples
    --------
    >>> signs(["1.234,50", "3,20"]).decimal, signs(["1.234"]).unsure
    (',', '1.234')
    """
    decimal: dict[str, str] = {}
    thousands: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for value in values:
        kind, sign = _read(bare(value).strip("-+−–()"))
        if kind == "both" and sign is not None:
            decimal.setdefault(sign[-1], value)
            thousands.setdefault(sign[0], value)
        elif sign is not None:
            {"decimal": decimal, "thousands": thousands, "unsure": unsure}[str(kind)].setdefault(
                sign, value
            )
    for sign, value in decimal.items():
        other = next((v for s, v in (*decimal.items(), *thousands.items()) if s != sign and s in ".,"
                      and (s in decimal)), None) or thousands.get(sign)  # fmt: skip
        if other is not None:
            return Signs(contradiction=(value, other))
    known = next(iter(decimal), None)
    group = next((s for s in thousands if s != known), None)
    if known is None and group in (".", ","):
        known = "," if group == "." else "."
    if unsure and known is None and group is None:
        return Signs(unsure=next(iter(unsure.values())))
    if group is None:
        group = next((s for s in unsure if s != known), None)
    return Signs(known, group)


def _read(number: str) -> tuple[str | None, str | None]:
    """Return what the signs of one number are, and which: decimal, thousands, both, unsure; or None."""
    found = re.findall(rf"[{_SIGNS}]", number)
    if not found:
        return ("plain", None) if number.isdigit() else (None, None)
    last = found[-1]
    whole, decimals = number.rsplit(last, 1)
    if len(set(found)) == 1:
        if last not in ".,":
            return ("thousands", last) if _PLAIN.fullmatch(number) else (None, None)
        if len(found) > 1:
            return ("thousands", last) if _PLAIN.fullmatch(number) else (None, None)
        if len(decimals) == 3 and whole.isdigit() and 1 <= len(whole) <= 3 and whole != "0":
            return "unsure", last
        return ("decimal", last) if (whole + decimals).isdigit() else (None, None)
    if len(set(found)) == 2 and found.count(last) == 1 and last in ".,":
        return ("both", found[0] + last) if _PLAIN.fullmatch(whole) else (None, None)
    return None, None
