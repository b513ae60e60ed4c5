"""The vars that say how dates are written, and which format a few written dates would fit."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

import duckdb

from clv.errors import ClvError
from clv.project.months import english

EPOCHS = {"epoch_seconds": 1, "epoch_milliseconds": 1000, "epoch_microseconds": 1_000_000}
EXCEL = "excel_serial"
WORDS = (*EPOCHS, EXCEL)
# What a zone at the end of a text looks like where the format ends with %z or %Z.
AT_THE_END = re.compile(r"\s*%[zZ]$")
_WHOLE = re.compile(r"(?=.*%-?[Yy])(?=.*%-?[mbBj])(?=.*%-?[dj])", re.DOTALL)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", ", %H:%M")
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y",
         "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y%m%d", "%Y.%m.%d", "%d %b %Y",
         "%b %d %Y", "%b %d, %Y", "%d %B %Y", "%d. %B %Y", "%d-%B-%Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y",
         "%Y-%m-%d")  # fmt: skip


def checked_formats(given: object) -> tuple[str, ...]:
    """Return the var `ordered_at_format` as a tuple: strptime's words, or one of `WORDS`.

    Raises
    ------
    ClvError
        Where a format reads no date, or two of them read one text as different days.
    """
    if given in (None, "", []):
        return ()
    several = list(given) if isinstance(given, (list, tuple)) else [given]
    with duckdb.connect() as connection:
        for entry in several:
            _check(connection, entry)
        _check_together(connection, [f for f in several if f not in WORDS])
    return tuple(several)


def checked_timezone(given: object) -> str | None:
    """Return the var `timezone`, the name of a zone, or None.

    Raises
    ------
    ClvError
        Where there is no zone of the name.
    """
    if given in (None, ""):
        return None
    try:
        if not isinstance(given, str):
            raise ValueError
        ZoneInfo(given)
        with duckdb.connect() as connection:
            connection.execute("select timezone(?, timestamp '2021-01-01')", [given]).fetchall()
    except (ValueError, OSError, KeyError, duckdb.Error) as error:
        raise ClvError(
            f"the var timezone is {given!r}, which names no time zone. Write the shop's zone as "
            "'Europe/Berlin' or 'UTC'."
        ) from error
    return given


def fitting(written: Iterable[str]) -> list[str]:
    """Return the formats that read every one of these texts, the likeliest first.

    Examples
    --------
    >>> fitting(["03/04/2021", "25/12/2021"])
    ['%d/%m/%Y']
    """
    texts = list(written)
    found: list[str] = []
    if texts and all(re.fullmatch(r"\d{10}(\.\d+)?", text) for text in texts):
        found.append("epoch_seconds")
    if texts and all(re.fullmatch(r"\d{13}", text) for text in texts):
        found.append("epoch_milliseconds")
    if texts and all(re.fullmatch(r"\d{16}", text) for text in texts):
        found.append("epoch_microseconds")
    if texts and all(re.fullmatch(r"[2-5]\d{4}([.,]\d+)?", text) for text in texts):
        found.append(EXCEL)
    found += [day + time for day in _DAYS for time in _TIMES if _all_read(texts, day + time)]
    # in English a shortened month is no whole one; in other languages both read what they begin with
    return [
        form
        for form in found
        if form.replace("%B", "%b") == form or form.replace("%B", "%b") not in found
    ]


def _all_read(texts: list[str], date_format: str) -> bool:
    named = "%B" in date_format
    try:
        days = [
            dt.datetime.strptime(english(text, date_format) if named else text, date_format)
            for text in texts
        ]
    except ValueError:
        return False
    return bool(days) and all(1970 <= day.year <= 2100 for day in days)


def _check(connection: duckdb.DuckDBPyConnection, entry: object) -> None:
    if entry in WORDS:
        return
    cause = f"is {entry!r}, not text"
    if isinstance(entry, str):
        try:
            connection.execute("select try_strptime('', ?)", [entry]).fetchall()
            if "%Z" in AT_THE_END.sub("", entry):
                cause = f"is '{entry}', where %Z stands elsewhere than at the end"
            elif _WHOLE.match(entry):
                return
            else:
                cause = f"is '{entry}', which does not say year, month and day"
        except duckdb.Error as error:
            first = str(error).splitlines()[0].rstrip(".")
            cause = f"is '{entry}', which no date can be read with ({first})"
    raise ClvError(
        f"the var ordered_at_format {cause}. Write how the log's dates look in strptime's words, for "
        f"example '%d/%m/%Y %H:%M', or one of {', '.join(WORDS)}; several of them as a list."
    )


def _check_together(connection: duckdb.DuckDBPyConnection, formats: list[str]) -> None:
    """Refuse two formats that read the same text as different days: which one is meant is not known."""
    for first in formats:
        for second in formats:
            row = connection.execute(
                "select strftime(timestamp '2021-03-04 05:06:07', $1) as written, "
                "cast(try_strptime(written, $1) as date), cast(try_strptime(written, $2) as date)",
                [first, second],
            ).fetchone()
            if row and row[1] and row[2] and row[1] != row[2]:
                raise ClvError(
                    f"the var ordered_at_format has '{first}' and '{second}', which read '{row[0]}' as "
                    f"{row[1]} and as {row[2]}. Give the one that the log is written in."
                )
