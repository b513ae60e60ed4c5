"""What the columns of the log are mapped to, each as checked SQL, from the var `columns`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import duckdb

from clv.project.roles import ROLES
from clv.project.sql_context import Context
from clv.project.sql_expression import ExpressionError, LogSchema, Node, check, children
from clv.project.sql_functions import NOTHING, NUMBER, TEXT, is_nested, kind_of
from clv.project.sql_text import quoted

# Results of this kind of node are the alternatives' own, so that what is asked of the whole is asked
# of each: `coalesce(amount, 0)` adds nothing, it is one or the other.
_ALTERNATIVES = ("CASE", "OPERATOR_COALESCE", "OPERATOR_TRY")
_MONEY = (NUMBER, TEXT, NOTHING)


@dataclass(frozen=True)
class Role:
    """What a role of the log is mapped to.

    Parameters
    ----------
    sql, type : str
        Its SQL over the columns of the log, and the type that gives.
    column : str, optional
        The column that it is; None where it is an expression.
    columns : tuple of str
        The columns of the log that it is made of.
    asked : str
        What was written in the var.
    """

    sql: str
    type: str
    column: str | None = None
    columns: tuple[str, ...] = ()
    asked: str = ""


@dataclass(frozen=True)
class Mapped:
    """All roles, and which text columns their expressions read as numbers and as times."""

    roles: dict[str, Role]
    numbers: tuple[str, ...] = ()
    times: tuple[str, ...] = ()

    @property
    def number_columns(self) -> list[str]:
        """Text columns whose numbers are read: within expressions, and the amount where it is one."""
        amount = self.roles["amount"]
        bare = amount.column is not None and kind_of(amount.type) == TEXT
        return sorted({*self.numbers, *([amount.column] if bare and amount.column else [])})

    @property
    def columns(self) -> dict[str, list[str]]:
        """The columns of the log that anything is made of, each with the roles that it is for."""
        used: dict[str, list[str]] = {}
        for name, role in self.roles.items():
            for column in role.columns:
                used.setdefault(column, []).append(name)
        return used


def mapped_columns(
    asked: Mapping[str, str | None], columns: dict[str, str], repeated: Collection[str] = ()
) -> Mapped:
    """Return for every role of the log what it is mapped to.

    Parameters
    ----------
    asked : mapping
        From role to the name of a column or an expression; None where the log has no such column.
    columns : dict
        The columns of the log and their SQL types.
    repeated : collection of str
        Names that the header has more than once.

    Raises
    ------
    ExpressionError
        With the var, the cause and the fix, at the first value that cannot be used.
    """
    with LogSchema(columns, repeated) as schema:
        roles = {role: _role(schema, role, asked.get(role)) for role in ROLES}
        return Mapped(roles, tuple(sorted(schema.numbers)), tuple(sorted(schema.times)))


def _role(schema: LogSchema, role: str, mapped: str | None) -> Role:
    if mapped is None:
        return Role("null", "NULL")
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
    used = tuple(dict.fromkeys(_columns(schema, node)))
    told = bool(used) and is_nested(sql_type)  # by `log_nested`, with the parts that are there
    if role == "amount" and not told and kind_of(sql_type) not in _MONEY:
        raise ExpressionError(role, mapped, f"it gives {sql_type}, not a number")
    if fitted["class"] == "COLUMN_REF" and len(fitted["column_names"]) == 1:
        column = schema.named(fitted["column_names"][0])
        return Role(sql, sql_type.upper(), column, used, mapped)
    if fitted["class"] != "CONSTANT":
        sql = f"try({sql})"  # a cast that fails in one row is that row's fault, not the log's
    return Role(sql, sql_type.upper(), None, used, mapped)


def _columns(schema: LogSchema, node: Node) -> Iterator[str]:
    """Go through the columns of the log in a checked tree."""
    if node["class"] == "COLUMN_REF" and (name := schema.named(node["column_names"][0])):
        yield name
    for child in children(node):
        yield from _columns(schema, child)


def _fitted(schema: LogSchema, role: str, node: Node) -> Node:
    alternatives = {node["class"], node["type"], str(node.get("function_name")).lower()}
    if role == "amount" and alternatives & {*_ALTERNATIVES, "if", "greatest", "least"}:
        return Context(schema).fit(node, NUMBER)
    return Context(schema).fit(node)


def _missing(schema: LogSchema, mapped: str) -> str | None:
    """Return that a column is missing, where nothing but a name was given."""
    if (
        len(mapped) > 200
        or not re.fullmatch(r"\w[\w ]*", mapped)
        or re.match(r"(?i)(case|not)\s", mapped)
        or schema.named(mapped) is not None
    ):
        return None
    return f"the transaction log has no column '{mapped}'; it has: {', '.join(schema.columns)}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
