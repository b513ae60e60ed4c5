"""What a learning candidate of the grid search may learn from: labels that had closed.

The rules are those of `clv train`: pooled earlier origins with the same history, whose labels end
at or before the cutoff. Every window that is learnt from passes `refuse_open` twice: by its dates
when it is chosen, and by the dates of its rows when it is read.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv.core.arrays import Vector, column
from clv.errors import ClvError
from clv.prediction.encoder import SEEN, Inputs, Reader, stacked, without_labels
from clv.training.frames import FEWEST
from clv.training.plan import Origin, Plan, plan_training

# So many origins stay in memory: one cutoff learns from five at most, and the next shares most.
KEPT = 8


@dataclass(frozen=True)
class Task:
    """A cell at one cutoff: what is judged, and the earlier origins that may be learnt from."""

    judged: Origin
    history_months: int
    learnt_from: tuple[Origin, ...]
    plan: Plan

    @classmethod
    def of(cls, judged: Origin, history_months: int, data_from: dt.date) -> Task:
        """Choose the origins as a training run that judges `judged` would.

        Raises
        ------
        ClvError
            When the labels of one end after the cutoff.
        """
        plan = plan_training(judged, history_months, data_from)
        fold = plan.folds[0]
        # A history too short to train on is judged on a later window there: nothing for us.
        origins = fold.learnt_from if fold.judged == judged else ()
        for origin in origins:
            refuse_open(str(origin), origin.labels_end, judged.cutoff)
        return cls(judged, history_months, origins, plan)


@dataclass(frozen=True)
class Lessons:
    """Customers of closed windows, n rows, with what they spent and how much each counts."""

    inputs: Inputs
    actual: Vector
    weight: Vector
    origins: tuple[Origin, ...]


class History:
    """The windows of one length of history, each read from the database when it is needed.

    The BTYD models are fitted once per cutoff, on features alone, and serve every prediction
    window and every later cutoff that learns from there.

    Parameters
    ----------
    load : callable
        Returns the rows of `int_clv__training_set` of an origin.
    data_from : date
        The first day of the log, where histories that begin before it are cut off.
    """

    def __init__(self, load: Callable[[Origin], pd.DataFrame], data_from: dt.date) -> None:
        self.rows = load
        self._data_from = data_from
        self._readers: dict[dt.date, Reader] = {}
        self._closed: OrderedDict[Origin, tuple[Inputs, Vector, dt.date] | None] = OrderedDict()

    def reader(self, origin: Origin, rows: pd.DataFrame) -> Reader:
        """Return the reader as of an origin's cutoff; `rows` are the origin's."""
        if origin.cutoff not in self._readers:
            self._readers[origin.cutoff] = Reader.fit(without_labels(rows), self._data_from, SEEN)
        return self._readers[origin.cutoff]

    def lessons(self, task: Task) -> Lessons | None:
        """Return everything that may be learnt for a task; None where there is nothing.

        Raises
        ------
        ClvError
            When a label reaches past the task's cutoff.
        """
        through = task.judged.cutoff
        parts, actuals, origins = [], [], []
        for origin in task.learnt_from:
            refuse_open(str(origin), origin.labels_end, through)
            read = self._read(origin)
            if read is None:
                continue
            inputs, actual, last_day = read
            refuse_open(f"the rows of {origin}", last_day, through)
            parts.append(inputs)
            actuals.append(actual)
            origins.append(origin)
        if not parts:
            return None
        counts = [len(actual) for actual in actuals]
        weight = np.repeat(task.plan.weights(origins, through), counts)
        return Lessons(stacked(parts), np.concatenate(actuals), weight, tuple(origins))

    def _read(self, origin: Origin) -> tuple[Inputs, Vector, dt.date] | None:
        """Return an origin's inputs, labels and their last day; None with too few customers."""
        if origin not in self._closed:
            rows = self.rows(origin)
            self._closed[origin] = None
            if len(rows) >= FEWEST:
                inputs = self.reader(origin, rows).read(without_labels(rows))
                last_day = pd.Timestamp(rows["window_end"].max()).date()
                self._closed[origin] = (inputs, column(rows, "actual_clv"), last_day)
        self._closed.move_to_end(origin)
        while len(self._closed) > KEPT:
            self._closed.popitem(last=False)
        return self._closed[origin]


def refuse_open(what: str, labels_end: dt.date, cutoff: dt.date) -> None:
    """Refuse to learn from labels that had not closed by the cutoff.

    Raises
    ------
    ClvError
        When they end after it: nobody could have known them then, and every figure would flatter.
    """
    if labels_end > cutoff:
        raise ClvError(
            f"the labels of {what} end on {labels_end}, after the cutoff {cutoff} that is judged. "
            "Nothing may be learnt from them; this is a fault of clv, please report it."
        )
