"""A log as it would be read, with what a person should know of it before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from clv.core.wording import counted
from clv.errors import ClvError

# A larger share of rows whose date or amount cannot be read is no log that was understood.
UNREADABLE = 0.05
LATEST = "2200"  # no log begins later
_FIX = (
    "Nothing was written. Correct what was guessed: --date-format, --decimal, --ordered-at and --amount "
    "say how dates and amounts are meant."
)


@dataclass(frozen=True)
class Preview:
    """A log as it would be read.

    Parameters
    ----------
    first : DataFrame
        Its first rows.
    reasons : DataFrame
        A row per reason for which rows are left out: rows, money, an example. Further lines of an
        order, whose amount stands in another row, are none of them.
    rows, kept, customers : int
        Rows of the log, rows that are kept, and their customers.
    first_day, last_day : str
        Days of the kept rows.
    amount : Decimal
        Money of the kept rows.
    unreadable : int
        Rows whose date or amount cannot be read.
    continued : int
        Further lines of orders whose amount stands in another row: shops write the total once.
    twins, cases : int
        Ids that another one differs from in zeros before them alone, or in upper and lower case alone.
    refunded, example : int and str
        Customers who have refunds and no purchase, and one of them.
    buying_days : int
        The most days on which a customer bought.
    jump : str
        The months between which the usual amount changed as if its unit had; empty where it did not.
    sums_up : bool
        Whether the last row is the sum of all others, as a line of totals is.
    fault : ClvError, optional
        Why `clv train` would refuse the log.
    """

    first: pd.DataFrame
    reasons: pd.DataFrame
    rows: int
    kept: int
    customers: int
    first_day: str
    last_day: str
    amount: Any
    unreadable: int
    continued: int = 0
    twins: int = 0
    cases: int = 0
    refunded: int = 0
    example: str = ""
    buying_days: int = 2
    jump: str = ""
    sums_up: bool = False
    fault: ClvError | None = None

    @property
    def notes(self) -> list[str]:
        """What a person should know of it, beside the rows."""
        told = []
        if self.twins:
            told.append(
                f"{counted(self.twins, 'customer id differs', 'customer ids differ')} from another one in "
                "zeros before it alone, as 7 and 007 do, and count as customers of their own"
            )
        if self.cases:
            told.append(
                f"{counted(self.cases, 'customer id differs', 'customer ids differ')} from another one in "
                "upper and lower case alone, and count as customers of their own: --customer-id 'lower(...)' "
                "makes them one"
            )
        if self.refunded:
            told.append(
                f"{counted(self.refunded, 'customer has', 'customers have')} refunds and no purchase, such "
                f"as {self.example}: does every refund name the customer who bought?"
            )
        if self.buying_days == 1 and self.customers > 1:
            told.append(
                "warning: no customer bought on more than one day, so nothing tells who comes back: is a row "
                "an order, and not a customer with totals?"
            )
        if self.jump:
            told.append(
                f"warning: the usual amount went {self.jump}: did its unit, such as cents, or the currency "
                "change there?"
            )
        if self.sums_up:
            told.append("warning: the last row is the sum of all others, so it may be no order")
        return told

    def check_understood(self) -> None:
        """Refuse what is evidently read wrongly.

        Raises
        ------
        ClvError
            When no row is kept, more than a few have a date or an amount that cannot be read, or
            `clv train` would refuse it.
        """
        if self.kept == 0:
            raise ClvError(f"none of the {self.rows:,} rows could be read: {self._said()}. {_FIX}")
        if self.unreadable > UNREADABLE * self.rows:
            raise ClvError(
                f"{self.unreadable:,} of {self.rows:,} rows have a date or an amount that cannot be read: "
                f"{self._said()}. {_FIX}"
            )
        if self.first_day > LATEST:
            raise ClvError(
                f"the days go from {self.first_day} to {self.last_day}. Where these are years of the "
                "Buddhist calendar, give them less 543: --ordered-at with an expression that makes 2023 of "
                "2566. Nothing was written."
            )
        if self.fault is not None:
            raise self.fault

    def _said(self) -> str:
        parts = (
            f"{row.log_rows:,} {row.reason} ({row.example})" for row in self.reasons.itertuples()
        )
        return "; ".join(parts)
