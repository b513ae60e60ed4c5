"""`config/model_config.yaml`: what a person decides, and where the schedule stands."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from clv.errors import ClvError
from clv.project.config_section import Day, Section
from clv.project.log_section import Log
from clv.project.stored import Kind, read_text, shown
from clv.project.strict_yaml import YamlFaultError, load

MOST_MONTHS = 120
CONFIG = Kind(
    "the config",
    "Restore it from a backup; to go on with defaults instead, copy the project's "
    "config/model_config.yaml to its place.",
    largest=100_000,
)


MONTHS = f"a whole number from 1 to {MOST_MONTHS}"
CHANGE = "a number of 0 or more, for example 0.20"

Months = Annotated[int, Field(strict=True, ge=1, le=MOST_MONTHS, description=MONTHS)]
Change = Annotated[float, Field(strict=True, ge=0, lt=1e6, allow_inf_nan=False, description=CHANGE)]
ModelName = Annotated[str, StringConstraints(strict=True, max_length=200)]
Clusters = Annotated[
    int, Field(strict=True, ge=2, le=100, description="a whole number from 2 to 100")
]


class Training(Section):
    """The windows that `clv train` uses where none are given."""

    history_months: Months
    pred_months: Months


class RunState(Section):
    """Where the schedule of `clv run` stands."""

    last_score_cutoff: Day = None
    schedule_model_id: Annotated[
        ModelName | None, Field(description="the id of a model, or nothing")
    ] = None
    schedule_start: Day = None


class Monitoring(Section):
    """From which changes on a batch is looked at, and what alerts; read by the SQL of every build."""

    drift_threshold_rmse: Change
    drift_threshold_r2: Change
    alert_on: Annotated[
        Literal["verdict", "threshold"], Field(description="verdict or threshold")
    ] = "verdict"


class ClusterLimits(Section):
    """What `clv train` tries of behaviour clusters."""

    min_clusters: Clusters = 3
    max_clusters: Clusters = 8
    smallest_share: Annotated[
        float,
        Field(strict=True, ge=0, lt=0.5, allow_inf_nan=False, description="a share below 0.5"),
    ] = 0.02

    @model_validator(mode="after")
    def _in_order(self) -> ClusterLimits:
        if self.max_clusters < self.min_clusters:
            raise ValueError("min_clusters is above max_clusters")
        return self


class Retention(Section):
    """How long `clv purge` keeps what is not needed."""

    model_months: Annotated[
        int, Field(strict=True, ge=1, le=1200, description="a whole number from 1 to 1200")
    ] = 9


class Config(Section):
    """The config; a key that it does not name is refused."""

    training: Training
    run: RunState = RunState()
    monitoring: Monitoring
    clusters: ClusterLimits = ClusterLimits()
    retention: Retention = Retention()
    log: Log = Log()

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, sections: Any) -> Any:
        """Take a section with nothing behind its name for one without keys."""
        if not isinstance(sections, dict):
            return sections
        return {name: {} if keys is None else keys for name, keys in sections.items()}


def read_config(path: Path) -> Config:
    """Read and check the config.

    Raises
    ------
    ClvError
        When the file cannot be read, is not YAML, or holds a key or value that is not taken; every
        fault has a line of its own.
    """
    return checked_config(path, read_text(path, CONFIG))


def checked_config(path: Path, text: str) -> Config:
    """Return the config that a text holds; `path` names it in errors.

    Raises
    ------
    ClvError
        As `read_config`.
    """
    try:
        sections = load(text)
    except YamlFaultError as fault:
        raise ClvError(f"{path} is not valid YAML ({fault}). Correct it, or restore it.") from fault
    if not isinstance(sections, dict):
        raise ClvError(f"{path} has no sections, but {shown(text.strip())}. {CONFIG.fix}")
    try:
        return Config.model_validate(sections)
    except ValidationError as error:
        faults = [_fault(fault["loc"], fault["type"], fault["input"]) for fault in error.errors()]
        lines = list(dict.fromkeys(faults))
    if len(lines) == 1:
        raise ClvError(f"{path}: {lines[0]}")
    raise ClvError(f"{path} has {len(lines)} faults:\n" + "\n".join(f"- {line}" for line in lines))


def _fault(place: tuple[int | str, ...], cause: str, found: Any) -> str:
    """Say in one line what is wrong at a place of the config, and what it takes."""
    names = [str(part) for part in place]
    name = ".".join(names[:2]) or "the whole"
    section = Config.model_fields.get(names[0]) if names else None
    known = section.annotation.model_fields if section and section.annotation else {}
    said = "missing" if cause == "missing" else textwrap.shorten(repr(found), 60)
    if section is None:
        return f"{name} is no section that is read. Sections: {', '.join(Config.model_fields)}."
    if len(names) == 1 and cause == "value_error":
        return f"{name}: 2 <= min_clusters <= max_clusters does not hold. Correct them."
    if len(names) == 1:
        return f"{name} is {said}; it takes the keys {', '.join(known)}."
    if names[1] not in known:
        return (
            f"{name} is a key that nobody reads. Correct the name, or remove it; keys of "
            f"{names[0]}: {', '.join(known)}."
        )
    return f"{name} is {said}; it takes {known[names[1]].description}."
