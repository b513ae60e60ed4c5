"""What the macros ask of this package about the log: JSON in, JSON out, an error as its message.

`clv` and plain dbt read the log by the same rules because both ask here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from clv.core.secrets import redact
from clv.errors import ClvError
from clv.project.exchange_rates import answered as exchange_rates
from clv.project.hidden_log import ENGINE_VARIABLE, hidden_location
from clv.project.home_log import UNNAMED
from clv.project.home_log import answered as home_log
from clv.project.log_columns import Mapped, mapped_columns
from clv.project.log_files import check_reachable
from clv.project.log_options import LogOptions, log_options
from clv.project.log_reader import LOG_ROWS, LogRows, open_log
from clv.project.log_select import LOOKED_AT, Seen, look, seen, typed
from clv.project.log_sources import remote
from clv.project.sql_text import literal
from clv.project.typed_ids import is_none_of
from clv.project.transaction_log import FILES, FOLDER, form_of

CUSTOMER_MAP = "clv_customer_map"
MAP_ROWS = LogRows()
# The map is read as a log of two roles.
_MAP = {"customer_id": "customer_id", "order_id": "id"}
_MAP_OPTIONS = LogOptions()
_last: dict[str, tuple[str, list[tuple[str, int, int]]]] = {}


def answering(function: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[str], str]:
    """Return a function that the engine can call: text in, text out."""

    def answer(request: str) -> str:
        try:
            return json.dumps(function(json.loads(request)))
        except (ClvError, duckdb.Error) as error:
            first = str(error) if isinstance(error, ClvError) else str(error).splitlines()[0]
            return json.dumps({"error": redact(first)})

    return answer


def opened(request: dict[str, Any]) -> dict[str, Any]:
    """Open the files at `location` for `columns` and `options`; `apart` says whether they were.

    An address (s3://…, https://…) is read by dbt's connection, whose profile holds its secrets:
    `relation` is what stands behind `from` there.
    """
    options = log_options(request["options"])
    if "relation" in request:
        return {"apart": False, "relation": request["relation"]}
    shown = str(request["location"])
    location = hidden_location(shown) or shown
    if "://" in location:
        check_reachable(location)
        secret = literal(location) if location == shown else f"getvariable('{ENGINE_VARIABLE}')"
        return {"apart": False, "relation": remote(secret, form_of(location), options.reader)}
    return {"apart": True, "notes": _opened("log", LOG_ROWS, location, request, options)}


def looking(request: dict[str, Any]) -> dict[str, Any]:
    """Return the query that looks at a `relation` whose columns have these `types`."""
    mapped, options = _mapped(request)
    rows = f"(select * from {request['relation']} limit {LOOKED_AT})"
    return {"sql": look(rows, mapped, options)}


def reading(request: dict[str, Any]) -> dict[str, Any]:
    """Return the query of the typed columns of a `relation`, after what was `seen` of it."""
    mapped, options = _mapped(request)
    looked = seen(request["seen"], mapped, options)
    notes = _once("relation", json.dumps(request, sort_keys=True), [], list(looked.notes))
    return {"sql": typed(request["relation"], mapped, options, looked), "notes": notes}


def nobody(request: dict[str, Any]) -> dict[str, Any]:
    """Return the condition under which the id `customer` is that of nobody, upper and lower case alike."""
    ids = sorted({i.lower() for i in log_options(request["options"]).not_customers})
    lowered = f"lower({request['customer']})"
    return {"sql": f"not ({is_none_of(lowered, ids)})"}


def opened_map(request: dict[str, Any]) -> dict[str, Any]:
    """Open the files at `location`, the var `customer_map`, as `clv_customer_map`."""
    location = str(request["location"])
    if form_of(location) not in (*FILES, FOLDER) or "://" in location:
        raise ClvError(
            f"the var customer_map is '{location}'. It takes a file of CSV, Parquet, JSON or Excel on "
            "this machine with the columns id and customer_id, or a table written schema.table."
        )
    opened = open_log(location, _MAP, _MAP_OPTIONS, "the var customer_map")
    query = f"select order_id as id, customer_id from ({opened.query})"
    MAP_ROWS.open(list(opened.files.paths), query, opened.arrow)
    return {}


def reading_map(request: dict[str, Any]) -> dict[str, Any]:
    """Return the query of the map that is a `relation` whose columns have these `types`."""
    mapped = mapped_columns(_MAP, request["types"])
    query = typed(request["relation"], mapped, _MAP_OPTIONS, Seen({}))
    return {"sql": f"select order_id as id, customer_id from ({query})"}


def _mapped(request: dict[str, Any]) -> tuple[Mapped, LogOptions]:
    return mapped_columns(request["columns"], request["types"]), log_options(request["options"])


def _opened(
    what: str, rows: LogRows, location: str, request: dict[str, Any], options: LogOptions
) -> list[str]:
    """Open files, unless they are those that were opened last; return what is new to a person."""
    asked = json.dumps({**request, "location": location}, sort_keys=True)
    if _last.get(what, ("", []))[0] == asked and _last[what][1] == _stamps(p for p, *_ in _last[what][1]):
        return []
    found = open_log(location, request["columns"], options)
    rows.open(list(found.files.paths), found.query, found.arrow)
    return _once(what, asked, _stamps(found.files.paths), list(found.notes))


def _once(what: str, asked: str, stamps: list[tuple[str, int, int]], notes: list[str]) -> list[str]:
    """Return the notes, where the last question was another one."""
    known = _last.get(what) == (asked, stamps)
    _last[what] = (asked, stamps)
    return [] if known else notes


def _stamps(paths: Any) -> list[tuple[str, int, int]]:
    stats = [(str(path), Path(path).stat()) for path in paths if Path(path).exists()]
    return [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats]


FUNCTIONS: dict[str, Callable[[str], str]] = {
    "clv_log_form": form_of,
    "clv_home_log": home_log,
    "clv_unnamed_log": lambda _: UNNAMED,
    "clv_exchange_rates": exchange_rates,
    "clv_open_log": answering(opened),
    "clv_look_at_log": answering(looking),
    "clv_read_log": answering(reading),
    "clv_nobody": answering(nobody),
    "clv_open_customer_map": answering(opened_map),
    "clv_read_customer_map": answering(reading_map),
}
