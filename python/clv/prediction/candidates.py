"""The candidates of the contest, from the simplest to the most complicated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from clv.core.arrays import Vector, column
from clv.errors import ClvError
from clv.prediction.encoder import BTYD, Encoded
from clv.prediction.learners import BOOSTING, LEARNERS, LINEAR, TREES, WEIGHTED, Learner
from clv.prediction.naive import MEAN, RULES

__all__ = ["BLEND", "LEVELS", "Blend", "Candidate", "PopulationMean", "Rule", "column"]

BLEND = "blend"
# Simplicity: a candidate of a later level takes the title only when it is shown to be better.
LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("naive", (*RULES, MEAN)),
    ("buy-till-you-die", BTYD),
    ("linear", (WEIGHTED, LINEAR)),
    ("trees", (TREES, BOOSTING)),
    ("blend", (BLEND,)),
)
KINDS = tuple(kind for _, kinds in LEVELS for kind in kinds)

# The blend before any evidence: the line and the trees, which err differently, in equal parts.
PRIOR = {LINEAR: 0.5, TREES: 0.5}
# How much the prior weighs: as much as this many times the evidence.
PRIOR_STRENGTH = 1.0


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
    """A weighted mean of other candidates; no weight is negative."""

    weights: dict[str, float]
    members: dict[str, Candidate]
    kind: str = BLEND

    def expect(self, encoded: Encoded) -> Vector:
        """See `Candidate.expect`."""
        parts = [w * self.members[k].expect(encoded) for k, w in self.weights.items() if w > 0]
        return np.sum(parts, axis=0) if parts else np.zeros(len(encoded.offset))

    def to_dict(self) -> dict[str, Any]:
        """See `Candidate.to_dict`."""
        used = {k: w for k, w in self.weights.items() if w > 0}
        return {
            "kind": self.kind,
            "weights": used,
            "members": {k: self.members[k].to_dict() for k in used},
        }


def blend_weights(
    predictions: list[Mapping[str, Vector]], actuals: list[Vector]
) -> dict[str, float]:
    """Return non-negative weights by least squares on judged windows, held towards the prior.

    They sum to 1: the members learn the level of spend anew with every fit, and weights that
    followed the level of the judged windows would learn it twice. Each window counts the same;
    without windows the prior is returned. Stacking with non-negative weights: Breiman (1996),
    Stacked Regressions.

    Parameters
    ----------
    predictions : list of dicts, one a window, of arrays of shape (n,)
        Out-of-time predictions of the candidates.
    actuals : list of arrays of shape (n,)
    """
    from scipy.optimize import nnls

    common = set(KINDS) - {BLEND, MEAN}
    for one in predictions:
        common &= set(one)
    members = [kind for kind in KINDS if kind in common]
    prior = np.array([PRIOR.get(kind, 0.0) for kind in members])
    if not predictions or prior.sum() == 0:
        return dict(PRIOR)
    prior = prior / prior.sum()
    left, right = [], []
    for one, actual in zip(predictions, actuals, strict=True):
        size = np.sqrt(max(float(np.sum(actual**2)), 1e-12))
        left.append(np.column_stack([one[kind] for kind in members]) / size)
        right.append(actual / size)
    points, target = np.vstack(left), np.concatenate(right)
    gram = points.T @ points
    strength = PRIOR_STRENGTH * np.trace(gram) / len(members)
    root = np.linalg.cholesky(gram + strength * np.eye(len(members)))
    pull = points.T @ target + strength * prior
    weights, _ = nnls(root.T, np.linalg.solve(root, pull))
    kept = {kind: float(w) for kind, w in zip(members, weights, strict=True) if w > 0.005}
    total = sum(kept.values())
    return {kind: w / total for kind, w in kept.items()} if kept else dict(PRIOR)


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
    if kind in LEARNERS:
        return Learner.from_dict(stored)
    if kind == BLEND:
        members = {k: candidate_from_dict(member) for k, member in stored["members"].items()}
        return Blend(stored["weights"], members)
    raise ClvError(
        f"the champion is of kind '{kind}', which this version does not know. "
        "Update the project, or run `clv train`."
    )
