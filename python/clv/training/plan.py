"""Which windows a training run learns from and is judged on.

An origin is a cutoff with labels of some months. Pooling several origins is the largest single
gain in accuracy; the one twelve months before the day that is predicted from carries the season.
Every origin's labels end at or before the day up to which the run may know anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from clv.core.dates import add_months

# An origin must have seen at least this share of the history that the champion will have.
SMALLEST_DEPTH_SHARE = 0.4
SMALLEST_DEPTH_DAYS = 45
# An earlier window is judged too where it saw this share of the champion's history.
LIKE_THE_CHAMPION = 0.6
RECENT_ORIGINS = 4
# Fewer full windows than this are completed by shorter ones, which end later.
ENOUGH_ORIGINS = 3
HALF_LIFE_MONTHS = 6.0
# So many days of a history may lie before the first order: a shop's first days can be without one,
# and months differ in length.
SLACK = dt.timedelta(days=3)


@dataclass(frozen=True, order=True)
class Origin:
    """A cutoff and the months of its labels."""

    cutoff: dt.date
    pred_months: int

    @property
    def labels_end(self) -> dt.date:
        """The last day of the labels."""
        return add_months(self.cutoff, self.pred_months)

    def __str__(self) -> str:
        return f"{self.cutoff}+{self.pred_months}m"


@dataclass(frozen=True)
class Fold:
    """An origin to be judged and those that may be learnt from: their labels end before it.

    Without any, the learning candidates are judged out-of-fold by customer within the origin.
    """

    judged: Origin
    learnt_from: tuple[Origin, ...]


@dataclass(frozen=True)
class Plan:
    """What a training run at `chosen` looks at."""

    chosen: Origin
    history_months: int
    data_from: dt.date
    folds: tuple[Fold, ...]
    deployed: tuple[Origin, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def known_through(self) -> dt.date:
        """The last day that the run knows anything of: the end of the chosen labels."""
        return self.chosen.labels_end

    @property
    def windows(self) -> list[tuple[str, int, int]]:
        """Return (cutoff, history_months, pred_months) of every window, for `training_windows`.

        The last known day is one of them, for its features: its labels are never read.
        """
        origins = {Origin(self.known_through, self.chosen.pred_months), *self.deployed}
        for one in self.folds:
            origins |= {one.judged, *one.learnt_from}
        return [(o.cutoff.isoformat(), self.history_months, o.pred_months) for o in sorted(origins)]

    def weights(self, origins: Sequence[Origin], known_through: dt.date) -> list[float]:
        """Return how much each of the origins counts that are learnt from together.

        Half as much for every six months that it is older. The one a year before the predicted
        window has its season, and counts as much as the others together.
        """
        season = add_months(known_through, -12)
        months = [max((known_through - o.labels_end).days, 0) / 30.44 for o in origins]
        weights = [0.5 ** (age / HALF_LIFE_MONTHS) for age in months]
        others = sum(w for o, w in zip(origins, weights, strict=True) if o.cutoff != season)
        return [
            max(others, 1.0) if o.cutoff == season else w
            for o, w in zip(origins, weights, strict=True)
        ]


def plan_training(chosen: Origin, history_months: int, data_from: dt.date) -> Plan:
    """Choose folds and origins for a champion whose labels end with those of `chosen`.

    Parameters
    ----------
    chosen : Origin
        The cutoff and months of prediction asked for.
    data_from : date
        The first day of the log: windows that begin before it are cut off there.
    """

    def depth(day: dt.date) -> int:
        return min((day - data_from).days + 1, (day - add_months(day, -history_months)).days)

    def deep(day: dt.date, target: dt.date) -> bool:
        return depth(day) >= max(SMALLEST_DEPTH_DAYS, SMALLEST_DEPTH_SHARE * depth(target))

    def known(newest: Origin, through: dt.date) -> tuple[Origin, ...]:
        months = newest.pred_months
        step = max(1, round(months / 3))
        full = [Origin(add_months(newest.cutoff, -k * step), months) for k in range(RECENT_ORIGINS)]
        if months <= 12:
            full.append(Origin(add_months(through, -12), months))
        usable = {o for o in full if deep(o.cutoff, through) and o.labels_end <= through}
        if len(usable) < ENOUGH_ORIGINS:
            usable |= {o for o in _shorter(through, months) if deep(o.cutoff, through)}
        return tuple(sorted(usable, reverse=True))

    def before(judged: Origin) -> tuple[Origin, ...]:
        newest = Origin(add_months(judged.cutoff, -judged.pred_months), judged.pred_months)
        return known(newest, judged.cutoff)

    notes = []
    through = chosen.labels_end
    deployed = known(chosen, through)
    judged = chosen
    if not deep(chosen.cutoff, through):
        shorter = sorted(deployed, key=lambda o: (-o.pred_months, o.cutoff))
        if shorter:
            judged = shorter[0]
            notes.append(
                f"{chosen.cutoff} has only {max(depth(chosen.cutoff), 0)} days of history, too few "
                f"to judge by: the contest was held on the shorter labels of {judged}"
            )
        else:
            deployed = (chosen,)
            notes.append(f"the log is too short for an origin with {SMALLEST_DEPTH_DAYS} days")
    folds = [Fold(judged, before(judged))]
    earlier = Origin(add_months(judged.cutoff, -judged.pred_months), judged.pred_months)
    if depth(earlier.cutoff) >= LIKE_THE_CHAMPION * depth(through) and before(earlier):
        folds.append(Fold(earlier, before(earlier)))
    else:
        # Later windows with shorter labels are more like the champion's than earlier ones are.
        for brief in _shorter(through, judged.pred_months):
            if brief.cutoff > judged.cutoff and before(brief):
                folds.append(Fold(brief, before(brief)))
    if not folds[0].learnt_from:
        notes.append(
            f"no labels had closed by {judged.cutoff}: learning candidates were judged "
            "out-of-fold by customer, which flatters them"
        )
    return Plan(
        chosen, history_months, data_from, tuple(folds), deployed or (judged,), tuple(notes)
    )


def _shorter(through: dt.date, months: int) -> list[Origin]:
    """Return origins whose shorter labels end on the last known day, the longest first."""
    lengths = sorted({months // 3, 2 * months // 3} - {0, months}, reverse=True)
    return [Origin(add_months(through, -length), length) for length in lengths]
