"""What a grid search has to judge: a task for every cell and cutoff, and the windows they need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from clv.training.examples import Task
from clv.training.plan import Origin
from clv.tuning.grid import Cell, Grid


def tasks_of(grid: Grid, data_from: dt.date) -> dict[Cell, list[Task]]:
    """Return the tasks of every cell, one a cutoff; the cells come history by history."""
    return {
        cell: [
            Task.of(Origin(cutoff, cell.pred_months), cell.history_months, data_from)
            for cutoff in grid.cutoffs
        ]
        for cell in grid.cells
    }


def windows_of(tasks: Mapping[Cell, Sequence[Task]]) -> list[tuple[str, int, int]]:
    """Return (cutoff, history_months, pred_months) of all windows judged or learnt from, once each."""
    windows = {
        (origin.cutoff.isoformat(), cell.history_months, origin.pred_months)
        for cell, todo in tasks.items()
        for task in todo
        for origin in (task.judged, *task.learnt_from)
    }
    return sorted(windows)
