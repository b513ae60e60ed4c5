"""Dates as users write them, and calendar months."""

from __future__ import annotations

import datetime as dt

from dateutil.relativedelta import relativedelta

from clv.errors import ClvError


def parse_date(value: object, what: str) -> dt.date:
    """Read yyyy-mm-dd; `what` names the value in the error.

    Raises
    ------
    ClvError
        When the value is no date of the calendar.
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = str(value).strip()
    try:
        if len(text) != 10 or not text.isascii():
            raise ValueError("not yyyy-mm-dd")
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise ClvError(
            f"{what} '{value}' is not a date of the calendar. "
            "Write it as yyyy-mm-dd, for example 2021-12-31."
        ) from error


def add_months(date: dt.date, months: int) -> dt.date:
    """Move by calendar months, as the SQL macro of the same name does (31 January + 1 = end of February).

    Raises
    ------
    ClvError
        When the result lies before the year 1 or after 9999.
    """
    try:
        return date + relativedelta(months=months)
    except (ValueError, OverflowError) as error:
        raise ClvError(
            f"{date} and {months} months is beyond the calendar. Choose fewer months."
        ) from error


def latest_cutoff(last: dt.date, months: int) -> dt.date:
    """Return the latest day from which a window of `months` ends on or before `last`."""
    cutoff = add_months(last, -months)
    while add_months(cutoff + dt.timedelta(days=1), months) <= last:
        cutoff += dt.timedelta(days=1)
    while add_months(cutoff, months) > last:
        cutoff -= dt.timedelta(days=1)
    return cutoff


def now() -> dt.datetime:
    """Return the time of day in UTC, to the second."""
    return dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
