"""YAML without its traps: one document, no key twice, no aliases, no merge keys, bounded depth.

YAML takes the last of two equal keys without a word, an alias changes two places at once, and a few
lines of aliases unfold to gigabytes. None of that belongs into a file that people edit by hand.
"""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 20


class YamlFaultError(Exception):
    """What is wrong with a YAML text, in one line, with the number of the line where it is known."""


def load(text: str) -> Any:
    """Return the value of a YAML text; None where it holds nothing.

    Raises
    ------
    YamlFaultError
        When it is not YAML, or uses what is not read here.
    """
    try:
        _check_events(text)
        _check_keys(yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise YamlFaultError(f"{place}{error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as error:
        raise YamlFaultError(str(error).splitlines()[0]) from error


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise YamlFaultError(f"line {line}: the alias *{event.anchor}; write the value itself")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise YamlFaultError(f"line {line}: the anchor &{event.anchor}; write the value alone")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise YamlFaultError(f"line {line}: nested deeper than {DEEPEST} levels")


def _check_keys(node: yaml.Node | None) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlFaultError(f"line {line}: a key that is no plain name")
        if key.tag == "tag:yaml.org,2002:merge":
            raise YamlFaultError(f"line {line}: the merge key <<; write the keys themselves")
        if key.value in seen:
            raise YamlFaultError(
                f"line {line}: the key {key.value!r} stands a second time (first in line "
                f"{seen[key.value]}); keep one of them"
            )
        seen[key.value] = line
        _check_keys(value)
