"""Whether a file that is to be read as text is any: other kinds are named, noise is called noise."""

from __future__ import annotations

import codecs

from clv.errors import ClvError

# How files of other kinds begin, what they are, and what is to be done.
_KINDS = (
    (b"PAR1", "a Parquet file", "Name it .parquet"),
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "Name it .xlsx, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "Save it as .xlsx or CSV"),
    (b"\x1f\x8b", "compressed with gzip", "Name it .csv.gz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Name it .csv.zst"),
    (b"BZh", "compressed with bzip2", "Unpack it"),
    (b"\xfd7zXZ\x00", "compressed with xz", "Unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it"),
    (b"SQLite format 3", "an SQLite database", "Export its table of orders as CSV"),
    (b"%PDF-", "a PDF document", "Export the orders as CSV"),
)
_LOOKED_AT = 1 << 16
# Of noise an eighth of the bytes are control characters; text has next to none.
_MOST_CONTROLS = 0.03
_CONTROLS = bytes(c for c in range(32) if chr(c) not in "\t\n\v\f\r\x1a\x1b") + b"\x7f"
_WIDE = ("utf-16", "utf-32")


def check_is_text(path: str, raw: bytes, encoding: str) -> None:
    """Refuse what no encoding makes a table of.

    Parameters
    ----------
    raw : bytes
        The first bytes of the file.
    encoding : str
        What they are to be read as.

    Raises
    ------
    ClvError
        With what the file is, where that can be told, and what to do.
    """
    for mark, kind, fix in _KINDS:
        if raw.startswith(mark):
            raise ClvError(f"the transaction log {path} is no text file but {kind}. {fix}.")
    first = raw[:_LOOKED_AT]
    if codecs.lookup(encoding).name.startswith(_WIDE):
        return
    controls = len(first) - len(first.translate(None, _CONTROLS))
    if controls > _MOST_CONTROLS * len(first):
        raise ClvError(
            f"the transaction log {path} is no text file: {controls / len(first):.0%} of its first bytes are "
            "control characters, such as 0 or 7. Export the orders as CSV, Parquet, JSON lines or xlsx, "
            "and let the end of the name say which."
        )
