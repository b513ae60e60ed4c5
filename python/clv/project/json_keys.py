"""Which keys the objects of JSON files have, which are the columns of a log in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from clv.errors import ClvError
from clv.project.sql_text import literal

# Objects that are looked at in all, and the fewest of each of many files.
LOOKED_AT, FEWEST = 100_000, 1_000


def objects(paths: Iterable[str]) -> str:
    """Return the objects of files, a row each, as something that stands behind `from`."""
    return f"read_json_objects([{', '.join(map(literal, paths))}], format = 'auto')"


def part(key: str) -> str:
    """Return SQL of the place of a key in an object, whatever signs it holds."""
    return literal("/" + key.replace("~", "~0").replace("/", "~1"))


def first_keys(paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return, by file, the keys of its first objects; files without an object are left out.

    Raises
    ------
    ClvError
        Where a file does not hold objects.
    """
    each = max(FEWEST, LOOKED_AT // len(paths))
    keys: dict[str, tuple[str, ...]] = {}
    with duckdb.connect() as connection:
        for path in paths:
            first = f"select json from {objects([path])} limit {each}"
            try:
                found = connection.execute(
                    "select key from (select unnest(json_keys(json)) as key, row_number() over () as place "
                    f"from ({first})) group by key order by min(place)"
                ).fetchall()
            except duckdb.Error as error:
                raise ClvError(
                    f"the transaction log could not be read: {str(error).splitlines()[0].rstrip('.')}. It "
                    "takes JSON with one object a row, by lines or in one list."
                ) from error
            if found:
                keys[path] = tuple(str(row[0]) for row in found)
    return keys


def occurs(path: str, key: str) -> bool:
    """Whether any object of a file has a key."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select 1 from {objects([path])} where json_exists(json, {part(key)}) limit 1"
        ).fetchall()
    return bool(found)
