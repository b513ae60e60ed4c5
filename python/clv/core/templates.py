"""Markdown from the templates beside the modules that use them (`templates/*.md.j2`).

Whatever a template prints is escaped for Markdown, unless it was rendered here: as a code span, a
table, or text of a code block. A name that the template does not get is an error, not an empty text.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from clv.core import render
from clv.core.wording import in_months, markdown_table

UNDEFINED = "undefined"


class Rendered(str):
    """Markdown that is not escaped again."""

    __slots__ = ()


def render_markdown(template: Path, **values: Any) -> str:
    """Return the text of a template.

    Parameters
    ----------
    template : Path
        The file, whose folder holds what it includes.
    **values
        What the template names. Texts come out as they are, escaped.
    """
    return _environment(template.parent).get_template(template.name).render(**values)


@lru_cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        finalize=_escaped,
        autoescape=False,  # that is for HTML; `finalize` escapes for Markdown
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "code": lambda value: Rendered(render.code(str(value))),
        "block": lambda value: Rendered(render.terminal(str(value), lines=True)),
        "table": _table,
        "written": written,
        "months": in_months,
        "moment": lambda value: value.isoformat() if hasattr(value, "isoformat") else value,
    }
    return environment


def written(value: float | None, style: str) -> str:
    """Write a number in a format; `undefined` where there is none."""
    return UNDEFINED if value is None or pd.isna(value) else format(value, style)


def _table(frame: pd.DataFrame) -> Rendered:
    return Rendered(markdown_table(frame))


def _escaped(value: object) -> object:
    return value if isinstance(value, Rendered) else render.markdown(str(value))
