"""Which windows a training run learns from and is judged on.

Pooling several windows is the largest single gain in accuracy; the one twelve months before the
day that is predicted from carries the season. The labels of every window end at or before the day
up to which the run may know anything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from clv.core.dates import add_months
from clv.core.window import Window

# A window that is learnt from must have seen at least this share of the history that the champion will have.
SMALLEST_HISTORY_SHARE = 0.4
SMALLEST_HISTORY_DAYS = 45
# An earlier window is judged too where it saw this share of the champion's history.
SMALLEST_SHARE_OF_CHAMPION = 0.6
RECENT_WINDOWS = 4
# Fewer full windows than this are completed by shorter ones, which end later.
ENOUGH_WINDOWS = 3
HALF_LIFE_MONTHS = 6.0
# So many days of a history may lie before the first order: a shop's first days can be without one,
# and months differ in length.
SLACK = dt.timedelta(days=3)


@dataclass(frozen=True)
class Fold:
    """A window to be judged and those that may be learnt from: their labels end before it.

    Without any, the learning candidates are judged out-of-fold by customer within the window.
    """

    judged: Window
    learnt_from: tuple[Window, ...]


@dataclass(frozen=True)
class Plan:
    """What a training run at `chosen` looks at; `deployed` are the windows its champion learns from."""

    chosen: Window
    data_from: dt.date
    folds: tuple[Fold, ...]
    deployed: tuple[Window, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def known_through(self) -> dt.date:
        """The last day that the run knows anything of: the end of the chosen labels."""
        return self.chosen.labels_end

    @property
    def last_known(self) -> Window:
        """The window of the last known day, for its features: its labels are never read."""
        return replace(self.chosen, cutoff=self.known_through)

    @property
    def windows(self) -> list[Window]:
        """Return every window, in order."""
        windows = {self.last_known, *self.deployed}
        for fold in self.folds:
            windows |= {fold.judged, *fold.learnt_from}
        return sorted(windows)


def begins_in_log(window: Window, data_from: dt.date) -> bool:
    """Whether a log that begins on `data_from` holds the history of a window, but for SLACK."""
    return window.history_start - dt.timedelta(days=1) + SLACK >= data_from


def window_weights(windows: Sequence[Window], known_through: dt.date) -> list[float]:
    """Return how much each of the windows counts that are learnt from together.

    Half as much for every six months that it is older. The one a year before the predicted window
    has its season, and counts as much as the others together.
    """
    season = add_months(known_through, -12)
    months = [max((known_through - w.labels_end).days, 0) / 30.44 for w in windows]
    weights = [0.5 ** (age / HALF_LIFE_MONTHS) for age in months]
    others = sum(w for window, w in zip(windows, weights, strict=True) if window.cutoff != season)
    return [
        max(others, 1.0) if window.cutoff == season else w
        for window, w in zip(windows, weights, strict=True)
    ]


def plan_training(chosen: Window, data_from: dt.date) -> Plan:
    """Choose folds and windows for a champion whose labels end with those of `chosen`.

    Parameters
    ----------
    chosen : Window
        The window asked for.
    data_from : date
        The first day of the log: histories that begin before it are cut off there.
    """
    return _Planner(chosen, data_from).plan()


@dataclass(frozen=True)
class _Planner:
    """Finds the windows of a plan."""

    chosen: Window
    data_from: dt.date

    def plan(self) -> Plan:
        notes = []
        chosen, through = self.chosen, self.chosen.labels_end
        deployed = self.learnt_from(chosen, through)
        judged = chosen
        if not self.is_deep(chosen.cutoff, through):
            shorter = sorted(deployed, key=lambda w: (-w.pred_months, w.cutoff))
            if shorter:
                judged = shorter[0]
                days = max(self.history_days(chosen.cutoff), 0)
                notes.append(
                    f"{chosen.cutoff} has only {days} days of history, too few "
                    f"to judge by: the contest was held on the shorter labels of {judged}"
                )
            else:
                deployed = (chosen,)
                notes.append(
                    f"the log is too short for an origin with {SMALLEST_HISTORY_DAYS} days"
                )
        folds = [Fold(judged, self.before(judged)), *self.more_folds(judged)]
        if not folds[0].learnt_from:
            notes.append(
                f"no labels had closed by {judged.cutoff}: learning candidates were judged "
                "out-of-fold by customer, which flatters them"
            )
        return Plan(chosen, self.data_from, tuple(folds), deployed or (judged,), tuple(notes))

    def more_folds(self, judged: Window) -> list[Fold]:
        """Return the other windows that are judged: an earlier one, else later ones with shorter labels.

        Later windows with shorter labels are more like the champion's than earlier ones with a short
        history are.
        """
        through = self.chosen.labels_end
        earlier = _one_before(judged)
        wanted = SMALLEST_SHARE_OF_CHAMPION * self.history_days(through)
        if self.history_days(earlier.cutoff) >= wanted and self.before(earlier):
            return [Fold(earlier, self.before(earlier))]
        shorter = self.shorter(through, judged.pred_months)
        later = [w for w in shorter if w.cutoff > judged.cutoff]
        return [Fold(w, self.before(w)) for w in later if self.before(w)]

    def before(self, judged: Window) -> tuple[Window, ...]:
        """Return the windows that may be learnt from when `judged` is predicted."""
        return self.learnt_from(_one_before(judged), judged.cutoff)

    def learnt_from(self, newest: Window, through: dt.date) -> tuple[Window, ...]:
        """Return the windows up to `newest` with labels up to `through` that are learnt from."""
        months = newest.pred_months
        step = max(1, round(months / 3))
        cutoffs = [add_months(newest.cutoff, -k * step) for k in range(RECENT_WINDOWS)]
        if months <= 12:
            cutoffs.append(add_months(through, -12))
        full = [replace(newest, cutoff=cutoff) for cutoff in cutoffs]
        usable = {w for w in full if self.is_deep(w.cutoff, through) and w.labels_end <= through}
        if len(usable) < ENOUGH_WINDOWS:
            shorter = self.shorter(through, months)
            usable |= {w for w in shorter if self.is_deep(w.cutoff, through)}
        return tuple(sorted(usable, reverse=True))

    def shorter(self, through: dt.date, months: int) -> list[Window]:
        """Return windows whose shorter labels end on the last known day, the longest first."""
        lengths = sorted({months // 3, 2 * months // 3} - {0, months}, reverse=True)
        history = self.chosen.history_months
        return [Window(add_months(through, -length), history, length) for length in lengths]

    def history_days(self, cutoff: dt.date) -> int:
        """Return the days of history that the log holds as of a cutoff."""
        return replace(self.chosen, cutoff=cutoff).history_days_since(self.data_from)

    def is_deep(self, cutoff: dt.date, target: dt.date) -> bool:
        """Whether a cutoff has history enough to learn from for predictions as of `target`."""
        share = SMALLEST_HISTORY_SHARE * self.history_days(target)
        return self.history_days(cutoff) >= max(SMALLEST_HISTORY_DAYS, share)


def _one_before(window: Window) -> Window:
    """Return the window of the same lengths whose labels end about where this one's begin."""
    return replace(window, cutoff=add_months(window.cutoff, -window.pred_months))
