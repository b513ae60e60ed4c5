"""The winner of the contest made champion: fitted on all that is known, with intervals and outlook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clv.core.arrays import column
from clv.prediction.candidates import BLENDS, Blend, Candidate, Rule, level_of
from clv.prediction.champion import Champion
from clv.prediction.encoder import BTYD, Encoder, without_labels
from clv.prediction.extrapolation import Edges
from clv.prediction.intervals import Intervals
from clv.prediction.naive import RULES
from clv.prediction.plausible import ClosedWindow, Past
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


@dataclass(frozen=True)
class Deployed:
    """A champion, and why it is not plausible: None where it says what the past can explain."""

    champion: Champion
    doubt: str | None


def deploy(examples: Examples, plan: Plan, winner: Winner, seed: int) -> Deployed:
    """Fit the winner on everything known: all windows, and BTYD models on the last known day.

    What that fit says of the customers as of the last known day is held against what was observed.
    """
    newest, through = winner.windows[0].window, plan.known_through
    if winner.kind in BTYD:
        examples.contest(through)
    known_at = plan.last_known if len(examples.rows(plan.last_known)) else newest
    encoder, failed = examples.encoder(known_at, through), None
    if not _has(encoder, winner.kind):
        failed = encoder.failures.get(winner.kind, "it could not be fitted")
        encoder = examples.encoder(newest, through)
    windows = examples.usable(plan.deployed, through) or [newest]
    rows = without_labels(examples.rows(known_at))
    known = encoder.encode(rows)
    candidate: Candidate
    if winner.kind in BLENDS:
        kinds = [kind for kind in BLENDS[winner.kind] if kind in winner.windows[0].predictions]
        members = {kind: fit(kind, examples, windows, through, seed) for kind in kinds}
        blend = Blend(members, 1.0, winner.kind)
        pooled = blend.expect(known)
        candidate = replace(blend, level=level_of(known, pooled))
        spend = candidate.level * pooled
    else:
        learns = not _is_rule(winner.kind)
        candidate = (
            fit(winner.kind, examples, windows, through, seed) if learns else Rule(winner.kind)
        )
        spend = candidate.expect(known)
    lessons = examples.pooled(windows, through)
    champion = Champion(
        encoder,
        candidate,
        PurchaseOutlook.fit(lessons.encoded, lessons.purchases, lessons.weight, seed),
        winner.intervals(winner.windows),
        past_of(examples, plan),
        Edges.of(examples.rows(window) for window in windows),
    )
    return Deployed(champion, failed or champion.doubt(rows, spend))


def first_plausible(
    kinds: Sequence[str], deployed: Callable[[Winner], Deployed], windows: Sequence[JudgedWindow]
) -> tuple[Winner, Champion, dict[str, str]]:
    """Deploy the first of several kinds whose fit on everything known is plausible.

    Where none is, the first stays: what it says of a batch is then held when it is scored.

    Returns
    -------
    tuple of Winner, Champion and dict
        The dict says of each kind that fell, in their order, why.
    """
    fallen: dict[str, str] = {}
    first: Champion | None = None
    for kind in dict.fromkeys(kinds):
        winner = Winner(kind, windows)
        made = deployed(winner)
        if made.doubt is None:
            return winner, made.champion, fallen
        fallen[kind] = made.doubt
        first = first or made.champion
    assert first is not None
    return Winner(kinds[0], windows), first, fallen


def past_of(examples: Examples, plan: Plan) -> Past:
    """Return what customers of the closed windows of a plan came to spend."""
    past = []
    for window in plan.windows:
        spent = column(examples.rows(window), "actual_clv")
        if window.labels_end <= plan.known_through and len(spent):
            figures = len(spent), float(spent.sum()), window.days, float(spent.max())
            past.append(ClosedWindow(str(window), *figures))
    return Past(tuple(past))


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
