"""Whether predictions lie within reach of what was observed.

A fit is judged on windows of the past; the fit that is deployed is a later one, on everything known, and
nobody sees what becomes of it until its window has matured. So what it says, at training and at every
scoring, is held against what customers of closed windows came to spend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv.core.arrays import Vector, column
from clv.core.wording import readable
from clv.prediction.encoder import ANCHOR, Encoder
from clv.prediction.naive import MEAN

# A batch may predict so many times what customers of any closed window came to spend, or the share of the
# least of them that so many make a whole of. Measured: of 1,505 sane batches of seven logs none says more
# than 2.7 times the most (1.7 but for CDNOW's first months), or less than .6 of the least.
REACH = 3.0
# No one customer is predicted a larger share of the money, unless one spent half as much before.
MOST = 2 / 3
# Fewer customers than this may well be alike.
SMALLEST_BATCH = 30


@dataclass(frozen=True)
class ClosedWindow:
    """What the customers of a window came to spend in so many days, and the largest of them."""

    window: str
    customers: int
    spent: float
    days: int
    largest: float

    @property
    def rate(self) -> float:
        """Spend per customer and day, not negative."""
        return max(self.spent, 0.0) / (self.customers * self.days)

    @property
    def largest_share(self) -> float:
        """The share of the money that was spent which the largest customer spent."""
        return max(self.largest, 0.0) / max(self.spent, self.largest, 1e-9)


@dataclass(frozen=True)
class Batch:
    """What a batch predicts in total and of its largest customer, and what its customers spent lately.

    `recent` is their money per day of their latest stretch of history.
    """

    customers: int
    days: float
    total: float
    largest: float
    recent: float


@dataclass(frozen=True)
class Past:
    """The closed windows that a champion learnt from and was judged on."""

    windows: tuple[ClosedWindow, ...] = ()

    def limits(self, batch: Batch, accepted: Sequence[float] = ()) -> tuple[float, float]:
        """Return the least and the largest total that the past explains.

        Parameters
        ----------
        accepted : sequence of float
            Spend per customer and day of batches that a person accepted.
        """
        rates = [window.rate for window in self.windows] + [*accepted]
        size = batch.customers * batch.days
        # customers who have been fading since may go on as they did lately
        least = min(min(rates) * size, max(batch.recent, 0.0) * batch.days)
        return least / REACH, max(rates) * size * REACH

    def doubt(self, batch: Batch, accepted: Sequence[float] = ()) -> str | None:
        """Return why nothing in the past explains a batch's total, with the figures; None where it does."""
        if not self.windows or not batch.customers:
            return None
        low, high = self.limits(batch, accepted)
        if low <= batch.total <= high:
            return None
        size = batch.customers * batch.days
        rates = sorted(window.rate * batch.days for window in self.windows)
        return (
            f"it says {readable(batch.total)} in total, {readable(batch.total / size * batch.days)} a "
            f"customer; customers of the {len(rates)} closed windows that the champion knows came to spend "
            f"{readable(rates[0])} to {readable(rates[-1])} in {batch.days:.0f} days, these "
            f"{batch.customers:,} spent {readable(batch.recent * batch.days)} in as many days lately, and "
            f"the limits of the total are {readable(low)} to {readable(high)}"
        )

    def whale(self, batch: Batch) -> str | None:
        """Return a sentence where one customer is predicted most of a batch's money as none was before."""
        if not self.windows or batch.customers < SMALLEST_BATCH or batch.total <= 0:
            return None
        share, before = batch.largest / batch.total, max(w.largest_share for w in self.windows)
        if share <= max(MOST, 2 * before):
            return None
        return (
            f"it says {readable(batch.largest)} of one customer, {share:.0%} of the total; the largest "
            f"customer of any closed window that the champion knows spent {before:.0%}: is an order mistyped?"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the windows as plain numbers and text."""
        return {"windows": [asdict(window) for window in self.windows]}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Past:
        """Rebuild the past from what `to_dict` gave."""
        return cls(tuple(ClosedWindow(**window) for window in stored["windows"]))


NO_PAST = Past()


def hole(features: pd.DataFrame) -> str | None:
    """Return a sentence where the last days up to the cutoff hold no order at all; None where they do.

    Parameters
    ----------
    features : DataFrame of shape (n, features)
        Of one batch.
    """
    latest, before = (float(column(features, f"orders_{n}d").sum()) for n in (30, 90))
    if latest > 0 or before < SMALLEST_BATCH:
        return None
    return (
        "the 30 days up to the cutoff hold no order of these customers, and the 60 before them "
        f"{before:,.0f}: is the log complete?"
    )


def constant(kind: str, predicted: Vector, revenue: Vector) -> str | None:
    """Return a sentence where customers who differ are all predicted the same; None where not.

    The mean of the population is the same for everybody, and says so.
    """
    if kind == MEAN or len(predicted) < SMALLEST_BATCH or not np.ptp(revenue) > 0:
        return None
    if not np.any(predicted > 0) or np.ptp(predicted) > 1e-9 * float(np.max(predicted)):
        return None
    return (
        f"it says {readable(float(predicted[0]))} of each of {len(predicted):,} customers, who spent from "
        f"{readable(float(revenue.min()))} to {readable(float(revenue.max()))} in their history"
    )


def caveats(encoder: Encoder, judged: bool) -> list[str]:
    """Say what of the BTYD models' last fit is not as the contest knew it.

    Parameters
    ----------
    judged : bool
        Whether the contest could judge the expectation that learners and blend start from.
    """
    lines = []
    if judged and (why := encoder.failures.get(ANCHOR)):
        lines.append(
            f"{ANCHOR} could not be fitted again on everything known ({why}): what rested on it rests on "
            "the other models, or on the naive rules"
        )
    told = [kind for kind in encoder.learner_models if encoder.purchases[kind].tells_who_left]
    silent = [kind for kind in encoder.learner_models if kind not in told]
    if silent:
        lines.append(
            f"with the parameters of {' and '.join(silent)} everybody stays for ever, or nobody does: "
            + (
                f"probability_alive is that of {' and '.join(told)}"
                if told
                else "probability_alive is empty"
            )
        )
    return lines
