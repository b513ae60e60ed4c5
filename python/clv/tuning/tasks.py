"""What a grid search has to judge: a fold for every cell and cutoff, and the windows they need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from clv.core.window import Window, WindowLengths
from clv.training.examples import fold_of
from clv.training.plan import Fold
from clv.tuning.grid import Grid

Tasks = Mapping[WindowLengths, Sequence[Fold]]


def tasks_of(grid: Grid, data_from: dt.date) -> dict[WindowLengths, list[Fold]]:
    """Return the folds of every cell, one a cutoff; the cells come history by history."""
    return {
        cell: [fold_of(cell.at(cutoff), data_from) for cutoff in grid.cutoffs]
        for cell in grid.cells
    }


def windows_of(tasks: Tasks) -> list[Window]:
    """Return all windows judged or learnt from, once each, in order."""
    return sorted(
        {
            window
            for folds in tasks.values()
            for fold in folds
            for window in (fold.judged, *fold.learnt_from)
        }
    )
