"""The candidates of the contest, from the simplest to the most complicated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from clv.core.arrays import Vector, column
from clv.errors import ClvError
from clv.prediction.encoder import ANCHOR, BTYD, Encoded
from clv.prediction.learners import (
    BOOSTING,
    LEARNERS,
    LINEAR,
    TREES,
    WEIGHTED,
    WITH_ATTRIBUTES,
    Learner,
)
from clv.prediction.naive import MEAN, RULES, WINDOW_RATE

__all__ = ["BLEND", "LEVELS", "Blend", "Candidate", "PopulationMean", "Rule", "column"]

BLEND = "blend"
# From the simplest on. The blend holds the title until another is shown to be better.
LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("naive", (*RULES, MEAN)),
    ("buy-till-you-die", BTYD),
    ("linear", (WEIGHTED, LINEAR)),
    ("trees", (TREES, BOOSTING)),
    ("blend", (BLEND,)),
)
KINDS = tuple(kind for _, kinds in LEVELS for kind in kinds)

# The learners that the blend pools.
POOLED = (LINEAR, TREES)
# Where customer attributes are known, those who see them compete last, each with a twin that does not.
BLEND_WITH_ATTRIBUTES = f"{BLEND}_with_attributes"
TWINS = {
    **{attributed: kind for kind, attributed in WITH_ATTRIBUTES.items()},
    BLEND_WITH_ATTRIBUTES: BLEND,
}
ATTRIBUTE_LEVEL = ("attributes", tuple(TWINS))
BLENDS = {BLEND: POOLED, BLEND_WITH_ATTRIBUTES: tuple(WITH_ATTRIBUTES[kind] for kind in POOLED)}
# How many times what the plain expectations say a blend may predict of a customer.
REACH = 1.5
# How far the level of a blend may move its total.
LARGEST_LEVEL = 2.0


class Candidate(Protocol):
    """A fitted candidate."""

    @property
    def kind(self) -> str:
        """Name of the candidate, one of KINDS."""

    def expect(self, encoded: Encoded) -> Vector:
        """Return the predicted spend, shape (n,), finite and not negative."""

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate for the model file, `kind` among its keys."""


@dataclass(frozen=True)
class Rule:
    """A naive rule, or a BTYD model times Gamma-Gamma: encoding has made its prediction."""

    kind: str

    def expect(self, encoded: Encoded) -> Vector:
        """See `Candidate.expect`."""
        return encoded.expectations[self.kind]

    def to_dict(self) -> dict[str, Any]:
        """See `Candidate.to_dict`."""
        return {"kind": self.kind}


@dataclass(frozen=True)
class PopulationMean:
    """Everybody spends per day what the customers of the training labels spent on average."""

    per_day: float
    kind: str = MEAN

    def expect(self, encoded: Encoded) -> Vector:
        """See `Candidate.expect`."""
        return max(self.per_day, 0.0) * encoded.pred_days

    def to_dict(self) -> dict[str, Any]:
        """See `Candidate.to_dict`."""
        return {"kind": self.kind, "per_day": self.per_day}


@dataclass(frozen=True)
class Blend:
    """The customer's median over learners and the plain expectations beside them, times a level.

    See `pool` and `level_of`.
    """

    members: dict[str, Candidate]
    level: float
    kind: str = BLEND

    def expect(self, encoded: Encoded) -> Vector:
        """See `Candidate.expect`."""
        parts = {kind: member.expect(encoded) for kind, member in self.members.items()}
        return self.level * pool(encoded, parts)

    def to_dict(self) -> dict[str, Any]:
        """See `Candidate.to_dict`."""
        members = {kind: member.to_dict() for kind, member in self.members.items()}
        return {"kind": self.kind, "level": self.level, "members": members}


def pool(encoded: Encoded, parts: Mapping[str, Vector]) -> Vector:
    """Return each customer's median of what learners predict and plain models expect, shape (n,).

    Beside the learners stands the geometric mean of the anchor, which knows who has gone, and of the
    window rate, which knows who is large. One of them that runs away with a large customer does not
    move a median, as it would a mean; and no customer gets more than REACH times what the anchor or
    the window rate says.

    Parameters
    ----------
    parts : dict of arrays of shape (n,)
        What learners predict.
    """
    anchor, rate = _anchor(encoded), encoded.expectations[WINDOW_RATE]
    between = np.sqrt(np.maximum(anchor, 0) * np.maximum(rate, 0))
    median = np.median([between, *parts.values()], axis=0)
    return np.asarray(np.minimum(median, REACH * np.maximum(anchor, rate) + encoded.floor))


def level_of(encoded: Encoded, pooled: Vector) -> float:
    """Return what brings the total of a pool halfway, on a log scale, to the anchor's.

    Learners carry the level of spend of past windows into the next, the anchor that of the customers
    as they stand. Which of the two holds differs from log to log.
    """
    stands, learnt = float(np.sum(_anchor(encoded))), float(np.sum(pooled))
    if min(stands, learnt) <= 0 or not np.isfinite(stands / learnt):
        return 1.0
    return float(np.clip(np.sqrt(stands / learnt), 1 / LARGEST_LEVEL, LARGEST_LEVEL))


def _anchor(encoded: Encoded) -> Vector:
    """Return the anchor, or the window rate where it did not converge."""
    return encoded.expectations.get(ANCHOR, encoded.expectations[WINDOW_RATE])


def attributes_of(candidate: Candidate) -> tuple[str, ...]:
    """Return the customer attributes that a candidate has learnt from, sorted."""
    if isinstance(candidate, Blend):
        parts = [attributes_of(member) for member in candidate.members.values()]
        return tuple(sorted({name for names in parts for name in names}))
    if isinstance(candidate, Learner) and candidate.coder is not None:
        return tuple(sorted(candidate.coder.values))
    return ()


def candidate_from_dict(stored: dict[str, Any]) -> Candidate:
    """Rebuild a candidate from what its `to_dict` gave.

    Raises
    ------
    ClvError
        When this version does not know the kind.
    """
    kind = stored.get("kind")
    if kind in RULES or kind in BTYD:
        return Rule(kind)
    if kind == MEAN:
        return PopulationMean(stored["per_day"])
    if kind in BLENDS:
        members = {k: candidate_from_dict(member) for k, member in stored["members"].items()}
        return Blend(members, stored["level"], kind)
    if kind in LEARNERS or kind in TWINS:
        return Learner.from_dict(stored)
    raise ClvError(
        f"the champion is of kind '{kind}', which this version does not know. "
        "Update the project, or run `clv train`."
    )
