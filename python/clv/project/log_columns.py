"""The columns of the log that staging reads, each as checked SQL, from the var `columns`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import duckdb

from clv.errors import ClvError
from clv.project.log_seen import SEEN
from clv.project.sql_context import Context
from clv.project.sql_expression import ExpressionError, LogSchema, Node, check, quoted
from clv.project.sql_functions import NOTHING, NUMBER, TEXT, kind_of

ROLES = (
    "customer_id", "ordered_at", "amount", "order_id", "line_id", "updated_at", "status", "currency",
)  # fmt: skip
# Results of this kind of node are the alternatives' own, so that what is asked of the whole is asked
# of each: `coalesce(amount, 0)` adds nothing, it is one or the other.
_ALTERNATIVES = ("CASE", "OPERATOR_COALESCE", "OPERATOR_TRY")


def checked_columns(
    mapped: Mapping[str, str | None], columns: dict[str, str], date_format: object = None
) -> dict[str, dict[str, str]]:
    """Return for every role of the log its SQL and the SQL's type.

    Parameters
    ----------
    mapped : mapping
        From role to the name of a column or an expression; None where the log has no such column.
    columns : dict
        The columns of the log and their SQL types.
    date_format : str, optional
        The var `ordered_at_format`.

    Raises
    ------
    ClvError
        With the var, the cause and the fix, at the first value that cannot be used.
    """
    check_date_format(date_format)
    with LogSchema(columns) as schema:
        return {role: _column(schema, role, mapped.get(role)) for role in ROLES}


def check_date_format(date_format: object) -> None:
    """Refuse a var `ordered_at_format` that no date can be read with."""
    if date_format in (None, ""):
        return
    cause = f"is {date_format!r}, not text"
    if isinstance(date_format, str):
        try:
            with duckdb.connect() as connection:
                connection.execute("select try_strptime('', ?)", [date_format]).fetchall()
            return
        except duckdb.Error as error:
            cause = f"is '{date_format}', which no date can be read with ({_first_line(error)})"
    raise ClvError(
        f"the var ordered_at_format {cause}. Write how the log's dates look in strptime's words, for "
        "example '%d/%m/%Y %H:%M'."
    )


def answered(request: str) -> str:
    """Answer the macros: a request as JSON in, the columns or the message of an error as JSON out."""
    asked = json.loads(request)
    SEEN.columns = asked["columns"]
    try:
        found = checked_columns(asked["mapped"], asked["columns"], asked.get("ordered_at_format"))
    except ClvError as error:
        return json.dumps({"error": str(error)})
    return json.dumps({"columns": found})


def _column(schema: LogSchema, role: str, mapped: str | None) -> dict[str, str]:
    if mapped is None:
        return {"sql": "null", "type": "NULL"}
    name = schema.named(mapped)
    try:
        node = schema.parse(quoted(name) if name is not None else mapped)
        check(schema, node)
        fitted = _fitted(schema, role, node)
        sql, sql_type = schema.sql(fitted), schema.type_of(fitted)
    except ValueError as error:
        raise ExpressionError(role, mapped, _missing(schema, mapped) or str(error)) from error
    except duckdb.Error as error:
        raise ExpressionError(role, mapped, f"it has no meaning ({_first_line(error)})") from error
    except RecursionError as error:
        raise ExpressionError(role, mapped, "its parts are nested too deeply") from error
    if fitted["class"] not in ("COLUMN_REF", "CONSTANT"):
        sql = f"try({sql})"  # a cast that fails in one row is that row's fault, not the log's
    if role == "amount":
        sql = _money(role, mapped, sql, sql_type)
    return {"sql": sql, "type": sql_type.upper()}


def _fitted(schema: LogSchema, role: str, node: Node) -> Node:
    alternatives = {node["class"], node["type"], str(node.get("function_name")).lower()}
    if role == "amount" and alternatives & {*_ALTERNATIVES, "if", "greatest", "least"}:
        return Context(schema).fit(node, NUMBER)
    return Context(schema).fit(node)


def _money(role: str, mapped: str, sql: str, sql_type: str) -> str:
    """Return an amount as DECIMAL(18, 4), rounded here and nowhere before.

    A DOUBLE is first rounded to 8 decimals, since 1.5 * 0.6667 is a little less than 1.00005 in it.
    """
    if kind_of(sql_type) not in (NUMBER, TEXT, NOTHING):
        raise ExpressionError(role, mapped, f"it gives {sql_type}, not a number")
    if sql_type in ("DOUBLE", "FLOAT"):
        sql = f"round({sql}, 8)"
    return f"try_cast({sql} as decimal(18, 4))"


def _missing(schema: LogSchema, mapped: str) -> str | None:
    """Return that a column is missing, where nothing but a name was given."""
    if (
        len(mapped) > 200
        or not re.fullmatch(r"\w[\w ]*", mapped)
        or re.match(r"(?i)(case|not)\s", mapped)
    ):
        return None
    return f"the transaction log has no column '{mapped}'; it has: {', '.join(schema.columns)}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
