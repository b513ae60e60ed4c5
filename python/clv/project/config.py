"""`config/model_config.yaml`: read with checks, rewritten without touching anything else."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clv.core.dates import parse_date
from clv.errors import ClvError
from clv.project.files import write_bytes

Key = tuple[str, str]
MOST_MONTHS = 120
KNOWN = {
    "training": ("history_months", "pred_months"),
    "run": ("last_score_cutoff", "schedule_model_id", "schedule_start"),
    "monitoring": ("drift_threshold_rmse", "drift_threshold_r2"),
    "clusters": ("min_clusters", "max_clusters", "smallest_share"),
    "retention": ("model_months",),
}


@dataclass(frozen=True)
class Config:
    """What a person decided, and where the schedule stands."""

    history_months: int
    pred_months: int
    last_score_cutoff: dt.date | None
    schedule_model_id: str | None
    schedule_start: dt.date | None
    min_clusters: int
    max_clusters: int
    smallest_share: float
    retention_model_months: int = 9


def read_config(path: Path) -> Config:
    """Read and check the config.

    Raises
    ------
    ClvError
        When the file is missing, is not YAML, or holds a value of the wrong kind.
    """
    text = _text(path)
    try:
        sections = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ClvError(
            f"{path} is not valid YAML ({yaml_cause(error)}). Correct it, or restore it."
        ) from error
    if not isinstance(sections, dict):
        raise ClvError(f"{path} has no sections. Restore it from the project's config folder.")
    reader = _Reader(path, sections)
    reader.check_keys()
    config = Config(
        history_months=reader.whole("training", "history_months", most=MOST_MONTHS),
        pred_months=reader.whole("training", "pred_months", most=MOST_MONTHS),
        last_score_cutoff=reader.date("run", "last_score_cutoff"),
        schedule_model_id=reader.get("run", "schedule_model_id", None),
        schedule_start=reader.date("run", "schedule_start"),
        min_clusters=reader.whole("clusters", "min_clusters", 3),
        max_clusters=reader.whole("clusters", "max_clusters", 8),
        smallest_share=reader.share("clusters", "smallest_share", 0.02),
        retention_model_months=reader.whole("retention", "model_months", 9),
    )
    if config.min_clusters < 2 or config.max_clusters < config.min_clusters:
        raise ClvError(f"{path}: clusters need 2 <= min_clusters <= max_clusters. Correct them.")
    return config


def yaml_cause(error: Exception) -> str:
    """Say in one line what is wrong with a YAML text, and where."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error).splitlines()[0]


def write_config(path: Path, changes: Mapping[Key, object]) -> None:
    """Set the values of `changes` ((section, key) to value) and leave every other byte alone."""
    write_bytes(path, rewritten(_text(path), changes).encode("utf-8"))


def rewritten(text: str, changes: Mapping[Key, object]) -> str:
    """Return the YAML text with the scalars of `changes` replaced; comments and order stay.

    The parser's own marks say where a value begins and ends, so nothing is formatted anew. A key
    that is missing is added at the end of its section, in the file's own line ends.
    """
    for (section, key), value in changes.items():
        written = _scalar(value)
        start, end, replacement = _place(text, section, key, written)
        text = text[:start] + replacement + text[end:]
    return text


def _place(text: str, section: str, key: str, written: str) -> tuple[int, int, str]:
    newline = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text)
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
            return start, end, written if end > start else f" {written}"
    if node.flow_style:
        return end - 1, end - 1, f"{', ' if node.value else ''}{key}: {written}"
    column = node.value[-1][0].start_mark.column
    at = _line_end(text, _last_mark(node))
    return at, at, f"{newline}{' ' * column}{key}: {written}"


def _last_mark(node: yaml.Node) -> int:
    """Return where the last scalar below a block ends; the block's own mark is the next token."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last_mark(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.index


def _line_end(text: str, index: int) -> int:
    """Return where the line of the last character before `index` ends."""
    newline = text.find("\n", len(text[:index].rstrip()))
    end = len(text) if newline < 0 else newline
    return end - 1 if text[:end].endswith("\r") else end


def _scalar(value: object) -> str:
    plain = value.isoformat() if isinstance(value, dt.date) else value
    style = '"' if isinstance(plain, str) else None
    dumped = yaml.safe_dump(plain, default_style=style, width=math.inf, allow_unicode=True)
    return dumped.removesuffix("...\n").strip()


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")  # as bytes, so that line ends stay as they are
    except UnicodeDecodeError as error:
        raise ClvError(f"{path} is not UTF-8 text. Save it as UTF-8, or restore it.") from error
    except OSError as error:
        raise ClvError(
            f"cannot read {path}: {error.strerror}. Restore it from the project's config folder."
        ) from error


@dataclass(frozen=True)
class _Reader:
    path: Path
    sections: dict[str, Any]

    def get(self, section: str, key: str, default: Any) -> Any:
        values = self.sections.get(section) or {}
        if not isinstance(values, dict):
            raise ClvError(f"{self.path}: {section} is not a section of keys. Correct it.")
        return values.get(key, default)

    def check_keys(self) -> None:
        """Refuse a key that nobody reads where one that is read is missing: it is a slip of the pen."""
        for section, known in KNOWN.items():
            values = self.sections.get(section)
            written = {str(key) for key in values} if isinstance(values, dict) else set()
            unknown, missing = sorted(written - {*known}), [k for k in known if k not in written]
            if unknown and missing:
                raise ClvError(
                    f"{self.path}: {section} has no {' and no '.join(missing)}, but "
                    f"{', '.join(unknown)}, which nobody reads. Correct the name."
                )

    def whole(
        self, section: str, key: str, default: int | None = None, most: int | None = None
    ) -> int:
        value = self.get(section, key, default)
        wrong = not isinstance(value, int) or isinstance(value, bool) or value < 1
        if wrong or (most is not None and value > most):
            said = "missing" if value is None else repr(value)
            span = "of 1 or more" if most is None else f"from 1 to {most}"
            raise ClvError(
                f"{self.path}: {section}.{key} is {said}; it takes a whole number {span}."
            )
        return int(value)

    def share(self, section: str, key: str, default: float) -> float:
        value = self.get(section, key, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 0.5:
            raise ClvError(
                f"{self.path}: {section}.{key} is {value!r}; it takes a share below 0.5."
            )
        return float(value)

    def date(self, section: str, key: str) -> dt.date | None:
        value = self.get(section, key, None)
        return None if value in (None, "") else parse_date(value, f"{self.path}: {section}.{key}")
