"""The winner of the contest made champion: fitted on all that is known, with intervals and outlook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clv.prediction.candidates import BLEND, Blend, Candidate, Rule, blend_weights
from clv.prediction.champion import Champion
from clv.prediction.encoder import BTYD, Encoder
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
    encoder = examples.encoder(plan.last_known if len(examples.rows(plan.last_known)) else newest)
    windows = examples.usable(plan.deployed, plan.known_through) or [newest]

    def fitted(kind: str) -> Candidate:
        if _is_rule(kind):
            return Rule(kind)
        return fit(kind, examples, windows, plan.known_through, seed)

    if winner.kind == BLEND:
        weights = blend_weights(
            [w.predictions for w in winner.windows], [w.actual for w in winner.windows]
        )
        weights = _present(weights, encoder)
        candidate: Candidate = Blend(weights, {kind: fitted(kind) for kind in weights})
    else:
        if not _has(encoder, winner.kind):
            encoder = examples.encoder(newest)
        candidate = fitted(winner.kind)
    lessons = examples.pooled(windows, plan.known_through)
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


def _present(weights: dict[str, float], encoder: Encoder) -> dict[str, float]:
    """Share the weight of BTYD models that the encoder lacks among the others."""
    kept = {kind: weight for kind, weight in weights.items() if _has(encoder, kind)}
    scale = sum(weights.values()) / sum(kept.values())
    return {kind: weight * scale for kind, weight in kept.items()}
