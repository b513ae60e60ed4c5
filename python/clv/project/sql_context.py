"""What a column is read as where it stands: a text column as a number in arithmetic, and so on.

A CSV file has text alone, so `Quantity * Price` and `amount > 0` only work when text is read as a
number there. Where that happens is decided by the expression: by what stands around the column, never
by the values in it, so that the next export is read like the last one.

How a text column is read as a number or a time is said by `typed_numbers` and `typed_dates`; other
expressions that give text are cast.

- Operands of arithmetic, arguments of numeric functions, and what is compared with a number are
  numbers; what does not parse is null, which rejects the row.
- What is compared with a date, or goes into a function of dates, is a time stamp; a condition is a
  boolean.
- What goes into a function of text is text, also where the column is a number.
- Anything else stays what it is.
"""

from __future__ import annotations

from clv.project.sql_expression import LogSchema, Node, arguments
from clv.project.sql_functions import (
    BOOLEAN,
    INTERVAL,
    NUMBER,
    TEXT,
    TIME,
    catalog,
    kind_of,
)  # fmt: skip

_ARITHMETIC = {"+", "-", "*", "/", "//", "%", "**", "^", "add", "subtract", "multiply", "divide",
               "mod", "fmod", "fdiv"}  # fmt: skip
_SUMS = {"+", "-", "add", "subtract", "date_add"}
_ORDERINGS = {"COMPARE_LESSTHAN", "COMPARE_GREATERTHAN", "COMPARE_LESSTHANOREQUALTO",
              "COMPARE_GREATERTHANOREQUALTO", "COMPARE_BETWEEN", "COMPARE_NOT_BETWEEN"}  # fmt: skip
_READ_AS = {
    NUMBER: "try_cast(x as double)",
    TIME: "try_cast(x as timestamp)",
    BOOLEAN: "try_cast(x as boolean)",
    TEXT: "cast(x as varchar)",
}
_SMALL = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER")


class Context:
    """Rewrites a checked tree, so that every part is read as what its place asks for."""

    def __init__(self, schema: LogSchema) -> None:
        self._schema = schema

    def fit(self, node: Node, want: str | None = None) -> Node:
        """Return the tree with casts where its columns need them.

        Parameters
        ----------
        want : str, optional
            The kind of value that is asked for; without it the tree is what it is.

        Raises
        ------
        ValueError
            Where it is not clear what is meant.
        duckdb.Error
            Where the engine finds no meaning.
        """
        fitted, kind = self._inside(node, want), str(node["class"])
        if want is None or kind in ("CONSTANT", "CASE"):
            return fitted
        return self._read_as(fitted, want)

    def _inside(self, node: Node, want: str | None) -> Node:
        match node["class"]:
            case "FUNCTION":
                return self._function(node, want)
            case "OPERATOR":
                return self._operator(node, want)
            case "COMPARISON":
                left, right = self._compared([node["left"], node["right"]], node["type"])
                return {**node, "left": left, "right": right}
            case "BETWEEN":
                parts = [node["input"], node["lower"], node["upper"]]
                value, lower, upper = self._compared(parts, "COMPARE_BETWEEN")
                return {**node, "input": value, "lower": lower, "upper": upper}
            case "CONJUNCTION":
                return {**node, "children": [self.fit(c, BOOLEAN) for c in node["children"]]}
            case "CASE":
                return self._case(node, want)
            case "CAST":
                return {**node, "child": self.fit(node["child"])}
            case "COLLATE":
                return {**node, "child": self.fit(node["child"], TEXT)}
        return node

    def _function(self, node: Node, want: str | None) -> Node:
        name, given = str(node["function_name"]).lower(), arguments(node)
        if name in _ARITHMETIC or name == "date_add":
            return _with_arguments(node, self._operands(name, given))
        if name == "nullif" and len(given) == 2:
            return _with_arguments(node, self._compared(given, "COMPARE_EQUAL"))
        if name == "if" and len(given) == 3:
            results = self._alike(given[1:], want)
            return _with_arguments(node, [self.fit(given[0], BOOLEAN), *results])
        if name in ("greatest", "least"):
            return _with_arguments(node, self._alike(given, want))
        return _with_arguments(
            node, [self._argument(name, i, a, len(given)) for i, a in enumerate(given)]
        )

    def _operator(self, node: Node, want: str | None) -> Node:
        kind, parts = node["type"], node["children"]
        if kind == "OPERATOR_NOT":
            return {**node, "children": [self.fit(part, BOOLEAN) for part in parts]}
        if kind in ("COMPARE_IN", "COMPARE_NOT_IN"):
            return {**node, "children": self._compared(parts, kind)}
        if kind == "OPERATOR_COALESCE":
            return {**node, "children": self._alike(parts, want)}
        if kind == "OPERATOR_TRY":
            return {**node, "children": [self.fit(part, want) for part in parts]}
        return {**node, "children": [self.fit(part) for part in parts]}

    def _case(self, node: Node, want: str | None) -> Node:
        checks = node["case_checks"]
        results = self._alike([*(c["then_expr"] for c in checks), node["else_expr"]], want)
        conditions = [self.fit(c["when_expr"], BOOLEAN) for c in checks]
        pairs = zip(checks, conditions, results[:-1], strict=True)
        return {
            **node,
            "case_checks": [{**c, "when_expr": when, "then_expr": then} for c, when, then in pairs],
            "else_expr": results[-1],
        }

    def _argument(self, name: str, position: int, node: Node, count: int) -> Node:
        fitted = self.fit(node)
        wanted = catalog().wanted(name, position, count)
        kind = self._kind(fitted)
        if _is_constant(node) or not wanted or kind in wanted:
            return fitted
        for candidate in (NUMBER, TIME) if kind == TEXT else (TEXT,):
            if candidate in wanted:
                return self._read_as(fitted, candidate)
        return fitted

    def _operands(self, name: str, given: list[Node]) -> list[Node]:
        fitted = [self.fit(part) for part in given]
        kinds = {self._kind(part) for part in fitted}
        if name in _SUMS and kinds & {TIME, INTERVAL}:
            # A day or a time more or less: text beside an interval or a date is a time stamp.
            return [
                self._read_as(part, TIME) if self._kind(part) == TEXT else part for part in fitted
            ]
        return [self._widened(self._read_as(part, NUMBER)) for part in fitted]

    def _compared(self, parts: list[Node], comparison: str) -> list[Node]:
        fitted = [self.fit(part) for part in parts]
        columns = [p for p in fitted if p["class"] == "COLUMN_REF" and self._kind(p) == TEXT]
        if comparison in _ORDERINGS and len(columns) > 1:
            names = " and ".join(".".join(p["column_names"]) for p in columns)
            raise ValueError(
                f"whether {names} are compared as text or as numbers is not clear, since the log has "
                "both as text: write, for example, cast(… as double) around one of them"
            )
        return self._together(fitted)

    def _alike(self, parts: list[Node], want: str | None) -> list[Node]:
        """Fit alternatives, of which one is the result."""
        if want is not None:
            return [self.fit(part, want) for part in parts]
        return self._together([self.fit(part) for part in parts])

    def _together(self, fitted: list[Node]) -> list[Node]:
        kinds = {self._kind(part) for part in fitted if not _is_text_literal(part)}
        for candidate in (NUMBER, TIME, BOOLEAN):
            if candidate in kinds and TEXT in kinds:
                return [self._read_as(p, candidate) if not _is_constant(p) else p for p in fitted]
        words = [p for p in fitted if _is_text_literal(p) and not _is_number(_literal(p))]
        if words and kinds == {NUMBER}:
            return [p if _is_constant(p) else self._read_as(p, TEXT) for p in fitted]
        return fitted

    def _read_as(self, node: Node, want: str) -> Node:
        kind = self._kind(node)
        fits = kind == want or (want == TEXT and kind not in (NUMBER, TIME, BOOLEAN))
        if fits or _is_constant(node) or (want != TEXT and kind != TEXT):
            return node
        typed = self._schema.offered(node, want)
        return typed or {**self._schema.parse(_READ_AS[want]), "child": node}

    def _widened(self, node: Node) -> Node:
        """Return small whole numbers as BIGINT, which their products and sums do not overflow."""
        if node["class"] == "COLUMN_REF" and self._schema.type_of(node) in _SMALL:
            return {**self._schema.parse("cast(x as bigint)"), "child": node}
        return node

    def _kind(self, node: Node) -> str:
        return kind_of(self._schema.type_of(node))


def _with_arguments(node: Node, fitted: list[Node]) -> Node:
    if "arguments" not in node:
        return {**node, "children": fitted}
    pairs = zip(node["arguments"], fitted, strict=True)
    return {
        **node,
        "arguments": [{**a, "expression": f} if "expression" in a else f for a, f in pairs],
    }


def _is_constant(node: Node) -> bool:
    return bool(node["class"] == "CONSTANT")


def _literal(node: Node) -> str:
    stored = node.get("literal") or node.get("value") or {}
    return str(stored.get("text", stored.get("value", "")))


def _is_text_literal(node: Node) -> bool:
    if not _is_constant(node):
        return False
    stored = node.get("literal") or {}
    kind = stored.get("kind") or ((node.get("value") or {}).get("type") or {}).get("id")
    return kind in ("STRING", "VARCHAR")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
