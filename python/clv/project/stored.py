"""The one place that opens stored files and says what is wrong with one.

A file is read whole, after it was seen to be a regular file of a sensible size. Text is UTF-8
without NUL, JSON has no key twice, a bounded depth and the shape of its schema, CSV has exactly its
columns. Whatever does not hold is one `StoredFileError` with file, cause, an example of what was
found, and the fix.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from clv.project.regular_file import (
    APPEND_ONLY,
    FROM_BACKUP,
    MADE_AGAIN,
    Kind,
    MissingFileError,
    StoredFileError,
    listed,
    read_bytes,
    read_start,
    sha256_of,
    shown,
    stands,
)

__all__ = [
    "APPEND_ONLY", "FROM_BACKUP", "MADE_AGAIN", "Kind", "MissingFileError", "StoredFileError",
    "faults", "listed", "read_bytes", "read_csv", "read_json", "read_start", "read_text", "sha256_of",
    "shown", "stands", "whole_number",
]  # fmt: skip

T = TypeVar("T")

DEEPEST = 40
LARGEST_FIELD = 1_000_000
SHOWN_FAULTS = 5


def read_text(path: Path, kind: Kind) -> str:
    """Return a file's text with its line ends as they are.

    Raises
    ------
    StoredFileError
        As `read_bytes`, and when it is not UTF-8 or holds a NUL.
    """
    content = read_bytes(path, kind)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        found = content[error.start : error.start + 8].hex(" ")
        cause = f"is not UTF-8 text (byte {error.start + 1}: {found})"
        raise StoredFileError(path, kind, cause) from error
    if "\0" in text:
        cause = f"is no text: it has a NUL at character {text.index(chr(0)) + 1:,}"
        raise StoredFileError(path, kind, cause)
    return text


def read_json(path: Path, schema: type[T], kind: Kind, nan: bool = False) -> T:
    """Return a JSON file as its schema: a pydantic model, a dataclass, or a type such as list[str].

    Parameters
    ----------
    nan : bool
        Whether numbers may be NaN or infinite, which strict JSON does not know.

    Raises
    ------
    StoredFileError
        As `read_text`, and when it is not JSON of that shape.
    """
    text = read_text(path, kind)
    try:
        value = json.loads(text, object_pairs_hook=_no_key_twice)
        _check_values(value, nan)
        return TypeAdapter(schema).validate_python(value)
    except ValidationError as error:
        cause = f"does not have its shape: {'; '.join(faults(error))}"
        raise StoredFileError(path, kind, cause) from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, character {error.colno}"
        cause = f"is not JSON: {error.msg} at {place}: {shown(text[error.pos :])}"
        raise StoredFileError(path, kind, cause) from error
    except RecursionError as error:
        raise StoredFileError(path, kind, f"is nested deeper than {DEEPEST} levels") from error
    except ValueError as error:
        raise StoredFileError(path, kind, f"is not JSON that is read here: {error}") from error


def read_csv(path: Path, columns: Sequence[str], kind: Kind) -> list[dict[str, str]]:
    """Return the rows of a CSV file that has exactly these columns, every value as text.

    Raises
    ------
    StoredFileError
        As `read_text`, and when its header, the number of a row's fields, its quotes or its last
        line end are not as they were written.
    """
    text = read_text(path, kind)
    before = csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if header != list(columns):
            cause = f"does not have the columns {', '.join(columns)}, but {shown(','.join(header))}"
            raise StoredFileError(path, kind, cause)
        rows = []
        for fields in reader:
            if fields and len(fields) != len(columns):
                has = (
                    f"has {len(fields)} fields in place of {len(columns)} in line {reader.line_num}"
                )
                raise StoredFileError(path, kind, f"{has}: {shown(','.join(fields))}")
            if fields:
                rows.append(dict(zip(columns, fields, strict=True)))
    except csv.Error as error:
        raise StoredFileError(
            path, kind, f"has a fault in line {reader.line_num}: {error}"
        ) from error
    finally:
        csv.field_size_limit(before)
    if not text.endswith("\n"):
        cause = f"is cut off in its last line: {shown(text.splitlines()[-1])}"
        raise StoredFileError(path, kind, cause)
    return rows


def whole_number(text: str) -> int | None:
    """Return a number of at most nine ASCII digits; None for all else, such as the digit `²`."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def faults(error: ValidationError) -> list[str]:
    """Return what does not fit a schema, one line each: where, why, and what was found."""
    lines = []
    for fault in error.errors(include_url=False)[:SHOWN_FAULTS]:
        place = ".".join(str(part) for part in fault["loc"]) or "the whole"
        found = "" if fault["type"] == "missing" else f", not {shown(repr(fault['input']))}"
        lines.append(f"{place}: {fault['msg'][:1].lower()}{fault['msg'][1:]}{found}")
    more = error.error_count() - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {shown(twice)} stands in it twice")
    return read


def _check_values(value: Any, nan: bool) -> None:
    """Refuse what later steps stumble over: depth, half a character, a number without end."""
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                below += [*node.keys(), *node.values()]
            elif isinstance(node, list):
                below += node
            elif isinstance(node, str) and not _is_text(node):
                raise ValueError(f"the text {node[:60]!a} has a character that is none")
            elif isinstance(node, float) and not nan and not math.isfinite(node):
                raise ValueError(f"the number {node} is not finite")
        if not below:
            return
        level = below
    raise RecursionError


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")  # what cannot be written is half of a character
    except UnicodeEncodeError:
        return False
    return "\0" not in text
