"""The winner of the contest made champion: fitted on all that is known, with intervals and outlook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clv.prediction.candidates import BLEND, POOLED, Blend, Candidate, Rule, level_of
from clv.prediction.champion import Champion
from clv.prediction.encoder import BTYD, Encoder, without_labels
from clv.prediction.intervals import Intervals
from clv.prediction.naive import RULES
from clv.prediction.purchases import PurchaseOutlook
from clv.training.examples import Examples
from clv.training.judge import fit
from clv.training.plan import Plan
from clv.training.title import JudgedWindow


@dataclass(frozen=True)
class Winner:
    """The kind that won, and the windows that it was judged on, the newest full one first."""

    kind: str
    windows: Sequence[JudgedWindow]

    def intervals(self, windows: Sequence[JudgedWindow]) -> Intervals:
        """Return intervals as some of the windows show them."""
        return Intervals.fit(
            [w.predictions[self.kind] for w in windows],
            [w.actual for w in windows],
            [w.pred_days for w in windows],
            relevels=not _is_rule(self.kind),
        )


def deploy(examples: Examples, plan: Plan, winner: Winner, seed: int) -> Champion:
    """Fit the winner on everything known: all windows, and BTYD models on the last known day."""
    newest = winner.windows[0].window
    through = plan.known_through
    if winner.kind in BTYD:
        examples.contest(through)
    encoder = examples.encoder(
        plan.last_known if len(examples.rows(plan.last_known)) else newest, through
    )
    windows = examples.usable(plan.deployed, through) or [newest]

    def fitted(kind: str) -> Candidate:
        if _is_rule(kind):
            return Rule(kind)
        return fit(kind, examples, windows, through, seed)

    if winner.kind == BLEND:
        members = {kind: fitted(kind) for kind in POOLED if kind in winner.windows[0].predictions}
        blend = Blend(members, 1.0)
        rows = examples.rows(plan.last_known)
        if not len(rows):
            rows = examples.rows(newest)
        known = encoder.encode(without_labels(rows))
        candidate: Candidate = replace(blend, level=level_of(known, blend.expect(known)))
    else:
        if not _has(encoder, winner.kind):
            encoder = examples.encoder(newest, through)
        candidate = fitted(winner.kind)
    lessons = examples.pooled(windows, through)
    return Champion(
        encoder,
        candidate,
        PurchaseOutlook.fit(lessons.encoded, lessons.purchases, lessons.weight, seed),
        winner.intervals(winner.windows),
    )


def coverage(winner: Winner) -> dict[str, float]:
    """Return how many customers of the newest window lie outside intervals of the older ones."""
    newest, *older = winner.windows
    if not older:
        return {}
    intervals = winner.intervals(older)
    lower, upper = intervals.customers(newest.predictions[winner.kind], newest.pred_days)
    buyers = upper > 0
    above = float(np.mean(newest.actual[buyers] > upper[buyers])) if buyers.any() else 0.0
    return {
        "above_upper": float(np.mean(newest.actual > upper)),
        "below_lower": float(np.mean(newest.actual < lower)),
        "above_upper_where_positive": above,
    }


def _is_rule(kind: str) -> bool:
    """Whether a kind learns nothing from labels, and so keeps its level of spend from fit to fit."""
    return kind in RULES or kind in BTYD


def _has(encoder: Encoder, kind: str) -> bool:
    """Whether an encoder can give what a kind needs: its BTYD model, if it is one."""
    return kind not in BTYD or kind.removesuffix("_gamma_gamma") in encoder.purchases
