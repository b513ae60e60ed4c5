"""What dbt knows of the published tables in words, for those who open a file without the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict

from clv.project.home import Home
from clv.project.stored import MADE_AGAIN, Kind, read_json, stands

MANIFEST = Kind("dbt's manifest", MADE_AGAIN, largest=50_000_000)


class _Described(BaseModel):
    """The part of a node, or of a column, that is read."""

    model_config = ConfigDict(extra="ignore")

    name: str
    description: str = ""


class _Node(_Described):
    resource_type: str
    columns: dict[str, _Described] = {}


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    nodes: dict[str, _Node]


def comments(home: Home, tables: Iterable[str]) -> Iterator[tuple[str, str | None, str]]:
    """Yield table, column and description; the column is None where the table itself is described.

    Nothing is yielded where dbt has written no manifest yet.
    """
    path = home.root / "target" / "manifest.json"
    if not stands(path, MANIFEST):
        return
    wanted = set(tables)
    for node in read_json(path, _Manifest, MANIFEST).nodes.values():
        if node.resource_type != "model" or node.name not in wanted:
            continue
        yield node.name, None, _one_line(node.description)
        for column in node.columns.values():
            yield node.name, column.name, _one_line(column.description)


def _one_line(text: str) -> str:
    return " ".join(text.split())
