"""SQL that reads ids: one customer has one id, however a tool wrote it.

12346, 12346.0, DECIMAL 12346.00 and ` 12346 ` are one id, decided by the value alone, so that the next
export is read alike. Leading zeros stay; 1e5 stays the text that it is.
"""

from __future__ import annotations

from collections.abc import Collection

from clv.project.log_options import LogOptions
from clv.project.sql_functions import NUMBER, TEXT, kind_of
from clv.project.sql_text import bound, holds_json, literal, tidied

# Ids of these signs alone need no tidying; nor do e-mail addresses.
_SIGNS = "[0-9A-Za-z:/+_#-]"
_MAIL = r"[0-9A-Za-z_-][0-9A-Za-z._%+-]*@[0-9A-Za-z.-]+"
_WHOLE = r"-?(0|[1-9][0-9]*)[.]0*"


def identifier(x: str, sql_type: str, options: LogOptions) -> str:
    """Return SQL of an id as text; null where it is blank or a null marker."""
    kind = sql_type.upper()
    if kind == "NULL":
        return "cast(null as varchar)"
    text = f"cast({x} as varchar)"
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"cast(cast({x} as hugeint) as varchar)"
        return (
            f"case when {x} = floor({x}) and abs({x}) < 1e30 then {whole} "
            f"when isfinite({x}) then {text} end"
        )
    if kind.startswith("DECIMAL"):
        return _without_zeros(text)
    if kind_of(kind) == NUMBER:
        return text
    return _read(x if kind_of(kind) == TEXT else text, options)


def label(x: str, sql_type: str, options: LogOptions) -> str:
    """Return SQL of a word (a status, a currency) as text; null where there is none."""
    if sql_type.upper() == "NULL":
        return "cast(null as varchar)"
    return _known(f"nullif({tidied(f'cast({x} as varchar)')}, '')", options)


def _read(x: str, options: LogOptions) -> str:
    """Return SQL of an id of text; those that need no tidying and are no marker are told by one pattern."""
    markers = options.null_markers
    quick = f"{_SIGNS}{{{max(map(len, markers), default=0) + 1},}}"
    if not any(word[:1].isdigit() for word in markers):
        quick += f"|[0-9]{_SIGNS}*"
    tidy = bound("t", tidied(x), f"nullif({_without_zeros(_single('t'))}, '')")
    slow = bound("i", tidy, _known("i", options))
    return (
        f"case when regexp_full_match({x}, {literal(f'{quick}|{_MAIL}')}) then {x} else {slow} end"
    )


def _single(x: str) -> str:
    """Return an id that ends the reading where it is a JSON object: no two of these are one customer.

    The rows that are looked at first are told with the parts that are there (`log_nested`).
    """
    told = literal("clv: an id of the log is no single value but holds others: ")
    fix = literal(". Map the part of it that is the id, such as customer ->> 'id'.")
    return f"case when {holds_json(x)} then error({told} || left({x}, 100) || {fix}) else {x} end"


def _without_zeros(x: str) -> str:
    """Return an id without a fraction of zeros: whole numbers that a tool stored as floating point."""
    return f"case when regexp_full_match({x}, {literal(_WHOLE)}) then split_part({x}, '.', 1) else {x} end"


def _known(x: str, options: LogOptions) -> str:
    return f"case when {is_none_of(x, options.null_markers)} then {x} end"


def is_none_of(x: str, words: Collection[str]) -> str:
    """Return SQL that is true where a text is none of some words, quick for what is seldom one.

    The engine would turn an `in` or a list of many words into a join.
    """
    if not words:
        return f"{x} is not null"
    quick = [f"length({x}) > {max(map(len, words))}"]
    if not any(word[:1].isdigit() for word in words):
        quick.append(f"({x} >= '0' and {x} < ':')")
    end = "\x1f"
    listed = literal(end + end.join(words) + end)
    found = f"contains({listed}, {literal(end)} || {x} || {literal(end)})"
    return f"case when {' or '.join(quick)} then true else not {found} end"
