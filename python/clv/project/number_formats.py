"""Which sign stands before the decimals of a column: declared, or recognised on all of it.

Values are looked at by their shapes, digits as 9: `9.999,99`; a 0 that alone stands before the sign is an
o: `o.999`. One value may mean two things (1.234 is a
little more than 1, or 1234); a column seldom does. Where it does, nobody guesses: the run ends with
three values and the var to set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from clv.errors import ClvError
from clv.project.log_options import LogOptions
from clv.project.typed_numbers import CURRENCY, MINUS, SPACES, NumberFormat

# Below this share of the values that show a decimal sign, those with the other one are mistakes.
STRAY = 0.01
_AROUND = re.compile(rf"[()+{MINUS}{SPACES}'’]|{CURRENCY}")
_SIGN = re.compile(CURRENCY)
_OTHER = {".": ",", ",": "."}


def shape(x: str) -> str:
    """Return SQL of the shape of a text."""
    marked = f"regexp_replace({x}, '^([^0-9]*)0([.,])', '\\1o\\2')"
    return f"translate({marked}, '0123456789', '9999999999')"


class Shape(NamedTuple):
    """Values that look alike: their shape, how many, and up to three of them."""

    shape: str
    values: int
    examples: list[str]


@dataclass(frozen=True)
class Recognised:
    """How the numbers of a column are written, and how sure that is.

    Parameters
    ----------
    form : NumberFormat
        The format.
    shown : bool
        Whether a value shows the decimal sign; where none does, all are whole numbers.
    note : str, optional
        What a person is told, where the format is not SQL's own.
    """

    form: NumberFormat
    shown: bool = True
    note: str | None = None


def recognised(column: str, shapes: Iterable[Shape], options: LogOptions) -> Recognised:
    """Return how the numbers of a text column are written.

    Raises
    ------
    ClvError
        Where that is not clear, or where they are in several currencies.
    """
    several = list(shapes)
    _check_one_currency(column, several)
    if options.decimal_separator or options.thousands_separator:
        return Recognised(_declared(options))
    votes: dict[str, list[Shape]] = {}
    for shape in several:
        votes.setdefault(_vote(shape.shape), []).append(shape)
    points, commas = (sum(s.values for s in votes.get(sign, ())) for sign in ".,")
    unclear = [*votes.get("?.", ()), *votes.get("?,", ())]
    if points and commas and min(points, commas) > STRAY * (points + commas):
        raise _refused(
            column,
            votes["."][:2] + votes[","][:2],
            "some have a point before the decimals, some a comma",
        )
    if not points and not commas and unclear:
        cause = "whether the sign stands before decimals or between thousands is not clear"
        raise _refused(column, unclear, cause)
    decimal = "," if commas > points else "."
    # Where both occur, a sign between three digits may be a mistaken decimal one.
    mixed = bool(points and commas)
    thousands = NumberFormat().thousands[1:] + ("" if mixed else _OTHER[decimal])
    form = NumberFormat(decimal, thousands)
    return Recognised(form, bool(points or commas), _note(column, form, several))


def misfits(shapes: Iterable[Shape], form: NumberFormat) -> list[Shape]:
    """Return the shapes that are no number in a format."""
    return [s for s in shapes if not (_fits(s.shape, form) or _plain(s.shape, form))]


def declared_or_plain(options: LogOptions) -> NumberFormat:
    """Return the format of a text that no column holds, such as `replace(amount, ',', '')`."""
    return _declared(options) if options.decimal_separator else NumberFormat()


def _declared(options: LogOptions) -> NumberFormat:
    thousands = options.thousands_separator
    decimal = options.decimal_separator or _OTHER.get(thousands or "", ".")
    if thousands is None:
        return NumberFormat(decimal, NumberFormat().thousands[1:] + _OTHER[decimal])
    return NumberFormat(decimal, SPACES if thousands == " " else thousands)


def _vote(shape: str) -> str:
    """Return what a shape says: the decimal sign, `?` and a sign where it is unclear, or nothing."""
    if without_cents := re.search(rf"9([.,])[{MINUS}]", shape):
        return without_cents[1]
    bare = _AROUND.sub("", shape)
    for decimal, other in _OTHER.items():
        d, o = re.escape(decimal), re.escape(other)
        says = (
            rf"[o9]*{d}(9|99|9{{4,}})|9{{4,}}{d}999|o?{d}9+|9{{1,3}}({o}9{{2,3}})+{d}9*"
            rf"|9{{1,3}}({o}999){{2,}}|9{{1,2}}({o}99)+{o}999"
        )
        if re.fullmatch(says, bare):
            return decimal
    unclear = re.fullmatch(r"9{1,3}([.,])999", bare)
    return f"?{unclear[1]}" if unclear else ""


def _fits(shape: str, form: NumberFormat) -> bool:
    found = re.match(form.pattern, shape.replace("o", "9").strip())
    if found is None:
        return False
    opened, before, _, after, closed = found.groups(default="")
    negative = len(re.findall(f"[{MINUS}]", before + after)) + len(opened)
    return negative <= 1 and len(opened) == len(closed)


def _plain(shape: str, form: NumberFormat) -> bool:
    return form.is_plain and bool(
        re.fullmatch(r"[+-]?([o9]+\.?9*|\.9+)([eE][+-]?9+)?", shape.strip())
    )


def _note(column: str, form: NumberFormat, shapes: list[Shape]) -> str | None:
    wrong = misfits(shapes, form)
    decorated = [s for s in shapes if not _plain(s.shape, NumberFormat()) and s not in wrong]
    if not decorated:
        return None
    how = "a comma" if form.decimal == "," else "a point"
    told = f"numbers of the column {column} are read with {how} before the decimals, as in "
    told += _shown(decorated)
    if wrong:
        several, looked = sum(s.values for s in wrong), sum(s.values for s in shapes)
        told += f"; {several} of {looked} values looked at do not fit, as {_shown(wrong)}"
    return told


def _check_one_currency(column: str, shapes: list[Shape]) -> None:
    found: Mapping[str, Shape] = {
        sign[0].strip("."): shape for shape in shapes if (sign := _SIGN.search(shape.shape))
    }
    if len(found) > 1:
        raise ClvError(
            f"the column {column} has amounts in several currencies ({_shown(found.values())}). They "
            "cannot be added: give them in one currency, or map their currency (columns.currency) and "
            "the number alone (columns.amount)."
        )


def _refused(column: str, shapes: list[Shape], cause: str) -> ClvError:
    return ClvError(
        f"how the numbers of the column {column} are written cannot be told from {_shown(shapes)}: "
        f"{cause}. Say it: the var decimal_separator is '.' or ','."
    )


def _shown(shapes: Iterable[Shape]) -> str:
    """Return up to three values in quotes, of several shapes where there are."""
    several = list(shapes)
    turns = [s.examples[i] for i in range(3) for s in several if i < len(s.examples)]
    return ", ".join(f"'{value}'" for value in dict.fromkeys(turns[:3]))
