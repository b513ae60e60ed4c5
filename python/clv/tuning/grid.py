"""The grid of `clv tune`: which windows are compared, and as of which cutoffs.

Cells are compared only at cutoffs that every one of them can be evaluated at: the newest cutoff
leaves room for the longest prediction window, the oldest one for the longest history. What the log
cannot carry that way is cut from the grid, with the reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clv.core.dates import add_months, latest_cutoff
from clv.core.wording import in_months
from clv.errors import ClvError
from clv.training.plan import SLACK

HISTORY_MONTHS = (3, 6, 9, 12, 18, 24)
PRED_MONTHS = (1, 2, 3, 6, 12)
ORIGINS = 4
WIDEST_STEP = 3


class Cell(NamedTuple):
    """A pair of windows, in months."""

    history_months: int
    pred_months: int

    def __str__(self) -> str:
        return f"{self.history_months} + {self.pred_months} months"


@dataclass(frozen=True)
class Grid:
    """The cells to compare, the cutoffs to compare them at, and the cells left out with the reason."""

    histories: tuple[int, ...]
    preds: tuple[int, ...]
    cutoffs: tuple[dt.date, ...]
    left_out: dict[Cell, str]

    @property
    def cells(self) -> list[Cell]:
        """Every cell that is compared, each at every cutoff."""
        return [Cell(history, pred) for history in self.histories for pred in self.preds]

    def windows(self) -> list[tuple[str, int, int]]:
        """Return (cutoff, history_months, pred_months) of every cell and cutoff."""
        return [(cutoff.isoformat(), *cell) for cutoff in self.cutoffs for cell in self.cells]


def choose_grid(
    histories: Sequence[int], preds: Sequence[int], origins: int, first: dt.date, last: dt.date
) -> Grid:
    """Cut the grid to what a log from `first` to `last` can carry at `origins` shared cutoffs.

    As many cells as possible are kept; of two cuts with as many cells the one with the longer
    prediction windows. The cutoffs then stand as far apart as fits, 3 months at most. A log that
    cannot carry so many cutoffs gets fewer.

    Parameters
    ----------
    histories, preds : sequences of int
        The asked months.
    first, last : dates
        First day of the log and the last that it is complete for.

    Raises
    ------
    ClvError
        When not even the smallest cell fits.
    """
    histories, preds = sorted(set(histories)), sorted(set(preds))
    for count in range(origins, 0, -1):
        cuts = [
            (longest_history, longest_pred)
            for longest_history in histories
            for longest_pred in preds
            if _fits(longest_history, longest_pred, count, 1, first, last)
        ]
        if cuts:
            break
    else:
        raise ClvError(
            f"the log ({first} to {last}) is too short for {in_months(histories[0])} of history and "
            f"{preds[0]} of prediction. Give smaller --history-months or --pred-months."
        )
    history, pred = max(
        cuts,
        key=lambda cut: (
            sum(h <= cut[0] for h in histories) * sum(p <= cut[1] for p in preds),
            cut[1],
        ),
    )
    step = max(
        s
        for s in range(1, WIDEST_STEP + 1)
        if s == 1 or _fits(history, pred, count, s, first, last)
    )
    cutoffs = _cutoffs(pred, count, step, last)
    kept_histories = tuple(h for h in histories if h <= history)
    kept_preds = tuple(p for p in preds if p <= pred)
    left_out = {
        Cell(h, p): _reason(h, p, history, cutoffs, first, last)
        for h in histories
        for p in preds
        if h > history or p > pred
    }
    return Grid(kept_histories, kept_preds, cutoffs, left_out)


def _cutoffs(pred: int, count: int, step: int, last: dt.date) -> tuple[dt.date, ...]:
    newest = latest_cutoff(last, pred)
    return tuple(add_months(newest, -step * back) for back in reversed(range(count)))


def _fits(history: int, pred: int, count: int, step: int, first: dt.date, last: dt.date) -> bool:
    oldest = _cutoffs(pred, count, step, last)[0]
    return add_months(oldest, -history) + SLACK >= first


def _reason(
    history: int,
    pred: int,
    longest_history: int,
    cutoffs: tuple[dt.date, ...],
    first: dt.date,
    last: dt.date,
) -> str:
    if history > longest_history:
        return f"{in_months(history)} before {cutoffs[0]} begin before the log ({first})"
    return f"{in_months(pred)} after {cutoffs[-1]} end after the log ({last})"
