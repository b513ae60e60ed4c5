"""What a CSV file looks like: encoding, delimiter, columns; recognised from its first lines.

What is declared is taken; the rest is recognised, or refused where it would be a guess: bytes that are
not UTF-8 are never turned into letters without a word.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from clv.errors import ClvError
from clv.project.log_options import Reader
from clv.project.text_file import check_is_text

LOOKED_AT = 1 << 18
# Files up to this size are looked at to the end.
WHOLE = 1 << 23
DELIMITERS = (",", ";", "\t", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class CsvHead:
    """How a CSV file is read.

    Parameters
    ----------
    names : tuple of str
        Its columns, each once.
    repeated : tuple of str
        Names that the header has more than once; they mean no column.
    encoding, delimiter, quote : str
        As in `log_options.Reader`.
    header : bool
        Whether a line names the columns.
    skip : int
        Lines before that line.
    ragged : bool
        Whether a line has fewer fields than the header, as a footer has.
    mixed_ends : bool
        Whether some lines end as in Windows and some do not.
    usual_width : int
        How many fields most of the first lines have.
    """

    names: tuple[str, ...]
    repeated: tuple[str, ...]
    encoding: str
    delimiter: str
    quote: str
    header: bool
    skip: int
    ragged: bool
    mixed_ends: bool
    usual_width: int = field(default=0, compare=False)

    @property
    def is_utf8(self) -> bool:
        """Whether the engine reads the encoding itself."""
        return codecs.lookup(self.encoding).name in ("utf-8", "utf-8-sig", "ascii")


def csv_head(path: str, reader: Reader) -> CsvHead:
    """Look at a file.

    Raises
    ------
    ClvError
        Where it is empty, cannot be opened, or is not in the encoding that it should be in.
    """
    raw, whole = first_bytes(path)
    if not raw.strip(b"\0"):
        raise ClvError(f"the transaction log {path} is empty: it has not even a header line.")
    encoding = _encoding(path, raw, reader)
    check_is_text(path, raw, encoding)
    text = _decoded(path, raw, whole, encoding).lstrip("\ufeff")
    mixed = "\r\n" in text and text.count("\n") > text.count("\r\n")
    lines = text.splitlines(keepends=True)
    if not whole and len(lines) > 1:
        lines.pop()
    skip, delimiter = reader.skip_rows, reader.delimiter
    if skip == 0 and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        skip, delimiter = 1, delimiter or lines[0][4]  # Excel's own word for it
    while skip < len(lines) and not lines[skip].strip():
        skip += 1
    if skip >= len(lines):
        raise ClvError(
            f"the transaction log {path} has no header line after {reader.skip_rows} skipped."
        )
    quote = '"' if reader.quote is None else reader.quote
    rest = lines[skip:]
    delimiter = delimiter or _delimiter(rest, quote)
    rows = _rows(rest, delimiter, quote)
    names, repeated = unique_names(rows[0], reader.header)
    widths = [len(row) for row in rows[1:] if row]
    head = CsvHead(names, repeated, encoding, delimiter, quote, reader.header, skip, False, mixed)
    short = any(width < len(rows[0]) for width in widths) or _tail_is_short(
        path, head, len(rows[0])
    )
    if short and quote and head.is_utf8:
        _check_quotes(path, quote)
    usual = Counter(widths[:1000]).most_common(1)
    return replace(head, ragged=short, usual_width=usual[0][0] if usual else 0)


def _check_quotes(path: str, quote: str) -> None:
    """Refuse an odd number of quotes: the engine says nothing of an open one where lines are ragged."""
    count = last = 0
    for number, line in enumerate(_lines(path), 1):
        quotes = line.count(quote.encode())
        count += quotes
        last = number if quotes % 2 else last
    if count % 2:
        raise ClvError(
            f"the transaction log {path} has a quote that is not closed, the last of which may be in "
            f"line {last}. Close it, or, where {quote} is a plain sign of the text, say so: the var "
            "reader: {quote: ''}."
        )


def first_bytes(path: str) -> tuple[bytes, bool]:
    """Return the first bytes of a file, decompressed, and whether they are all of it.

    Raises
    ------
    ClvError
        When it cannot be read.
    """
    wanted = WHOLE if Path(path).stat().st_size <= WHOLE else LOOKED_AT
    try:
        with _stream(path) as stream:
            raw = stream.read(wanted)
            return raw, not stream.read(1)
    except (OSError, pa.ArrowException) as error:
        raise ClvError(
            f"the transaction log {path} could not be read: {str(error).splitlines()[0]}. Check that the "
            "file is whole, and of the kind that its name says."
        ) from error


def _lines(path: str) -> Iterator[bytes]:
    rest = b""
    with _stream(path) as stream:
        while chunk := stream.read(1 << 20):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
    yield rest


def _stream(path: str) -> Any:
    return pa.input_stream(path, compression=compression_of(path))


def compression_of(path: str) -> str | None:
    """Return how a file is compressed, by the end of its name."""
    name = path.lower()
    return "gzip" if name.endswith(".gz") else "zstd" if name.endswith(".zst") else None


def _encoding(path: str, raw: bytes, reader: Reader) -> str:
    if reader.encoding:
        return reader.encoding
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    if raw[:200].count(b"\0") > len(raw[:200]) // 4:
        raise ClvError(
            f"the transaction log {path} is no text in UTF-8: every other byte of it is 0, as in UTF-16. "
            "Say which: `clv init` with --encoding utf-16-le, or utf-16-be; in the config or --vars, reader: "
            "{encoding: utf-16-le}."
        )
    return "utf-8"


def _decoded(path: str, raw: bytes, whole: bool, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(raw, final=whole)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ClvError(
            f"the transaction log {path} is not text in {encoding}: line {line} has the byte "
            f"0x{raw[error.start]:02x}. Say what it is, for example windows-1252 for an export of Excel in "
            "Western Europe, windows-1251 with Cyrillic letters, shift-jis of Japan: `clv init` with "
            "--encoding windows-1252; in the config or --vars, reader: {encoding: windows-1252}."
        ) from error


def _delimiter(lines: list[str], quote: str) -> str:
    """Return the sign that cuts most lines into as many fields as the first, which are the most."""

    def fit(sign: str) -> tuple[float, int]:
        widths = [len(row) for row in _rows(lines[:200], sign, quote) if row]
        first = widths[0] if widths else 1
        alike = sum(width == first for width in widths) / max(len(widths), 1)
        return (alike > 0.5) * (first > 1), first

    best = max(DELIMITERS, key=fit)
    return best if fit(best)[1] > 1 else ","


def _rows(lines: list[str], delimiter: str, quote: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = (
        csv.reader(lines, delimiter=delimiter, quotechar=quote)
        if quote
        else csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    )
    try:
        for row in reader:
            rows.append(row)
    except csv.Error:  # a field of more than 131,072 characters: what the engine says of it counts
        pass
    return rows or [[lines[0].strip()]]


def unique_names(first: list[str], header: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a name for every field, and which names the header has more than once."""
    if not header:
        return tuple(f"column{i}" for i in range(len(first))), ()
    given = [name.strip().strip("\ufeff\u200b") or f"column{i}" for i, name in enumerate(first)]
    repeated = tuple(sorted(n for n, c in Counter(g.lower() for g in given).items() if c > 1))
    names: list[str] = []
    for name in given:
        taken, number, unique = {n.lower() for n in [*names, *given]}, 1, name
        while unique.lower() in {n.lower() for n in names}:
            unique, number = f"{name}_{number}", number + 1
            if unique.lower() not in taken:
                break
        names.append(unique)
    return tuple(names), repeated


def _tail_is_short(path: str, head: CsvHead, width: int) -> bool:
    """Whether one of the last lines has fewer fields: a footer. Compressed files are not looked at."""
    if compression_of(path) or not head.is_utf8:
        return False
    with pa.OSFile(path) as file:
        size = file.size()
        file.seek(max(0, size - 4096))
        lines = file.read(4096).decode("utf-8", "replace").splitlines()[1:]
    rows = _rows(lines, head.delimiter, head.quote) if lines else []
    return any(0 < len(row) < width for row in rows)
