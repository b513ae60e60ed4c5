"""Numbers, lengths and tables as people read them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
from tabulate import tabulate

from clv.core.render import markdown


def counted(number: int, one: str, many: str) -> str:
    """Write a number with its noun: no batches, 1 batch, 2 batches, 1,000 batches."""
    return f"{format(number, ',') if number else 'no'} {one if number == 1 else many}"


def in_months(number: int) -> str:
    """Write a length in months: 1 month, 6 months."""
    return counted(number, "month", "months")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Write rows as CSV with a header; lines end with a line feed on every system."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def markdown_table(frame: pd.DataFrame) -> str:
    """Render a frame as a Markdown table: texts escaped, numbers to four significant digits."""
    return tabulate(
        frame.map(_cell).to_numpy().tolist(),
        headers=[markdown(str(name)) for name in frame.columns],
        tablefmt="pipe",
        showindex=False,
        disable_numparse=True,
        colalign=[
            "right" if pd.api.types.is_numeric_dtype(dtype) else "left" for dtype in frame.dtypes
        ],
    )


def readable(value: object) -> str:
    """Write one value for a person, a null as `-`."""
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.4g}"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return str(value)


def _cell(value: object) -> str:
    return markdown(value) if isinstance(value, str) else readable(value)
