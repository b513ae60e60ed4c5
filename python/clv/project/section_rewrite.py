"""Writing a whole section of the config, and no byte of the others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import yaml

from clv.errors import ClvError
from clv.project.config_rewrite import last_mark, loaded, reads_as


def with_section(text: str, section: str, body: Mapping[str, Any] | None, name: str) -> str:
    """Return a YAML text whose section is `body`; None takes the section out.

    A section that is not there is added at the end, in the file's own line ends. Comments within a
    section that is replaced go with it.

    Parameters
    ----------
    name : str
        How an error calls the text.

    Raises
    ------
    ClvError
        When the text is not YAML with sections, or the result would not read as it should.
    """
    wanted = loaded(text, name)
    newline = "\r\n" if "\r\n" in text else "\n"
    block = "" if body is None else section_text(section, body).replace("\n", newline)
    if isinstance(wanted, dict):
        start, end = _place(text, section)
        if start == len(text) and block:
            block = ("" if text.endswith("\n") else newline) + newline + block
        after = text[:start] + block + text[end:]
        sections = dict(wanted)
        if body is None:
            sections.pop(section, None)
        else:
            sections[section] = dict(body)
        if reads_as(after, sections):
            return after
    raise ClvError(
        f"{name} is written in a form in which the section `{section}` cannot be changed safely; "
        "nothing was changed. Write its sections as lines of their own (`log:` at the start of a "
        "line, its keys below it), and run this again."
    )


def section_text(section: str, body: Mapping[str, Any]) -> str:
    """Return a section as the lines of YAML that stand in the config."""
    dumped = yaml.safe_dump(
        {section: dict(body)}, sort_keys=False, allow_unicode=True, width=math.inf, indent=2
    )
    return str(dumped)


def _place(text: str, section: str) -> tuple[int, int]:
    """Return where a section begins and ends; the end of the text where it is not there."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else []:
        if key.value == section:
            end = max(last_mark(value), key.end_mark.index)
            if text[:end].endswith("\n"):  # a block scalar reaches to the next line
                return key.start_mark.index, end
            line_end = text.find("\n", end)
            return key.start_mark.index, len(text) if line_end < 0 else line_end + 1
    return len(text), len(text)
