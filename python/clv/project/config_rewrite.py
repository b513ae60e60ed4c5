"""Rewriting the config: the values that change, and no other byte.

The parser's own marks say where a value begins and ends, so nothing is formatted anew. What was
written is parsed again and compared before it replaces the file; a form of YAML that does not come
out right is refused with the line to write by hand.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from clv.errors import ClvError
from clv.project.config import CONFIG, checked_config
from clv.project.files import write_bytes
from clv.project.stored import read_text
from clv.project.strict_yaml import YamlFaultError, load

Key = tuple[str, str]


def write_config(path: Path, changes: Mapping[Key, object]) -> None:
    """Set the values of `changes` ((section, key) to value) and leave every other byte alone.

    Raises
    ------
    ClvError
        When the file cannot be read, or is written in a form that cannot be changed safely; then
        it is as it was.
    """
    after = rewritten(read_text(path, CONFIG), changes, str(path))
    checked_config(path, after)
    write_bytes(path, after.encode("utf-8"))


def check_rewritable(path: Path, keys: Iterable[Key]) -> None:
    """Refuse a config whose keys could not be rewritten, before anything rests on doing so.

    Raises
    ------
    ClvError
        As `write_config`.
    """
    text = read_text(path, CONFIG)
    for key in keys:
        rewritten(text, {key: "2000-01-01"}, str(path))


def rewritten(text: str, changes: Mapping[Key, object], name: str = "the config") -> str:
    """Return the YAML text with the scalars of `changes` replaced; comments and order stay.

    A key that is missing is added at the end of its section, in the file's own line ends.

    Parameters
    ----------
    name : str
        How an error calls the text.

    Raises
    ------
    ClvError
        When the text is not YAML, or the result would not read as it should.
    """
    wanted = loaded(text, name) or {}
    after = text
    for (section, key), value in changes.items():
        place = _place(after, section, key, _scalar(value))
        if place is None or not isinstance(wanted, dict):
            raise _by_hand(name, text, section, key, value)
        start, end, replacement = place
        after = after[:start] + replacement + after[end:]
        kept = wanted.get(section)
        if not isinstance(kept, (dict, type(None))):
            raise _by_hand(name, text, section, key, value)
        wanted[section] = {**(kept or {}), key: _plain(value)}
        if not reads_as(after, wanted):
            raise _by_hand(name, text, section, key, value)
    return after


def loaded(text: str, name: str) -> Any:
    """Return the value of the YAML text that an error calls `name`.

    Raises
    ------
    ClvError
        When it is not YAML.
    """
    try:
        return load(text)
    except YamlFaultError as fault:
        raise ClvError(f"{name} is not valid YAML ({fault}). Correct it, or restore it.") from fault


def reads_as(text: str, wanted: dict[str, Any]) -> bool:
    """Say whether a text holds exactly these sections, keys and values, in this order."""
    try:
        found = load(text)
    except YamlFaultError:
        return False
    return repr(found) == repr(wanted)  # the order too, and 1 is not True


def _by_hand(name: str, text: str, section: str, key: str, value: object) -> ClvError:
    line = 1
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for section_node, node in root.value if isinstance(root, yaml.MappingNode) else []:
        if section_node.value == section:
            line = section_node.start_mark.line + 1
            keys = node.value if isinstance(node, yaml.MappingNode) else []
            line = next((k.start_mark.line + 1 for k, _ in keys if k.value == key), line)
    return ClvError(
        f"{name}, line {line}: {section}.{key} is written in a form that cannot be changed safely; "
        f"nothing was changed. Write it as one line below `{section}:`, for example "
        f"`  {key}: {_scalar(value)}`, and run this again."
    )


def _place(text: str, section: str, key: str, written: str) -> tuple[int, int, str] | None:
    """Return where to write a value, and what; None where the value spans more than a line."""
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    sections = {k.value: v for k, v in root.value} if isinstance(root, yaml.MappingNode) else {}
    if section not in sections:
        gap = "" if text.endswith("\n") else newline
        added = f"{gap}{newline}{section}:{newline}  {key}: {written}{newline}"
        return len(text), len(text), added
    node = sections[section]
    start, end = node.start_mark.index, node.end_mark.index
    if not isinstance(node, yaml.MappingNode):  # nothing, or null, stands behind the section's name
        line = _line_end(text, end)
        return start, line, f"{text[end:line]}{newline}  {key}: {written}"
    for key_node, value in node.value:
        if key_node.value == key:
            start, end = value.start_mark.index, value.end_mark.index
            if "\n" in text[start:end] or not isinstance(value, yaml.ScalarNode):
                return None
            return start, end, written if end > start else f" {written}"
    if node.flow_style:  # after the last value: a comma may follow it
        at = node.value[-1][1].end_mark.index if node.value else end - 1
        return at, at, f"{', ' if node.value else ''}{key}: {written}"
    first = node.value[0][0].start_mark
    before = text[first.index - first.column : first.index]  # blanks, and `? ` of an explicit key
    column = len(before) - len(before.lstrip())
    at = _line_end(text, last_mark(node))
    return at, at, f"{newline}{' ' * column}{key}: {written}"


def last_mark(node: yaml.Node) -> int:
    """Return where the last scalar below a block ends; the block's own mark is the next token."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return last_mark(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.index


def _line_end(text: str, index: int) -> int:
    """Return where the line of the last character before `index` ends."""
    newline = text.find("\n", len(text[:index].rstrip()))
    end = len(text) if newline < 0 else newline
    return end - 1 if text[:end].endswith("\r") else end


def _plain(value: object) -> object:
    if isinstance(value, str):
        return str(value)  # YAML knows no other kinds of text, such as a ModelId
    return value.isoformat() if isinstance(value, dt.date) else value


def _scalar(value: object) -> str:
    plain = _plain(value)
    style = '"' if isinstance(plain, str) else None
    dumped = yaml.safe_dump(plain, default_style=style, width=math.inf, allow_unicode=True)
    return dumped.removesuffix("...\n").strip()
