"""Whether the days of the log can be right: no mistyped dates at either end, a sensible data_through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from clv.project.log_contract import Day

# Without rows for so many days, a few rows beyond are taken for mistyped dates.
GAP_DAYS = 31
FEW = 0.01
# Across so many days even many are: a missing date that was written as 1970-01-01.
LONG_GAP_DAYS = 3650
MANY = 0.5


def stray_end(days: Sequence[Day], gap_days: int = GAP_DAYS) -> str | None:
    """Return what is wrong with the latest rows, where they are few and lie long after the others."""
    whole = sum(day.rows for day in days)
    found = _innermost_gap(days[::-1], gap_days)
    if found is None:
        return None
    first, before_gap, gap, beyond = found
    return (
        f"{beyond} of {whole} rows of the log lie from {first} to {days[-1].day}, after {gap} days "
        "without any: are their dates right? Every prediction window would count as over. Leave such "
        f"rows out with --vars '{{latest_date: {before_gap}}}', or, where really nothing was sold for so "
        f"long, say how far the log is complete with --vars '{{data_through: {days[-1].day}}}'."
    )


def stray_start(days: Sequence[Day], earliest: dt.date | None = None) -> str | None:
    """Return what is wrong with the earliest rows, where they are few and lie long before the others.

    Parameters
    ----------
    earliest : date, optional
        The var `earliest_date`: where the log begins within 31 days of it, it is right.
    """
    if earliest is not None and (days[0].day - earliest).days <= GAP_DAYS:
        return None
    whole = sum(day.rows for day in days)
    found = _innermost_gap(days, GAP_DAYS)
    if found is None:
        return None
    last, after_gap, gap, beyond = found
    return (
        f"{beyond} of {whole} rows of the log lie from {days[0].day} to {last}, before {gap} days without "
        "any: are their dates right? The history of every customer would seem to begin there. Leave "
        f"such rows out with --vars '{{earliest_date: {after_gap}}}', or, where really nothing was sold "
        f"for so long, say so with --vars '{{earliest_date: {days[0].day}}}'."
    )


def _innermost_gap(days: Sequence[Day], gap_days: int) -> tuple[dt.date, dt.date, int, int] | None:
    """Return the innermost gap that few rows lie beyond: its outer and inner day, days, rows beyond."""
    whole, beyond, found = sum(day.rows for day in days), 0, None
    for outer, inner in pairwise(days):
        beyond += outer.rows
        if beyond > MANY * whole:
            break
        gap = abs((inner.day - outer.day).days)
        if _stray(gap, beyond / whole, gap_days):
            found = outer.day, inner.day, gap, beyond
    return found


def data_through_fault(
    days: Sequence[Day], through: dt.date, slack: int | None = None
) -> str | None:
    """Return why the log cannot be complete through a day.

    Parameters
    ----------
    slack : int, optional
        How many days it may lie after the last row; None for any number.
    """
    beyond = (through - days[-1].day).days
    if through < days[0].day:
        return f"data_through {through} lies before the log, which begins on {days[0].day}. Give a later day."
    if slack is not None and beyond > slack:
        return (
            f"data_through {through} lies {beyond} days after the last row of the log ({days[-1].day}): is "
            "the log complete, and the date right? Correct one of them; where really nothing was sold for "
            f"so long, say so with --vars '{{data_through_slack_days: {beyond}}}'."
        )
    return None


def _stray(gap: int, share: float, gap_days: int) -> bool:
    return (gap > gap_days and share < FEW) or (gap > LONG_GAP_DAYS and share < MANY)
