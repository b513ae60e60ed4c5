"""How the dates of a column are written: decided by the whole column, or asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clv.guess.columns import COMPACT, ISO, Column
from clv.project.date_formats import fitting

RARE = 0.02  # shapes of fewer values than this share are typing errors, not formats


@dataclass(frozen=True)
class DateGuess:
    """How dates are written.

    Attributes
    ----------
    format : str, optional
        The format; None where every log's dates are read like that (ISO 8601, yyyymmdd).
    alternatives : tuple of str
        Formats that read all values as well; the first of them reads another day.
    example : str
        A value that they read differently.
    """

    format: str | None
    alternatives: tuple[str, ...] = ()
    example: str = ""


def date_guess(column: Column) -> DateGuess | None:
    """Return how the dates of a column are written; None where no format reads them.

    Examples
    --------
    >>> date_guess(Column("d", 2, 2, 2, ("03.04.2021", "25.12.2021"))).format
    '%d.%m.%Y'
    """
    if column.sql_type.startswith(("DATE", "TIMESTAMP")):
        return DateGuess(None)
    values = usual([value.strip() for value in column.values if re.search(r"\d", value)])
    if not values:
        return None
    if all(ISO.fullmatch(value) or COMPACT.fullmatch(value) for value in values):
        return DateGuess(None)
    formats = fitting(values)
    if not formats:
        return None
    return DateGuess(formats[0], tuple(formats[1:]), values[0])


def usual(values: Sequence[str]) -> list[str]:
    """Return the values whose shape is not rare."""
    shapes = [re.sub(r"\d+", "9", re.sub(r"[^\W\d]+", "a", value)) for value in values]
    counts = Counter(shapes)
    least = RARE * len(values)
    return [value for value, shape in zip(values, shapes, strict=True) if counts[shape] >= least]
