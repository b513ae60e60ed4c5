"""Files that the engine does not read itself, as Arrow: CSV in other encodings, and Excel."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from clv.errors import ClvError
from clv.project.csv_head import CsvHead, compression_of, unique_names
from clv.project.log_options import Reader


class CsvStream:
    """A CSV file that is decoded while it is read; it begins anew for every query that reads it."""

    def __init__(self, path: str, head: CsvHead) -> None:
        self._path, self._head = path, head

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
        return self._reader().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        return self._schema.__arrow_c_schema__()

    @property
    def _schema(self) -> Any:
        return pa.schema([(name, pa.string()) for name in self._head.names])

    def _reader(self) -> Any:
        head = self._head
        return pa_csv.open_csv(
            pa.input_stream(self._path, compression=compression_of(self._path)),
            pa_csv.ReadOptions(
                encoding=head.encoding,
                column_names=list(head.names),
                skip_rows=head.skip + head.header,
            ),
            pa_csv.ParseOptions(
                delimiter=head.delimiter, quote_char=head.quote or False, newlines_in_values=True
            ),
            pa_csv.ConvertOptions(
                column_types=self._schema, strings_can_be_null=True, null_values=[""]
            ),
        )


def excel_table(path: str, reader: Reader) -> tuple[Any, tuple[str, ...], str | None]:
    """Return a sheet, or the first with rows, as a table of text, names that it has twice, and a note.

    Raises
    ------
    ClvError
        Where openpyxl is not installed, the file is no workbook, or no sheet has rows, or that name.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise ClvError(
            f"the transaction log {path} is an Excel workbook, which is read by the package openpyxl, "
            "and that is not installed. Install it: pip install 'clv[excel]', or save the sheet as CSV."
        ) from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheets = {sheet.title: [*sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
        book.close()
    except (
        Exception
    ) as error:  # openpyxl has no one error of its own for files that are no workbook
        raise ClvError(
            f"the transaction log {path} could not be read as an Excel workbook "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__})."
        ) from error
    filled = {title: rows for title, rows in sheets.items() if any(map(_filled, rows))}
    if not filled:
        raise ClvError(f"the transaction log {path} is empty: none of its sheets has a row.")
    if reader.sheet is not None and reader.sheet not in filled:
        raise ClvError(
            f"the transaction log {path} has no sheet '{reader.sheet}' with rows; it has: "
            f"{', '.join(filled)}."
        )
    title = next(iter(filled)) if reader.sheet is None else reader.sheet
    rows = filled[title]
    rows = [row for row in rows[reader.skip_rows :] if _filled(row)]
    if not rows:
        raise ClvError(f"the sheet '{title}' of {path} has no row after those that are skipped.")
    width = max(len(row) for row in rows)
    first = [_text(value) or "" for value in (*rows[0], *[None] * (width - len(rows[0])))]
    names, twice = unique_names(first, reader.header)
    body = rows[1:] if reader.header else rows
    columns = [[_text(row[i]) if i < len(row) else None for row in body] for i in range(width)]
    table = pa.table([pa.array(c, pa.string()) for c in columns], names=list(names))
    others = [name for name in filled if name != title]
    note = None
    if others and reader.sheet is None:
        note = f"of {Path(path).name} the sheet '{title}' is read, not {', '.join(others)} (reader: sheet)"
    return table, twice, note


def _filled(row: tuple[object, ...]) -> bool:
    return any(value not in (None, "") for value in row)


def _text(value: object) -> str | None:
    """Return what a cell holds as text: whole numbers without a fraction, dates as ISO 8601."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)
