"""The vars that say how the log is written: dates, numbers, ids, and how files are opened."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from clv.errors import ClvError
from clv.project.date_formats import checked_formats, checked_timezone

NULL_MARKERS = ("NULL", "null", "Null", "nan", "NaN", "NAN", "None", "none", "N/A", "n/a", "NA",
                "#N/A", "\\N", "-")  # fmt: skip
NOT_CUSTOMERS = ("0", "-1", "guest", "gast", "anonymous", "anonym", "unknown", "unbekannt",
                 "undefined", "walk-in", "walk in", "walkin", "walk-in customer", "cash customer",
                 "cash sale",
                 "laufkunde", "laufkundschaft", "barverkauf", "comptoir", "client comptoir", "invite",
                 "invité", "invitado", "consumidor final", "ospite", "gäst", "gæst", "misafir")  # fmt: skip
SEPARATORS = {"decimal_separator": (".", ","), "thousands_separator": (",", ".", " ", "'", "’")}
_NAMES = {"tab": "\t", "\\t": "\t", "space": " "}


@dataclass(frozen=True)
class Reader:
    """How files are opened; None where it is recognised.

    Parameters
    ----------
    encoding : str, optional
        A name that Python knows: utf-8, windows-1252, utf-16.
    delimiter, quote : str, optional
        One character; an empty `quote` is none at all.
    header : bool
        Whether a line names the columns; without one they are column0, column1 and so on.
    skip_rows, footer_rows : int
        Lines before the header, and rows at the end, that are not part of the log.
    sheet : str, optional
        The sheet of a workbook; without it the first one that has rows.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool = True
    skip_rows: int = 0
    footer_rows: int = 0
    sheet: str | None = None


@dataclass(frozen=True)
class LogOptions:
    """Everything that is said about the log beside its location and its columns."""

    formats: tuple[str, ...] = ()
    timezone: str | None = None
    decimal_separator: str | None = None
    thousands_separator: str | None = None
    null_markers: tuple[str, ...] = NULL_MARKERS
    not_customers: tuple[str, ...] = NOT_CUSTOMERS
    reader: Reader = field(default_factory=Reader)


# What the macros hand over, by the name of the var.
VARS = ("ordered_at_format", "timezone", "decimal_separator", "thousands_separator", "null_markers",
        "not_customers", "reader")  # fmt: skip


def log_options(given: Mapping[str, Any]) -> LogOptions:
    """Return the options that vars say; a var that is empty or left out has its default.

    Raises
    ------
    ClvError
        With the var, what it is and what it takes, at the first that cannot be used.
    """
    decimal, thousands = (_separator(given, name) for name in SEPARATORS)
    if decimal and decimal == thousands:
        raise ClvError(
            f"the vars decimal_separator and thousands_separator are both '{decimal}'. A number has "
            "one sign before its decimals and another between its thousands."
        )
    return LogOptions(
        formats=checked_formats(given.get("ordered_at_format")),
        timezone=checked_timezone(given.get("timezone")),
        decimal_separator=decimal,
        thousands_separator=thousands,
        null_markers=_texts(given, "null_markers", NULL_MARKERS),
        not_customers=_texts(given, "not_customers", NOT_CUSTOMERS),
        reader=_reader(given.get("reader")),
    )


def _separator(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value in (None, ""):
        return None
    if value not in SEPARATORS[name]:
        listed = ", ".join(f"'{sign}'" for sign in SEPARATORS[name])
        raise ClvError(f"the var {name} is {value!r}; it takes one of {listed}, in quotes.")
    return str(value)


def _texts(given: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    values = given.get(name)
    if values is None:
        return default
    whole = isinstance(values, (list, tuple))
    if not whole or any(
        isinstance(v, bool) or not isinstance(v, (str, int, type(None))) for v in values
    ):
        raise ClvError(
            f"the var {name} is {values!r}; it takes a list of texts, each in quotes, such as "
            f"['{default[0]}', '{default[-1]}']."
        )
    # YAML reads a plain NULL as nothing; in a list of texts the word was meant.
    return tuple("null" if value is None else str(value).strip() for value in values)


def _reader(given: object) -> Reader:
    if given in (None, "", {}):
        return Reader()
    known = [item.name for item in fields(Reader)]
    if not isinstance(given, Mapping) or set(given) - set(known):
        raise ClvError(f"the var reader is {given!r}; it takes a mapping of {', '.join(known)}.")
    said = {key: value for key, value in given.items() if value is not None}
    for name, value in said.items():
        _check_reader(name, value)
    for name in {"delimiter", "quote"} & said.keys():
        said[name] = _NAMES.get(said[name], said[name])
    return Reader(**said)


def _check_reader(name: str, value: Any) -> None:
    if name == "encoding":
        fits, takes = _is_encoding(value), "a name such as utf-8, windows-1252 or utf-16"
    elif name == "sheet":
        fits, takes = isinstance(value, str) and value != "", "the name of a sheet in quotes"
    elif name == "header":
        fits, takes = isinstance(value, bool), "true or false"
    elif name in ("skip_rows", "footer_rows"):
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10_000
        takes = "a whole number from 0"
    else:
        sign = _NAMES.get(value, value) if isinstance(value, str) else "??"
        fits = (len(sign) == 1 and sign not in "\r\n") or (name == "quote" and sign == "")
        takes = "one character in quotes, such as ';'" + (
            " or 'tab'" if name == "delimiter" else ""
        )
    if not fits:
        raise ClvError(f"the var reader.{name} is {value!r}; it takes {takes}.")


def _is_encoding(value: object) -> bool:
    try:
        return isinstance(value, str) and codecs.lookup(value)._is_text_encoding
    except (LookupError, ValueError):
        return False
