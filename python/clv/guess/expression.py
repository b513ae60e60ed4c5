"""Names of columns within SQL, as the config takes them."""

from __future__ import annotations

import re

from clv.project.sql_text import quoted

_KEYWORDS = {
    "all", "and", "any", "as", "asc", "between", "by", "case", "cast", "column", "current_date", "date",
    "day", "default", "desc", "distinct", "else", "end", "from", "group", "having", "in", "is", "join",
    "like", "limit", "not", "null", "on", "or", "order", "select", "table", "then", "time", "timestamp",
    "to", "true", "false", "union", "user", "using", "when", "where", "with",
}  # fmt: skip


def sql_name(name: str) -> str:
    """Return a column's name within an expression: in double quotes where SQL needs them.

    Examples
    --------
    >>> sql_name("Quantity"), sql_name("Unit Price"), sql_name("order")
    ('Quantity', '"Unit Price"', '"order"')
    """
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
    if plain and name.lower() not in _KEYWORDS:
        return name
    return quoted(name)
