"""Which of the engine's functions an expression over the log may call, and what they take.

Allowed is a kind, not a list of names: functions of one row whose result depends on their arguments
alone, as the engine itself describes them. From these a few are taken out that look at the session,
at the clock, or into the engine.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import duckdb

NUMBER, TEXT, TIME, INTERVAL, BOOLEAN, NOTHING, OTHER = (
    "number", "text", "time", "interval", "boolean", "nothing", "other",
)  # fmt: skip
_NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "BIGNUM", "FLOAT", "DOUBLE", "DECIMAL", "INTEGER_LITERAL",
)  # fmt: skip

# The engine's own macros that are one expression over their arguments.
_MACROS = {"nullif", "if", "split_part", "fdiv", "fmod", "date_add", "days_in_month",
           "md5_number_lower", "md5_number_upper"}  # fmt: skip
# Functions of one row that still depend on more than their arguments, or reach into the engine.
_DENIED = {
    "about the session": {"version", "alias", "getenv", "current_localtime",
                          "current_localtimestamp", "parse_duckdb_log_message"},
    "about SQL text": {"json_serialize_sql", "json_deserialize_sql", "json_serialize_plan"},
    "of the engine's inside": {"aggregate_state", "combine", "finalize", "to_aggregate_state",
                               "invoke", "index_key", "create_sort_key", "icu_sort_key",
                               "cast_to_type", "make_type", "get_type", "replace_type",
                               "remap_struct", "can_cast_implicitly", "editdist3_internal"},
    "that makes many values of one": {"range", "generate_series", "repeat", "row", "struct_pack",
                                      "unnest", "unpivot_list"},
}  # fmt: skip
_DENIED_PREFIXES = ("__", "collate_", "icu_collate_", "st_", "variant_", "enum_range")
_EXAMPLES = "round, coalesce, replace, split_part, strptime"


@dataclass(frozen=True)
class Catalog:
    """The functions of the engine: kinds by name, and what the allowed ones take."""

    kinds: dict[str, set[str]]
    stable: set[str]
    parameters: dict[str, list[tuple[str | None, ...]]]

    def refusal(self, name: str, arguments: int) -> str | None:
        """Return why an expression may not call this function; None where it may."""
        name = name.lower()
        for what, names in _DENIED.items():
            if name in names:
                return f"the function {name} is one {what}"
        if name == "age" and arguments < 2:
            return "the function age with one argument depends on the day of the run"
        if name in _MACROS or (name in self.stable and not name.startswith(_DENIED_PREFIXES)):
            return None
        kinds = self.kinds.get(name, set())
        if kinds & {"aggregate", "window"}:
            return f"the function {name} takes many rows together"
        if kinds & {"table", "table_macro", "pragma"}:
            return f"the function {name} reads tables, files or the engine"
        if "scalar" in kinds:
            return f"the function {name} depends on more than its arguments"
        return f"the function {name} is not known as one of a single row, as {_EXAMPLES} are"

    def wanted(self, name: str, position: int, arguments: int) -> set[str]:
        """Return the kinds of value that the function takes at a position; empty where any."""
        overloads = self.parameters.get(name.lower(), [])
        fitting = [types for types in overloads if len(types) == arguments] or overloads
        kinds = {kind_of(types[position]) for types in fitting if position < len(types)}
        short = any(position >= len(types) for types in fitting)
        return set() if short or OTHER in kinds else kinds


@lru_cache(maxsize=1)
def catalog() -> Catalog:
    """Return the functions that the installed engine has."""
    kinds: dict[str, set[str]] = defaultdict(set)
    parameters: dict[str, list[tuple[str | None, ...]]] = defaultdict(list)
    stable = set()
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select lower(function_name), function_type, stability, has_side_effects, parameter_types "
            "from duckdb_functions()"
        ).fetchall()
    for name, kind, stability, side_effects, types in rows:
        kinds[name].add(kind)
        if kind == "scalar":
            parameters[name].append(tuple(types))
            if stability == "CONSISTENT" and not side_effects:
                stable.add(name)
    changing = {
        name for name, kind, stability, *_ in rows if kind == "scalar" and stability != "CONSISTENT"
    }
    return Catalog(dict(kinds), stable - changing, dict(parameters))


def is_nested(sql_type: str) -> bool:
    """Whether values of an SQL type hold other values."""
    name = sql_type.upper()
    return name.endswith("]") or name.split("(")[0].strip() in ("STRUCT", "MAP", "UNION")


def kind_of(sql_type: str | None) -> str:
    """Return what kind of value an SQL type holds."""
    name = (sql_type or "ANY").upper().strip('"')
    base = name.split("(")[0].strip()
    if is_nested(name):
        return OTHER
    if base in _NUMBERS:
        return NUMBER
    if base in ("VARCHAR", "STRING_LITERAL"):
        return TEXT
    if base == "DATE" or base.startswith("TIMESTAMP"):
        return TIME
    return {"INTERVAL": INTERVAL, "BOOLEAN": BOOLEAN, "NULL": NOTHING}.get(base, OTHER)
