"""A column of a file as it is looked at: its name, and what its values are like."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from clv.guess.numbers import is_number
from clv.project.log_options import NOT_CUSTOMERS

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ISO = re.compile(
    r"\d{4}([-/])\d{1,2}\1\d{1,2}([T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?)?"
)
COMPACT = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
# What a date has at least, however it is written: three parts, of which one may be a month's name.
WRITTEN = re.compile(r"(?=(?:.*\d){3}).*\d{1,4}[\s./,-]+(de\s+|di\s+)?(\d{1,2}|[^\W\d]{3,12}\.?)[\s./,-]+"
                     r"(de\s+|del\s+)?\d{2,4}(\D.*)?|"
                     r"[^\W\d]{3,10}\.? \d{1,2},? \d{4}(\D.*)?")  # fmt: skip
NOBODY = ("", *NOT_CUSTOMERS, "none", "null", "nan")


@dataclass(frozen=True)
class Column:
    """A column of a file.

    Parameters
    ----------
    name : str
        As in the header.
    rows, filled, distinct : int
        Rows that were looked at, those with a value, and the different values.
    values : tuple of str
        Different values, the most frequent first; some thousands at most.
    sql_type : str
        The engine's type; of text files VARCHAR.
    nobody : float
        Share of the rows without a value or with one such as `0` or `guest`.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    values: tuple[str, ...]
    sql_type: str = "VARCHAR"
    nobody: float = 0.0

    @property
    def share_filled(self) -> float:
        return self.filled / self.rows if self.rows else 0.0

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows > 1 and self.distinct == self.filled == self.rows

    @cached_property
    def dates(self) -> float:
        """Share of the values that look like dates."""
        if self.sql_type.startswith(("DATE", "TIMESTAMP")):
            return 1.0
        return self._share(looks_like_a_date)

    @cached_property
    def numbers(self) -> float:
        """Share of the values that look like numbers."""
        return self._share(is_number)

    @cached_property
    def emails(self) -> float:
        """Share of the values that are e-mail addresses."""
        return self._share(lambda value: EMAIL.fullmatch(value) is not None)

    @cached_property
    def codes(self) -> float:
        """Share of the values that are three letters, as a currency's code is."""
        return self._share(lambda value: re.fullmatch("[A-Za-z]{3}", value) is not None)

    @property
    def epoch(self) -> bool:
        """Whether the values are moments as numbers: seconds or parts of them, or days of Excel."""
        return self.distinct > 1 and any(
            all(re.fullmatch(pattern, value) for value in self.values)
            for pattern in (r"1\d{9}(\.\d+)?", r"1\d{12}", r"1\d{15}", r"[34]\d{4}([.,]\d+)?")
        )

    @property
    def is_moment(self) -> bool:
        """Whether the values are seconds, or parts of them, since 1970."""
        return self.epoch and all(len(value.split(".")[0]) >= 10 for value in self.values)

    def _share(self, test: Callable[[str], bool]) -> float:
        return sum(map(test, self.values)) / len(self.values) if self.values else 0.0


def looks_like_a_date(value: str) -> bool:
    """Say whether a text looks like a date, in whatever order its parts stand."""
    text = value.strip()
    if COMPACT.fullmatch(text):
        return True
    if ISO.fullmatch(text):
        return _is_a_day(text)
    return WRITTEN.fullmatch(text) is not None


def _is_a_day(text: str) -> bool:
    year, month, day = (int(part) for part in re.findall(r"\d+", text)[:3])
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
