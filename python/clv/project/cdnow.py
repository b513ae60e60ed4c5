"""The log that a fresh clone starts with."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd
import pyarrow as pa

SCHEMA = pa.schema(
    [("customer_id", pa.string()), ("ordered_at", pa.date32()), ("amount", pa.decimal128(18, 4))]
)


def lifetimes_file(name: str) -> Path:
    """Return the path of a data file that the package `lifetimes` ships, without importing it.

    Importing `lifetimes` silences all warnings of the process; a data file does not need that.
    """
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("lifetimes is not installed")
    return Path(spec.submodule_search_locations[0]) / "datasets" / name


def cdnow_transactions() -> pa.Table:
    """Return the CDNOW log (Fader & Hardie): 69,659 orders of 23,570 customers, 1997-01 to 1998-06."""
    frame = pd.read_csv(lifetimes_file("CDNOW_master.txt"), sep=r"\s+", dtype=str)
    return pa.table(
        {
            "customer_id": pa.array(frame["customer_id"], pa.string()),
            "ordered_at": pa.array(pd.to_datetime(frame["date"], format="%Y%m%d").dt.date),
            "amount": pa.array(frame["dollar_value"], pa.string()).cast(pa.decimal128(18, 4)),
        },
        schema=SCHEMA,
    )
