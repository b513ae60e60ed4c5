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
from clv.project.attributes import opened_attributes
from clv.project.exchange_rates import answered as exchange_rates
from clv.project.hidden_log import ENGINE_VARIABLE, whole_location
from clv.project.home_log import UNNAMED
from clv.project.home_log import answered as home_log
from clv.project.log_acceptance import kept, sampled
from clv.project.log_columns import Mapped, mapped_columns
from clv.project.log_files import check_reachable
from clv.project.log_options import LogOptions, log_options
from clv.project.log_reader import LOG_ROWS, ROWS, LogRows, open_log
from clv.project.log_seen import SEEN
from clv.project.log_select import LOOKED_AT, Seen, completed, look, seen, typed
from clv.project.log_sources import remote
from clv.project.log_verdict import answered as judged
from clv.project.sql_text import literal
from clv.project.transaction_log import TransactionLog, form_of
from clv.project.typed_ids import is_none_of

CUSTOMER_MAP = "clv_customer_map"
MAP_ROWS = LogRows()
# The map is read as a log of two roles.
_MAP = {"customer_id": "customer_id", "order_id": "id"}
_MAP_OPTIONS = LogOptions()
# What was opened last: the question, the files as they were then, and the answer.
_last: dict[str, Any] = {}


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

    Then `relation` is the typed rows. An address (s3://…, https://…) is read by dbt's connection, whose
    profile holds its secrets: `relation` is what stands behind `from` there, as it is.
    """
    options = log_options(request["options"])
    if "relation" in request:
        return {"apart": False, "relation": request["relation"]}
    shown = str(request["location"])
    location = whole_location(shown)
    if "://" in location:
        check_reachable(location)
        secret = literal(location) if location == shown else f"getvariable('{ENGINE_VARIABLE}')"
        return {"apart": False, "relation": remote(secret, form_of(location), options.reader)}
    return _opened(location, request, options)


def looking(request: dict[str, Any]) -> dict[str, Any]:
    """Return the query that looks at a `relation` whose columns have these `types`."""
    mapped, options = _mapped(request)
    rows = f"(select * from {request['relation']} limit {LOOKED_AT})"
    return {"sql": look(rows, mapped, options)}


def reading(request: dict[str, Any]) -> dict[str, Any]:
    """Return the query of the typed columns of a `relation`, after what was `seen` of it."""
    mapped, options = _mapped(request)
    SEEN.columns = request["types"]
    looked = seen(request["seen"], mapped, options)
    query = typed(request["relation"], mapped, options, looked)
    return {"relation": completed(f"({query})", mapped), "notes": _once(list(looked.notes))}


def nobody(request: dict[str, Any]) -> dict[str, Any]:
    """Return the condition under which the id `customer` is that of nobody, upper and lower case alike."""
    ids = sorted({i.lower() for i in log_options(request["options"]).not_customers})
    lowered = f"lower({request['customer']})"
    return {"sql": f"not ({is_none_of(lowered, ids)})"}


def opened_map(request: dict[str, Any]) -> dict[str, Any]:
    """Open the files at `location`, the var `customer_map`, as `clv_customer_map`."""
    location = str(request["location"])
    if not TransactionLog(location).is_file or "://" in location:
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


def _opened(location: str, request: dict[str, Any], options: LogOptions) -> dict[str, Any]:
    """Open files, unless they are those that were opened last, whose notes were told then."""
    asked = json.dumps({**request, "location": location}, sort_keys=True)
    if (
        LOG_ROWS.is_open
        and _last.get("asked") == asked
        and _last["files"] == _stamps(_last["paths"])
    ):
        return {"apart": True, "relation": _last["relation"], "notes": []}
    opened = open_log(location, request["columns"], options)
    paths = list(opened.files.paths)
    LOG_ROWS.open(paths, opened.query, opened.arrow)
    SEEN.columns, SEEN.files = opened.columns, paths
    relation = completed(ROWS, opened.mapped)
    _last.update(asked=asked, paths=paths, files=_stamps(paths), relation=relation)
    return {"apart": True, "relation": relation, "notes": _once(list(opened.notes))}


def _once(notes: list[str]) -> list[str]:
    """Return the notes, unless they are those that were told last."""
    told, _last["notes"] = _last.get("notes"), notes
    return [] if told == notes else notes


def _stamps(paths: list[str]) -> list[tuple[str, int, int]]:
    stats = [(path, Path(path).stat()) for path in paths if Path(path).exists()]
    return [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats]


FUNCTIONS: dict[str, Callable[[str], str]] = {
    "clv_log_form": lambda shown: form_of(whole_location(shown)),
    "clv_home_log": home_log,
    "clv_unnamed_log": lambda _: UNNAMED,
    "clv_exchange_rates": exchange_rates,
    "clv_judge_log": judged,
    "clv_sampled_days": sampled,
    "clv_keep_log_contract": kept,
    "clv_open_log": answering(opened),
    "clv_look_at_log": answering(looking),
    "clv_read_log": answering(reading),
    "clv_nobody": answering(nobody),
    "clv_open_attributes": answering(opened_attributes),
    "clv_open_customer_map": answering(opened_map),
    "clv_read_customer_map": answering(reading_map),
}
