"""What the macro `clv_check_log` found in the database, and the vars that judge it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from clv.core.dates import parse_date
from clv.errors import ClvError
from clv.project.log_contract import Day
from clv.project.log_outcomes import KEPT, Outcome, Outcomes


@dataclass(frozen=True)
class Found:
    """What the macro found in the database, and the vars that judge it."""

    outcomes: Outcomes
    days: list[Day]
    asked: Mapping[str, Any]

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Found:
        """Read what the macro sends."""
        made = [
            Outcome(reason, int(rows), Decimal(money), Decimal(size), int(above), int(below))
            for reason, rows, money, size, above, below in asked["outcomes"]
        ]
        kept = next((o for o in made if o.reason == KEPT), Outcome(KEPT, 0, Decimal(0), Decimal(0)))
        left_out = [each for each in made if each.reason != KEPT]
        continued = {reason: int(rows) for reason, rows in asked["continued"]}
        outcomes = Outcomes(kept, left_out, asked["examples"], continued)
        return cls(outcomes, days_of(asked["days"]), asked)

    def date(self, name: str) -> dt.date | None:
        """Return a var that is a date."""
        value = self.asked.get(name)
        return parse_date(str(value), name) if value else None

    def share(self, name: str, default: float) -> float:
        """Return a var that is a share.

        Raises
        ------
        ClvError
            When it is no number from 0 to 1.
        """
        value = self.asked.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ClvError(
                f"the var {name} is {value}; it takes a share from 0 to 1, such as {default}."
            )
        return float(value)


def days_of(rows: Sequence[Sequence[str]]) -> list[Day]:
    """Read the days that the macro sends, as texts, in their order."""
    days = [
        Day(dt.date.fromisoformat(day), int(count), int(customers), float(money))
        for day, count, customers, money in rows
    ]
    return sorted(days, key=lambda each: each.day)
