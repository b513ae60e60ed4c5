"""Numbers, lengths and tables as people read them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
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


def json_text(data: object) -> str:
    """Write data as JSON: dates as ISO, what is missing as null; nothing but ASCII, for any terminal."""
    return json.dumps(_plain(data), indent=2, allow_nan=False)


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


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return value if isinstance(value, (str, int)) else str(value)


def _cell(value: object) -> str:
    return markdown(value) if isinstance(value, str) else readable(value)
