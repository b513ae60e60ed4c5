"""One SQL expression over the columns of the log, as people write it in the var `columns`.

The engine's own parser reads it, so literals, quoted names, keywords and functions mean what SQL says.
From the tree that comes back only known parts are let through: columns of the log, constants, casts,
operators, `case`, and functions of a single row. What runs is written from that tree, never from the
text that somebody gave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import duckdb

from clv.core.secrets import redact
from clv.errors import ClvError
from clv.project.sql_functions import NUMBER, TIME, catalog
from clv.project.sql_text import as_number, as_time, quoted

Node = dict[str, Any]
LONGEST = 4000
_OPERATORS = {
    "OPERATOR_COALESCE", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_NOT", "OPERATOR_TRY",
    "COMPARE_IN", "COMPARE_NOT_IN", "ARRAY_EXTRACT", "ARRAY_SLICE", "STRUCT_EXTRACT",
}  # fmt: skip
_PLAIN = {
    "CONSTANT",
    "COLUMN_REF",
    "CAST",
    "COMPARISON",
    "CONJUNCTION",
    "BETWEEN",
    "CASE",
    "COLLATE",
}
_REFUSED = {
    "SUBQUERY": "it holds a query of its own",
    "WINDOW": "it looks at other rows (over)",
    "STAR": "it holds a star, which is no single value",
    "PARAMETER": "it holds a parameter ($1, ?), which nobody fills in",
    "POSITIONAL_REFERENCE": "it names a column by its number",
    "LAMBDA": "it holds an arrow (->) or a lambda; take a part of JSON with ->>",
    "DEFAULT": "it holds the word default",
}
_PLACES = ("query_location", "query_location_length")


class ExpressionError(ClvError):
    """A mapped column that cannot be used; the message names the var, the cause and the fix."""

    def __init__(self, role: str, mapped: str, cause: str) -> None:
        shown = redact(mapped if len(mapped) <= 200 else mapped[:200] + " …")
        super().__init__(
            f"the var columns.{role} is `{shown}`: {cause}. It takes the name of a column, or one SQL "
            "expression over columns, such as `Quantity * Price`. A column's name that holds more than "
            "letters, digits and _ stands in double quotes, text in single quotes."
        )


class LogSchema:
    """An empty table with the columns of the log, which parses and types expressions over it.

    It stands in a database of its own, in memory, that reaches no file and whose settings are locked.
    Every text column stands in it a second and a third time, as a number and as a time; which of these
    an expression uses is collected in `numbers` and `times`.

    Parameters
    ----------
    columns : dict
        The columns of the log and their SQL types.
    repeated : collection of str
        Names, in lower case, that the header has more than once.
    """

    def __init__(self, columns: dict[str, str], repeated: Collection[str] = ()) -> None:
        self.columns = columns
        self.repeated = frozenset(repeated)
        self.numbers: set[str] = set()
        self.times: set[str] = set()
        self._connection = duckdb.connect()
        offered = {name: _declared(kind) for name, kind in columns.items()}
        for name in [name for name, kind in offered.items() if kind == "VARCHAR"]:
            offered |= {as_number(name): "DOUBLE", as_time(name): "TIMESTAMP"}
        listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in offered.items())
        self._connection.execute(f"create table log ({listed})")
        for setting in ("enable_external_access = false", "lock_configuration = true"):
            self._connection.execute(f"set {setting}")
        self._empty = without_places(self._parsed("0"))
        self._types: dict[str, str] = {}

    def __enter__(self) -> LogSchema:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def named(self, name: str) -> str | None:
        """Return the column of this name, in whatever case it is written."""
        exact = [column for column in self.columns if column == name]
        return next((c for c in exact or self.columns if c.lower() == name.lower()), None)

    def offered(self, node: Node, kind: str) -> Node | None:
        """Return what stands for a text column as a number or a time; None of anything else."""
        names = node["column_names"] if node["class"] == "COLUMN_REF" else []
        column = self.named(names[0]) if len(names) == 1 else None
        if column is None or kind not in (NUMBER, TIME):
            return None
        used, name = (self.numbers, as_number) if kind == NUMBER else (self.times, as_time)
        used.add(column)
        return self.parse(quoted(name(column)))

    def parse(self, text: str) -> Node:
        """Return the tree of a text that is exactly one expression.

        Raises
        ------
        ValueError
            With the cause, when it is anything else.
        """
        if len(text) > LONGEST:
            raise ValueError(f"it has {len(text)} characters, more than {LONGEST}")
        if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text):
            raise ValueError("it holds a control character")
        for start, kind in duckdb.tokenize(text):
            if kind == duckdb.token_type.comment:
                raise ValueError("it holds a comment")
            if kind == duckdb.token_type.operator and text.encode()[start : start + 1] == b";":
                raise ValueError("it holds a semicolon, which ends a statement")
        parsed = self._parsed(f"(\n{text}\n)")
        if parsed.get("error"):
            message = str(parsed.get("error_message", "")).splitlines()[0]
            raise ValueError(f"the SQL cannot be read ({message})")
        node = _only_expression(parsed)
        if node is None or without_places(_with(parsed, self._constant())) != self._empty:
            raise ValueError("it is more than one expression")
        return node

    def sql(self, node: Node) -> str:
        """Return the SQL of a tree, which the engine reads as that tree again.

        Raises
        ------
        ValueError
            Where it does not: then what was checked is not what would run.
        """
        sql = self._text(node)
        again = _only_expression(self._parsed(sql)) or {}
        if without_places(again) != without_places(node):
            raise ValueError("the engine does not read its own form of it alike")
        return sql

    def _text(self, node: Node) -> str:
        asked = json.dumps(_with(self._parsed("0"), node))
        row = self._connection.execute("select json_deserialize_sql(?)", [asked]).fetchone()
        return str(row[0]).removeprefix("SELECT ") if row else ""

    def type_of(self, node: Node) -> str:
        """Return the SQL type of a tree over the log; duckdb.Error where it has none."""
        sql = self._text(node)
        if sql not in self._types:
            described = self._connection.execute(f"describe select {sql} from log").fetchall()
            self._types[sql] = str(described[0][1])
        return self._types[sql]

    def _constant(self) -> Node:
        node = _only_expression(self._parsed("0"))
        assert node is not None
        return node

    def _parsed(self, expression: str) -> Node:
        asked = [f"select {expression}"]
        row = self._connection.execute("select json_serialize_sql(?)", asked).fetchone()
        parsed: Node = json.loads(row[0]) if row else {"error": True}
        return parsed


def check(schema: LogSchema, node: Node) -> None:
    """Let through only the parts that an expression of one row is made of.

    Raises
    ------
    ValueError
        With the cause, at the first other part.
    """
    kind = node.get("class")
    if kind == "FUNCTION":
        _check_function(node)
    elif kind == "OPERATOR":
        if node.get("type") not in _OPERATORS:
            raise ValueError(f"the operator {str(node.get('type')).lower()} is not taken")
    elif kind == "COLUMN_REF":
        _check_column(schema, node["column_names"])
    elif kind not in _PLAIN:
        raise ValueError(_REFUSED.get(str(kind), f"the part {str(kind).lower()} is not taken"))
    if node.get("alias"):
        raise ValueError("it names its result")
    for child in children(node):
        check(schema, child)
    if kind == "CAST" and not _is_type(node.get("type_expr") or node.get("cast_type") or {}):
        raise ValueError("it casts to a type that is made by a query")


def children(node: Node) -> Iterator[Node]:
    """Go through the expressions right below one, but for the types of casts."""
    for key, value in node.items():
        if key in ("type_expr", "cast_type", "literal", "value", "order_bys"):
            continue
        yield from _expressions(value)


def arguments(node: Node) -> list[Node]:
    """Return the arguments of a function, or the children of an operator."""
    return [a.get("expression", a) for a in node.get("arguments") or node.get("children") or []]  # fmt: skip


def without_places(value: Any) -> Any:
    """Return a tree without the places in the text that its parts came from."""
    if isinstance(value, dict):
        return {k: without_places(v) for k, v in value.items() if k not in _PLACES}
    return [without_places(item) for item in value] if isinstance(value, list) else value


def _expressions(value: Any) -> Iterator[Node]:
    if isinstance(value, dict):
        if "class" in value:
            yield value
        else:
            for inner in value.values():
                yield from _expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _expressions(inner)


def _check_function(node: Node) -> None:
    name, given = str(node["function_name"]), arguments(node)
    if node.get("schema") or node.get("catalog"):
        raise ValueError(f"the function {name} is named with a schema")
    extras = (node.get("filter"), node.get("distinct"), (node.get("order_bys") or {}).get("orders"))
    if any(extras) or node.get("export_state"):
        raise ValueError(f"the function {name} takes many rows together")
    if any(a.get("name") for a in node.get("arguments") or [] if "expression" in a):
        raise ValueError(f"the function {name} is given arguments by name")
    refusal = catalog().refusal(name, len(given))
    if refusal:
        raise ValueError(refusal)


def _check_column(schema: LogSchema, names: list[str]) -> None:
    if names[0].lower() in schema.repeated:
        raise ValueError(
            f"the header of the transaction log has the column '{names[0]}' twice, and which one is "
            "meant is not known; rename one in the file"
        )
    if schema.named(names[0]) is None:
        raise ValueError(
            f"the transaction log has no column '{'.'.join(names)}'; it has: {', '.join(schema.columns)}"
        )


def _is_type(node: Any) -> bool:
    """Whether a cast's type is written out: names and numbers, and types inside of types."""
    return all(part["class"] in ("TYPE", "CONSTANT") for part in _nested(node))


def _nested(value: Any) -> Iterator[Node]:
    for part in _expressions(value):
        yield part
        for inner in part.values():
            yield from _nested(inner)


def _only_expression(parsed: Node) -> Node | None:
    statements = parsed.get("statements") or []
    listed = statements[0]["node"].get("select_list") if len(statements) == 1 else None
    return listed[0] if listed and len(listed) == 1 else None


def _with(parsed: Node, node: Node) -> Node:
    """Return the statement with another expression in place of its first."""
    (statement, *others) = parsed["statements"]
    body = {**statement["node"], "select_list": [node]}
    return {**parsed, "statements": [{**statement, "node": body}, *others]}


def _declared(sql_type: str) -> str:
    return "VARCHAR" if sql_type.strip('"').upper() == "NULL" else sql_type
