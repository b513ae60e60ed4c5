"""The grid of `clv tune`: which windows are compared, and as of which cutoffs.

WindowLengthss are compared only at cutoffs that every one of them can be evaluated at: the newest cutoff
leaves room for the longest prediction window, the oldest one for the longest history. What the log
cannot carry that way is cut from the grid, with the reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from clv.core.dates import add_months, latest_cutoff
from clv.core.window import Window, WindowLengths
from clv.core.wording import in_months
from clv.errors import ClvError
from clv.project.database import LogDays
from clv.training.plan import begins_in_log

HISTORY_MONTHS = (3, 6, 9, 12, 18, 24)
PRED_MONTHS = (1, 2, 3, 6, 12)
ORIGINS = 4
WIDEST_STEP = 3


@dataclass(frozen=True)
class Grid:
    """The cells to compare, the cutoffs to compare them at, and the cells left out with the reason."""

    histories: tuple[int, ...]
    preds: tuple[int, ...]
    cutoffs: tuple[dt.date, ...]
    left_out: dict[WindowLengths, str]

    @property
    def cells(self) -> list[WindowLengths]:
        """Every cell that is compared, each at every cutoff."""
        return [WindowLengths(history, pred) for history in self.histories for pred in self.preds]

    def windows(self) -> list[Window]:
        """Return the window of every cell and cutoff."""
        return [cell.at(cutoff) for cutoff in self.cutoffs for cell in self.cells]


@dataclass(frozen=True)
class GridRequest:
    """What the user asked for; no sample means the whole log, or a sample of a large one."""

    histories: Sequence[int] = HISTORY_MONTHS
    preds: Sequence[int] = PRED_MONTHS
    origins: int = ORIGINS
    sample: float | None = None


def choose_grid(request: GridRequest, days: LogDays) -> Grid:
    """Cut the grid to what a log can carry at as many shared cutoffs as were asked for.

    As many cells as possible are kept; of two cuts with as many cells the one with the longer
    prediction windows. The cutoffs then stand as far apart as fits, 3 months at most. A log that
    cannot carry so many cutoffs gets fewer.

    Raises
    ------
    ClvError
        When not even the smallest cell fits.
    """
    histories, preds = sorted(set(request.histories)), sorted(set(request.preds))
    cells = [WindowLengths(history, pred) for history in histories for pred in preds]
    for count in range(request.origins, 0, -1):
        longest = [cell for cell in cells if _fits(cell, Spacing(count, 1), days)]
        if longest:
            break
    else:
        raise ClvError(
            f"the log ({days.first} to {days.last}) is too short for {in_months(histories[0])} of "
            f"history and {preds[0]} of prediction. Give smaller --history-months or --pred-months."
        )

    def kept(cut: WindowLengths) -> list[WindowLengths]:
        """Return the cells that are no longer than `cut` on either side."""
        return [c for c in cells if all(one <= most for one, most in zip(c, cut, strict=True))]

    cut = max(longest, key=lambda cell: (len(kept(cell)), cell.pred_months))
    steps = (step for step in range(WIDEST_STEP, 1, -1) if _fits(cut, Spacing(count, step), days))
    cutoffs = Spacing(count, next(steps, 1)).cutoffs(cut.pred_months, days.last)
    left_out = {
        cell: _reason(cell, cut, cutoffs, days) for cell in cells if cell not in {*kept(cut)}
    }
    return Grid(
        tuple(h for h in histories if h <= cut.history_months),
        tuple(p for p in preds if p <= cut.pred_months),
        cutoffs,
        left_out,
    )


@dataclass(frozen=True)
class Spacing:
    """So many cutoffs, so many months apart."""

    count: int
    step: int

    def cutoffs(self, pred_months: int, last: dt.date) -> tuple[dt.date, ...]:
        """Return the cutoffs, oldest first; the newest leaves room for the prediction window."""
        newest = latest_cutoff(last, pred_months)
        return tuple(add_months(newest, -self.step * back) for back in reversed(range(self.count)))


def _fits(lengths: WindowLengths, spacing: Spacing, days: LogDays) -> bool:
    oldest = spacing.cutoffs(lengths.pred_months, days.last)[0]
    return begins_in_log(lengths.at(oldest), days.first)


def _reason(
    cell: WindowLengths, cut: WindowLengths, cutoffs: tuple[dt.date, ...], days: LogDays
) -> str:
    if cell.history_months > cut.history_months:
        history = in_months(cell.history_months)
        return f"{history} before {cutoffs[0]} begin before the log ({days.first})"
    return f"{in_months(cell.pred_months)} after {cutoffs[-1]} end after the log ({days.last})"
