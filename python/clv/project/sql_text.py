"""Small parts of SQL that readers of the log share."""

from __future__ import annotations

# Signs that nobody sees: control characters, spaces of every width, byte order marks, joiners.
UNSEEN = r"\x00-\x20\x7f\x{a0}\x{ad}\x{1680}\x{180e}\x{2000}-\x{200f}\x{2028}\x{2029}\x{202f}\x{205f}-\x{2064}\x{3000}\x{feff}"  # noqa: E501


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return a name as SQL takes it whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def as_number(column: str) -> str:
    """Return the name under which a text column of the log is offered as a number."""
    return f"{column} as a number of the log"


def as_time(column: str) -> str:
    """Return the name under which a text column of the log is offered as a time."""
    return f"{column} as a time of the log"


def holds_json(x: str) -> str:
    """Return SQL that is true where a text is a JSON object or list."""
    return f"regexp_matches({x}, '^\\s*[{{[]') and json_valid({x})"


def tidied(x: str) -> str:
    """Return SQL of a text without what nobody sees at its ends."""
    return f"regexp_replace({x}, '^[{UNSEEN}]+|[{UNSEEN}]+$', '', 'g')"


def bound(name: str, x: str, body: str) -> str:
    """Return SQL of `body`, in which `name` is the value of `x`, which is found once."""
    return f"list_transform([{x}], lambda {name}: {body})[1]"


def lazily(x: str, slow: str) -> str:
    """Return SQL that is null where `x` is, else `slow`, which the engine does not take apart.

    It would find parts that occur twice for every row beforehand, also within a `coalesce` that has
    long found its value; what stands within a `case` it leaves alone.
    """
    return f"case when {x} is not null then {slow} end"
