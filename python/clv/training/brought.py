"""What customer attributes brought: a candidate that sees them against its twin that does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clv.core.wording import counted
from clv.prediction.accuracy import Accuracy, measure
from clv.prediction.attributes import Texts, distinct_values
from clv.prediction.candidates import BLEND_WITH_ATTRIBUTES, TWINS
from clv.training.title import JudgedWindow, PairedComparison, compare, shared_kinds


@dataclass(frozen=True)
class Brought:
    """Two candidates that differ in nothing but attributes, on the same customers.

    Attributes
    ----------
    values : dict of int
        How many different values each attribute has.
    described : float
        Share of the rows of all windows of which anything is known.
    without, attributed : Accuracy
        Of the two on the newest judged window.
    comparison : PairedComparison
        Over all judged windows, the one with attributes as the challenger.
    """

    values: dict[str, int]
    described: float
    without: Accuracy
    attributed: Accuracy
    comparison: PairedComparison
    is_champion: bool

    @property
    def sentence(self) -> str:
        """What they brought, in a sentence."""
        found = self.comparison
        low, high = (f"{np.expm1(x):+.1%}" for x in found.rmse_interval)
        listed = ", ".join(
            f"{name} ({counted(n, 'value', 'values')})" for name, n in self.values.items()
        )
        told = (
            "they hold the title" if self.is_champion
            else "beyond chance" if found.won
            else "which may be chance, so the champion does without" if found.loss_interval[0] <= 0
            else "so the champion does without"
        )  # fmt: skip
        return (
            f"customer attributes, {listed}, changed the RMSE of {found.holder} by "
            f"{np.expm1(found.rmse_change):+.1%} (90 % interval {low} to {high}) over all judged windows, "
            f"its normalized Gini by {found.gini_change:+.3f}: {told}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it for the card."""
        return {
            "values": self.values,
            "described": self.described,
            "without": self.without.to_dict(),
            "with": self.attributed.to_dict(),
            "comparison": self.comparison.to_dict(),
            "sentence": self.sentence,
        }


def brought(
    windows: Sequence[JudgedWindow], title: str, texts: Texts | None, seed: int
) -> Brought | None:
    """Compare the holder of the title, or else the blend, with and without attributes.

    Parameters
    ----------
    texts : array of shape (n,), optional
        What is known of the customers of all windows.

    Returns
    -------
    Brought or None
        None where no attribute is known, or the two could not be judged.
    """
    attributed = next(
        (with_ for with_, without in TWINS.items() if title in (with_, without)),
        BLEND_WITH_ATTRIBUTES,
    )
    without = TWINS[attributed]
    if texts is None or not {attributed, without} <= set(shared_kinds([*windows])):
        return None
    newest = windows[0]
    plain, seeing = (measure(newest.predictions[k], newest.actual) for k in (without, attributed))
    return Brought(
        distinct_values(texts),
        float(np.mean([text is not None for text in texts])),
        plain,
        seeing,
        compare(attributed, without, windows, seed),
        title == attributed,
    )
