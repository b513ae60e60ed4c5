"""What the sections of the config have in common."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from clv.core.dates import parse_date
from clv.errors import ClvError

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2200, 12, 31)
DAY = f"a date from {FIRST_DAY} to {LAST_DAY} as yyyy-mm-dd, or nothing"


class Section(BaseModel):
    """A section of the config; a key that it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _day(value: Any) -> dt.date | None:
    """Read a date that a calendar of shops can hold; empty is none."""
    if value is None or value == "":
        return None
    if not isinstance(value, (str, dt.date)):
        raise ValueError("no date")
    try:
        day = parse_date(value, "the date")
    except ClvError as error:
        raise ValueError("no date of the calendar") from error
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("out of reach")
    return day


Day = Annotated[dt.date | None, BeforeValidator(_day), Field(description=DAY)]
