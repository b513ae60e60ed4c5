"""CDNOW, the example: a log that everybody may look at, for homes that are made for it."""

from __future__ import annotations

import csv
import importlib.util
import io
from pathlib import Path

import pandas as pd

from clv.project.files import write_text

NAME = "cdnow.csv"


def lifetimes_file(name: str) -> Path:
    """Return the path of a data file that the package `lifetimes` ships, without importing it.

    Importing `lifetimes` silences all warnings of the process; a data file does not need that.
    """
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("lifetimes is not installed")
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


def cdnow_transactions() -> pd.DataFrame:
    """Return the CDNOW log (Fader & Hardie): 69,659 orders of 23,570 customers, 1997-01 to 1998-06.

    Returns
    -------
    pandas.DataFrame
        customer_id (digits with leading zeros), ordered_at (yyyy-mm-dd), amount (US dollars), all
        as text.
    """
    frame = pd.read_csv(lifetimes_file("CDNOW_master.txt"), sep=r"\s+", dtype=str)
    days = frame["date"].str.replace(r"(\d{4})(\d\d)(\d\d)", r"\1-\2-\3", regex=True)
    return pd.DataFrame(
        {"customer_id": frame["customer_id"], "ordered_at": days, "amount": frame["dollar_value"]}
    )


def write_cdnow(folder: Path) -> Path:
    """Write the CDNOW log as a CSV file into a folder and return its path."""
    text = io.StringIO()
    cdnow_transactions().to_csv(text, index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
    write_text(folder / NAME, text.getvalue())
    return folder / NAME
