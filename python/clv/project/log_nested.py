"""Values that hold other values (JSON objects, structs, lists) where one value is wanted.

A customer whose id is `{"id": 7, "orders": 2}` is another customer with every order. So a role that is
mapped to such a value is refused, with the parts that are there and the expression that takes one.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from clv.errors import ClvError
from clv.project.log_columns import Mapped, Role
from clv.project.sql_functions import TEXT, is_nested, kind_of
from clv.project.sql_text import holds_json, literal, quoted

# Parts that are meant most likely, by role; of others the first that is one value.
_PARTS = {
    "ordered_at": ("date", "$date", "created_at", "at", "value"),
    "updated_at": ("date", "$date", "updated_at", "at", "value"),
    "amount": ("amount", "value", "total", "gross", "$numberDecimal"),
    "status": ("status", "name", "code"),
    "currency": ("currency", "currency_code", "code"),
}
_OF_IDS = ("id", "customer_id", "customerid", "order_id", "$oid", "uuid", "email")
# A few dates and amounts that are no single value are rejected as what cannot be read; an id is kept.
_BY_SHARE = {"ordered_at": 0.2, "updated_at": 0.2, "amount": 0.2}
_WRAPPED = re.compile(r"(?is)(?:lower|upper|trim)\((.+)\)")
# What a shell would read within double quotes.
_OF_THE_SHELL = re.compile(r'(["$])')
_LONGEST = 100


def looked_for(mapped: Mapped) -> dict[str, str]:
    """Return, by role, SQL of its value where that holds other values, as JSON; else null."""
    found = {}
    for name, role in mapped.roles.items():
        if is_nested(role.type):
            found[name] = f"cast(to_json({role.sql}) as varchar)"
        elif kind_of(role.type) == TEXT or role.type == "JSON":
            text = f"cast({role.sql} as varchar)"
            found[name] = f"case when {holds_json(text)} then {text} end"
    return found


def check(answer: Mapping[str, Mapping[str, Any]], mapped: Mapped) -> None:
    """Refuse roles whose values hold other values.

    Parameters
    ----------
    answer : mapping
        By role: how many `values` were looked at, how many are `nested`, and the `first` of these.

    Raises
    ------
    ClvError
        With a value, its parts, and an expression that takes one of them.
    """
    faults = []
    for name, role in mapped.roles.items():
        seen = answer.get(name) or {}
        nested = int(seen.get("nested") or 0)
        if is_nested(role.type) or nested > _BY_SHARE.get(name, 0) * int(seen.get("values") or 0):
            faults.append(_fault(name, role, seen.get("first")))
    if faults:
        raise ClvError(" And ".join(faults))


def _fault(name: str, role: Role, first: str | None) -> str:
    said = f"the var columns.{name} is `{role.asked}`, whose values hold other values"
    shown = f", such as {_cut(first)}" if first else ""
    what = f"{said}{shown}: {name} takes a single one."
    try:
        value = json.loads(first or "null")
    except ValueError:
        value = None
    found = next(iter(_ordered(name, value)), None)
    if found is None:
        return f"{what} Map it to a column that holds one."
    keys = value if isinstance(value, dict) else value[0] if isinstance(value[0], dict) else []
    there = f" Its parts are {', '.join(map(str, list(keys)[:10]))}." if keys else ""
    expression = _expression(role, found)
    shown = _OF_THE_SHELL.sub(r"\\\1", expression)
    option = f'--{name.replace("_", "-")} "{shown}"'
    return (
        f"{what}{there} Take one: columns.{name} is `{expression}`, or, to write that into the config, "
        f"`clv init` with {option}."
    )


def _ordered(name: str, value: object) -> list[tuple[str | int, ...]]:
    """Return where the single values within a value are, the likeliest first."""
    wanted = _PARTS.get(name, _OF_IDS)
    places = list(_places(value))

    def rank(place: tuple[str | int, ...]) -> tuple[int, int]:
        last = str(place[-1]).lower()
        return (wanted.index(last) if last in wanted else len(wanted), len(place))

    return sorted(places, key=rank)


def _places(value: object) -> Iterator[tuple[str | int, ...]]:
    waiting: deque[tuple[tuple[str | int, ...], object]] = deque([((), value)])
    while waiting:
        place, inner = waiting.popleft()
        if isinstance(inner, dict):
            waiting.extend(((*place, str(key)), part) for key, part in inner.items())
        elif isinstance(inner, list):
            waiting.extend(((*place, i), part) for i, part in enumerate(inner[:1]))
        elif place:
            yield place


def _expression(role: Role, place: tuple[str | int, ...]) -> str:
    """Return the expression that takes the part at a place."""
    wrapped = _WRAPPED.fullmatch(role.asked)
    asked = wrapped.group(1) if wrapped else role.asked
    whole = role.columns[0] if len(role.columns) == 1 else ""
    if asked.strip('"').lower() == whole.lower():
        base = whole if re.fullmatch(r"[A-Za-z_]\w*", whole) else quoted(whole)
    else:
        base = f"({asked})"
    if is_nested(role.type):
        return base + "".join(_step(part, role.type) for part in place)
    key = str(place[0])
    if len(place) == 1 and isinstance(place[0], str) and key[:1] not in ("$", "/"):
        return f"{base} ->> {literal(key)}"
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in place)
    return f"{base} ->> {literal('/' + '/'.join(parts))}"


def _step(part: str | int, sql_type: str) -> str:
    if isinstance(part, int):
        return f"[{part + 1}]"
    if sql_type.upper().startswith("MAP"):
        return f"[{literal(part)}]"
    return f".{part}" if re.fullmatch(r"[A-Za-z_]\w*", part) else f".{quoted(part)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
