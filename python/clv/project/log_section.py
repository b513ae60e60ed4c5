"""The section `log` of the config: where the home's log is, and how it is read.

Every key has the name of the dbt var that says the same; the var, where it is given, wins.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from clv.project.config_section import Day, Section
from clv.project.roles import ROLES, RoleName
from clv.project.transaction_log import TransactionLog

LOCATIONS = ("customer_map", "attributes", "exchange_rates")


def _text(value: Any) -> Any:
    """Take a number for the text that it is written as: ids and markers often look like numbers."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _texts(value: Any) -> Any:
    """Take one text for a list of one."""
    if value is None or isinstance(value, list):
        return value
    return [value]


Text = Annotated[str, StringConstraints(strict=True, max_length=2_000)]
Word = Annotated[Text, BeforeValidator(_text)]
Words = Annotated[list[Word] | None, BeforeValidator(_texts)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


def _is(what: str) -> Any:
    return Field(default=None, description=f"{what}, or nothing")


class Log(Section):
    """Where the log is and how it is read; a key that is left out is recognised or as for any log."""

    transactions: Text | None = _is("a path, a glob, an address or schema.table")
    columns: dict[RoleName, Text | None] | None = _is(f"a mapping with the keys {', '.join(ROLES)}")
    ordered_at_format: Words = _is("one format of strptime or a list of them")
    timezone: Text | None = _is("the name of a time zone, such as Europe/Berlin")
    decimal_separator: Text | None = _is("'.' or ','")
    thousands_separator: Text | None = _is("the sign between thousands, in quotes")
    null_markers: Words = _is("a list of texts that stand for nothing")
    not_customers: Words = _is("a list of ids that are nobody's")
    customer_map: Text | None = _is("a path of a table of ids and customers, or schema.table")
    attributes: Text | None = _is("a path of a table of customers, or schema.table")
    reader: dict[str, Any] | None = _is("a mapping that says how files are opened")
    keep_status: Words = _is("a status of an order or a list of them")
    drop_status: Words = _is("a status of an order or a list of them")
    currency: Text | None = _is("the code of a currency, such as EUR")
    exchange_rates: Text | None = _is("a path of a table of rates, or schema.table")
    net_refunds: Annotated[bool | None, Field(strict=True)] = _is("true or false")
    max_rejected_share: Share | None = _is("a share from 0 to 1")
    max_changed_share: Share | None = _is("a share from 0 to 1")
    earliest_date: Day = None
    latest_date: Day = None

    def as_vars(self) -> dict[str, Any]:
        """Return the keys that are set, as dbt vars; paths stand as they are written."""
        kept: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        formats = kept.get("ordered_at_format")
        if formats is not None and len(formats) == 1:
            kept["ordered_at_format"] = formats[0]
        return kept

    def placed_vars(self, folder: Path) -> dict[str, Any]:
        """Return `as_vars` with relative paths taken from `folder`, where the config is."""
        return placed(self.as_vars(), folder)


def placed(log_vars: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return vars of the log whose relative paths are taken from `folder`."""
    found = placed_tables(log_vars, folder)
    if isinstance(location := found.get("transactions"), str) and location.strip():
        found["transactions"] = TransactionLog(location.strip()).placed_in(folder).location
    return found


def placed_tables(log_vars: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the vars with the relative paths of the tables beside the log taken from `folder`."""
    found = dict(log_vars)
    for key in LOCATIONS:
        location = found.get(key)
        if isinstance(location, str):
            found[key] = TransactionLog(location).placed_in(folder).location
    return found
