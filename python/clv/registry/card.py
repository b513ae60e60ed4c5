"""The card: how a model came about and how good it was, as JSON with a stable layout.

The hash of a card is that of its text, so a card is kept as it was read or made and written back
from that; the typed fields are for whoever reads it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from clv.errors import ClvError
from clv.registry.model_id import ModelId

Months = int


class _Part(BaseModel):
    """A part of a card; a key that this version does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Figures(_Part):
    """Accuracy of a candidate on one window; None where a measure is undefined."""

    customers: int
    rmse: float
    r2: float | None
    mae: float
    bias: float
    normalized_gini: float | None
    top_decile_share: float | None
    spearman: float | None


class Baseline(Figures):
    """The champion's out-of-sample accuracy at training, and on what it was measured."""

    method: str
    window: str
    pred_months: Months
    customers_sampled: float
    explanation: str


class Settings(_Part):
    """What a training was asked for beyond its window."""

    transactions: str | None
    vars: dict[str, Any]
    min_clusters: int
    max_clusters: int
    smallest_share: float


class DataRecord(_Part):
    """Counts and a digest of the log that the training knew."""

    fingerprint: str
    through: dt.date
    customer_days: int
    customers: int
    first_day: dt.date
    last_day: dt.date
    net_amount: str


class Candidate(_Part):
    """One candidate of the contest, with its figures or why it left."""

    kind: str
    level: str
    accuracy: Figures | None
    windows: dict[str, Figures]
    decile_calibration: list[dict[str, float | None]]
    left_out_because: str | None


class AttributesBrought(_Part):
    """What customer attributes brought: a candidate without and with them."""

    values: dict[str, int]
    described: float
    without: Figures
    attributed: Figures = Field(alias="with")
    comparison: dict[str, Any]
    sentence: str


class Contest(_Part):
    """How the winner was found."""

    windows: list[dict[str, Any]]
    deployed_on: list[str]
    duels: list[dict[str, Any]]
    why: str
    notes: list[str]
    bounds_on_newest_window: dict[str, float | None]
    attributes: AttributesBrought | None = None


class ModelCard(_Part):
    """All that is known about a model."""

    model_id: str
    trained_at: dt.datetime
    code_commit: str = Field(pattern=r"^([0-9a-f]{40}|v[0-9][0-9a-z.+]{0,40}|unknown)$")
    code_dirty: bool
    training_cutoff: dt.date
    labels_end: dt.date
    history_months: Months = Field(ge=1, le=999)
    pred_months: Months = Field(ge=1, le=999)
    seed: int
    settings: Settings
    customers: int
    champion: dict[str, Any]
    baseline: Baseline
    contest: Contest
    candidates: list[Candidate]
    clusters: dict[str, Any]
    data: DataRecord
    environment: dict[str, str]
    model_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    content_sha256: str
    _content: dict[str, Any] = PrivateAttr(default_factory=dict)

    @field_validator("model_id")
    @classmethod
    def _named(cls, text: str) -> ModelId:
        try:
            return ModelId(text)
        except ClvError as error:
            raise ValueError(str(error)) from error

    @field_validator("champion")
    @classmethod
    def _of_a_kind(cls, champion: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(champion.get("kind"), str):
            raise ValueError("it has no kind")
        return champion

    @classmethod
    def of(cls, content: dict[str, Any], name: str = "the card") -> ModelCard:
        """Return the card that says `content`; `name` is how a message calls it.

        Raises
        ------
        ClvError
            When a key is missing, of the wrong type or unknown.
        """
        try:
            card = cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise ClvError(
                f"{name} is not a card of this version: {place}: {first['msg']}. Restore it from a "
                "backup; a card of an earlier version goes with its commit: run `clv train`."
            ) from error
        card._content = content
        return card

    @classmethod
    def sealed(cls, content: dict[str, Any], model_sha256: str) -> ModelCard:
        """Return a new card with the SHA-256 of its model file and of itself."""
        content = {**content, "model_sha256": model_sha256}
        return cls.of({**content, "content_sha256": content_sha256(content)})

    @property
    def kind(self) -> str:
        """The kind of the champion."""
        return str(self.champion["kind"])

    @property
    def whole(self) -> bool:
        """Whether the card is the one that it holds the hash of."""
        return self.content_sha256 == content_sha256(self._content)

    @property
    def content(self) -> dict[str, Any]:
        """The card as it was read or made."""
        return dict(self._content)

    def to_json(self) -> str:
        """Return the text of the card's file."""
        return as_json(self._content)

    def latest_metrics(self) -> str:
        """Return the champion's figures as JSON, for tools that watch one file."""
        keys = ("model_id", "trained_at", "training_cutoff", "history_months", "pred_months")
        content = self._content
        return as_json({**{k: content[k] for k in keys}, "baseline": content["baseline"]})


def content_sha256(card: dict[str, Any]) -> str:
    """Return the SHA-256 of what a card says, apart from this hash itself."""
    content = {key: value for key, value in card.items() if key != "content_sha256"}
    return hashlib.sha256(as_json(content).encode()).hexdigest()


def as_json(value: dict[str, Any]) -> str:
    """Write JSON with a stable layout; NaN is refused rather than written."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
